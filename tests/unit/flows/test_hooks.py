"""What the provider's list says about our hooks, and whether the provider could call us at all."""

import pytest

from consentry.connectors import Catalogue, address_of
from consentry.flows.hooks.model import Hook, HookState, RemoteHook, compare, events_of, hash_of, why_unreachable

CAPSULE = Catalogue.load().get("capsule")
HOME = "https://consentry.example.com"
TOKENS = [letter * 43 for letter in "abcdef"]


def hook(number: int, state: HookState = HookState.SUBSCRIBED, *, token: str | None = None) -> Hook:
    return Hook(
        id=number,
        source_id=1,
        credential_id=1,
        event="party/created",
        stream="parties",
        state=state,
        reason="",
        token_hash=hash_of(token) if token else None,
        remote_id=None,
        subscribed_at=None,
        last_delivery_at=None,
        deliveries=0,
    )


def remote(name: str, token: str, *, base: str = HOME, event: str = "party/created") -> RemoteHook:
    return RemoteHook(id=name, event=event, address=address_of(base, token))


def test_a_hook_is_known_by_the_hash_of_its_address() -> None:
    ours, theirs = hook(1, HookState.WAITING, token=TOKENS[0]), remote("7", TOKENS[0])
    found = compare([ours], [theirs], public_url=HOME, known=set())
    assert found.alive == ((ours, theirs),)
    assert (found.unwanted, found.dropped, found.left) == ((), (), ())


def test_what_is_not_in_the_list_was_dropped_or_never_came_to_be() -> None:
    asked, dropped, new = (
        hook(1, HookState.WAITING, token=TOKENS[0]),
        hook(2, token=TOKENS[1]),
        hook(3, HookState.WAITING),
    )
    assert compare([asked, dropped, new], [], public_url=HOME, known=set()).dropped == (asked, dropped)


@pytest.mark.parametrize(
    ("state", "there"),
    [
        (HookState.LEAVING, remote("7", TOKENS[0])),  # nobody wants it
        (HookState.SUBSCRIBED, remote("7", TOKENS[0], base="https://old.example.com")),  # we have moved
        (HookState.SUBSCRIBED, remote("7", TOKENS[0], event="party/deleted")),  # it isn't what we asked for
    ],
)
def test_ours_that_are_not_as_they_should_be_are_removed(state: HookState, there: RemoteHook) -> None:
    ours = hook(1, state, token=TOKENS[0])
    found = compare([ours], [there], public_url=HOME, known={hash_of(TOKENS[0])})
    assert (found.alive, found.unwanted) == ((), (there,))
    assert (ours in found.dropped) == (state is not HookState.LEAVING)
    assert (ours in found.left) == (state is HookState.LEAVING)


def test_strays_at_our_address_are_removed_and_nothing_else() -> None:
    stray, of_others = remote("1", TOKENS[0]), remote("2", TOKENS[1])
    elsewhere = remote("3", TOKENS[2], base="https://other.example.com")
    strange = RemoteHook(id="4", event="party/created", address="https://consentry.example.com/hooks/short")
    listed = [stray, of_others, elsewhere, strange]
    assert compare([], listed, public_url=HOME, known={hash_of(TOKENS[1])}).unwanted == (stray,)


def test_events_follow_the_streams_and_those_that_matter_most_come_first() -> None:
    streams = {stream.name: stream for stream in CAPSULE.streams}
    names = [event.name for event in events_of(CAPSULE, [streams["users"], streams["opportunities"]])]
    assert names == [
        *("opportunity/created", "opportunity/updated", "opportunity/deleted", "opportunity/moved"),
        *("opportunity/closed", "user/created", "user/updated", "user/deleted"),
    ]
    assert events_of(CAPSULE, [streams["countries"]]) == ()


@pytest.mark.parametrize(
    ("public_url", "base_url", "can"),
    [
        ("https://consentry.example.com", "https://api.capsulecrm.com", True),
        ("https://example.com/below", "https://api.capsulecrm.com", True),
        ("http://127.0.0.1:8400", "http://127.0.0.1:8401", True),  # the sandbox
        ("http://127.0.0.1:8400", "https://api.capsulecrm.com", False),
        ("https://localhost", "https://api.capsulecrm.com", False),
        ("https://10.0.0.5", "https://api.capsulecrm.com", False),
        ("https://[::1]", "https://api.capsulecrm.com", False),
        ("https://crm-box", "https://api.capsulecrm.com", False),  # a name of the local network
        ("https://93.184.216.34", "https://api.capsulecrm.com", True),
    ],
)
def test_a_provider_calls_only_what_can_be_reached(public_url: str, base_url: str, *, can: bool) -> None:
    assert (why_unreachable(public_url, "Capsule", base_url) == "") == can
