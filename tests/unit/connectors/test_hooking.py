from consentry.connectors import Catalogue, address_of, token_of
from consentry.connectors.hooking import veiled
from consentry.core.ids import SystemRandomness
from consentry.core.log import redact

HOOKS = Catalogue.load().get("capsule").hooks
HOME = "https://consentry.example.com"


def test_an_address_hides_its_token_from_logs_and_from_what_is_read() -> None:
    token = SystemRandomness().token(32)
    address = address_of(HOME, token)
    assert token_of(address) == token
    assert token not in redact(f"POST {address}")
    assert HOOKS is not None
    (record,) = veiled(HOOKS, [{"id": 1, "targetUrl": address}])
    assert record == {"id": 1, "targetUrl": f"{HOME}/hooks/…"}


def test_other_addresses_are_left_as_they_are() -> None:
    assert HOOKS is not None
    others: list[dict[str, object]] = [
        {"targetUrl": "https://hooks.example/1"},
        {"targetUrl": None},
        {"targetUrl": f"{HOME}/hooks/{'a' * 44}"},
        {},
    ]
    assert veiled(HOOKS, others) == others
    assert [token_of(each.get("targetUrl")) for each in others] == [None] * 4
