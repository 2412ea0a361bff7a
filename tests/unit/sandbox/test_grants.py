"""Codes, rotation, reuse and ends, with a clock that is told to go on."""

from datetime import timedelta

import pytest

from consentry.core.clock import FakeClock
from consentry.core.ids import SeededRandomness
from consentry.sandbox.accounts import ACME
from consentry.sandbox.grants import Grants, Issued, Refused
from consentry.sandbox.knobs import Knobs

REDIRECT = "https://a.example/"
ADA = ACME.users[0]


class Setting:
    """Grants with a clock and knobs at hand."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.knobs = Knobs()
        self.grants = Grants(clock=self.clock, randomness=SeededRandomness(1), knobs=lambda: self.knobs)

    def code(self) -> str:
        return self.grants.issue_code(
            client_id="one", user=ADA, redirect_uri=REDIRECT, scope=("read",), challenge=None
        )  # fmt: skip

    def redeem(self, code: str) -> Issued:
        return self.grants.redeem(code, client_id="one", redirect_uri=REDIRECT, verifier=None)

    def issue(self) -> Issued:
        return self.redeem(self.code())

    def refresh(self, issued: Issued) -> Issued:
        assert issued.refresh_token is not None
        return self.grants.refresh(issued.refresh_token, client_id="one", scope=None)


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_a_code_ends_after_a_minute(setting: Setting) -> None:
    code = setting.code()
    setting.clock.advance(timedelta(seconds=60))
    with pytest.raises(Refused, match="expired"):
        setting.redeem(code)


def test_a_code_is_for_one_application_and_a_stranger_doesnt_spoil_it(setting: Setting) -> None:
    code = setting.code()
    with pytest.raises(Refused, match="unknown"):
        setting.grants.redeem(code, client_id="two", redirect_uri=REDIRECT, verifier=None)
    assert setting.redeem(code).scope == ("read",)


def test_an_access_token_ends_when_it_said(setting: Setting) -> None:
    issued = setting.issue()
    setting.clock.advance(timedelta(seconds=issued.expires_in - 1))
    assert setting.grants.find_access(issued.access_token) is not None
    setting.clock.advance(timedelta(seconds=1))
    assert setting.grants.find_access(issued.access_token) is None


def test_a_chain_of_refreshes_goes_on(setting: Setting) -> None:
    issued = setting.issue()
    for _ in range(5):
        issued = setting.refresh(issued)
    assert issued.grant.refreshes == 5


def test_reuse_ends_the_grant_even_long_after(setting: Setting) -> None:
    first = setting.issue()
    latest = setting.refresh(setting.refresh(first))
    setting.clock.advance(timedelta(days=30))
    with pytest.raises(Refused, match="replaced before"):
        setting.refresh(first)
    with pytest.raises(Refused, match="revoked"):
        setting.refresh(latest)
    assert setting.grants.reuses_detected == 1


def test_the_grace_time_ends_at_its_second(setting: Setting) -> None:
    setting.knobs = Knobs(rotation="rotate_with_grace", grace_seconds=10)
    first = setting.issue()
    setting.refresh(first)
    setting.clock.advance(timedelta(seconds=9))
    assert setting.refresh(first).refresh_token
    setting.clock.advance(timedelta(seconds=1))
    with pytest.raises(Refused, match="replaced before"):
        setting.refresh(first)


def test_a_refresh_token_can_have_an_end(setting: Setting) -> None:
    setting.knobs = Knobs(refresh_token_seconds=100)
    issued = setting.issue()
    setting.clock.advance(timedelta(seconds=100))
    with pytest.raises(Refused, match="expired"):
        setting.refresh(issued)


@pytest.mark.parametrize(
    ("reach", "access_lives", "other_lives"),
    [("token", True, True), ("grant", False, True), ("application", False, False)],
)
def test_a_revocation_reaches_as_far_as_the_knob_says(
    setting: Setting, reach: str, access_lives: bool, other_lives: bool
) -> None:
    setting.knobs = Knobs().changed({"revoke_reach": reach})
    one, other = setting.issue(), setting.issue()
    assert one.refresh_token is not None
    setting.grants.revoke_token(one.refresh_token, client_id="one")
    with pytest.raises(Refused):
        setting.refresh(one)
    assert (setting.grants.find_access(one.access_token) is not None) is access_lives
    assert (setting.grants.find_access(other.access_token) is not None) is other_lives


def test_expiring_can_mean_one_token_or_all(setting: Setting) -> None:
    one, other = setting.issue(), setting.issue()
    assert setting.grants.expire_access(one.access_token) == 1
    assert setting.grants.find_access(other.access_token) is not None
    assert setting.grants.expire_access() == 1
    assert setting.grants.expire_access() == 0


def test_tokens_dont_show_in_what_is_printed(setting: Setting) -> None:
    issued = setting.issue()
    printed = repr(issued) + repr(issued.grant) + repr(setting.grants.find_access(issued.access_token))
    assert issued.access_token not in printed
    assert (issued.refresh_token or "") not in printed
