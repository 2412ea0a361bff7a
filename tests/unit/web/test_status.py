from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consentry.connectors import Account
from consentry.credentials import Credential, CredentialId, Grant, Status, Use
from consentry.credentials.model import GrantId, Proposal
from consentry.web.status import account_name, status_words
from consentry.web.tiles import use_words

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
ACME = Account(subdomain="acme", name="Acme Ltd")


def grant(account: Account | None) -> Grant:
    return Grant(
        id=GrantId(1),
        version=1,
        client_id="id",
        granted_scope="read",
        has_refresh_token=True,
        issued_at=NOW,
        refreshed_at=NOW,
        expires_at=NOW + timedelta(days=7),
        account=account,
    )


BASE = Credential(
    id=CredentialId(1),
    connector="capsule",
    name="Sales CRM",
    description="",
    created_by="person:ada@example.com",
    client_id="id",
    secret_version=1,
    secret_hint="",
    scope="",
    version=1,
    status=Status.AUTHORIZED,
    status_reason="",
    status_code="",
    status_since=NOW - timedelta(minutes=26),
    verified_status=None,
    verified_detail=None,
    verified_at=None,
    grant=grant(ACME),
    pending_grant=None,
    proposal=None,
    failures=0,
    refresh_at=NOW + timedelta(minutes=2),
    used_at=None,
    used_by=(),
    created_at=NOW,
    updated_at=NOW,
)


@pytest.mark.parametrize(
    ("changes", "shape", "words"),
    [
        ({}, "ok", "Connected to acme"),
        ({"grant": grant(None)}, "ok", "Connected"),
        ({"status": Status.AUTHORIZATION_REQUIRED, "grant": None}, "waiting", "Waiting for consent"),
        ({"status": Status.REFRESH_FAILING}, "warn", "Refresh failing since 12:04 UTC, next try in 2 min"),
        (
            {"status": Status.REFRESH_FAILING, "refresh_at": NOW - timedelta(seconds=5)},
            "warn",
            "Refresh failing since 12:04 UTC, next try in a moment",
        ),
        (
            {"status": Status.REFRESH_FAILING, "refresh_at": None, "status_since": NOW - timedelta(days=2)},
            "warn",
            "Refresh failing since 21 Nov 2026, 12:30 UTC",
        ),
        (
            {"status": Status.REAUTHORIZATION_REQUIRED, "status_code": "invalid_grant"},
            "bad",
            "Authorize again: access was withdrawn in Capsule",
        ),
        (
            {"status": Status.REAUTHORIZATION_REQUIRED, "status_code": "answer_lost"},
            "bad",
            "Authorize again: an answer of Capsule was lost on its way",
        ),
        ({"status": Status.REAUTHORIZATION_REQUIRED, "status_code": "odd"}, "bad", "Authorize again"),
        (
            {"pending_grant": grant(Account(subdomain="globex"))},
            "warn",
            "Connected to acme; consent came from globex",
        ),
        (
            {"proposal": Proposal(client_id="new", scope="", has_secret=False)},
            "warn",
            "Connected to acme; a change waits for consent",
        ),
    ],
)
def test_a_status_is_a_word_and_a_shape(changes: dict[str, Any], shape: str, words: str) -> None:
    said = status_words(replace(BASE, **changes), "Capsule", NOW)
    assert (said.shape, said.words) == (shape, words)


def test_the_reason_stands_in_full_beside_the_short_words() -> None:
    reason = "The provider's answer was lost on its way."
    failing = replace(BASE, status=Status.REFRESH_FAILING, status_reason=reason)
    assert status_words(failing, "Capsule", NOW).detail == reason


@pytest.mark.parametrize(
    ("account", "name"),
    [
        (ACME, "acme"),
        (Account(subdomain=None, name="Acme Ltd"), "Acme Ltd"),
        (Account(subdomain=None, user="ada"), "ada"),
        (None, ""),
    ],
)
def test_an_account_is_called_by_the_best_name_it_has(account: Account | None, name: str) -> None:
    assert account_name(account) == name


def test_where_it_is_used_is_counted() -> None:
    uses = (
        Use(kind="source", id=1, name="a"),
        Use(kind="source", id=2, name="b"),
        Use(kind="destination", id=1, name="c"),
    )
    assert use_words(replace(BASE, used_by=uses)) == "Used by 2 sources and 1 destination"
    assert use_words(BASE) == "Not used yet"
