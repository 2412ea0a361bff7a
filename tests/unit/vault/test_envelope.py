import json
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentry.errors import KeyWrong, SealBroken
from consentry.vault import SecretRef
from consentry.vault.envelope import (
    MasterKey,
    key_of,
    new_keyset,
    parse_keyset,
    place_of_check,
    place_of_file,
    place_of_row,
)

REF = SecretRef(owner="credentials", owner_id=5, field="client_secret", version=3)
PLACE = place_of_row(REF)
KEY = new_keyset().primary


@given(value=st.binary(max_size=5000), place=st.binary(max_size=200))
def test_what_is_sealed_opens(value: bytes, place: bytes) -> None:
    assert KEY.open(KEY.seal(value, place), place) == value


@pytest.mark.parametrize(
    "elsewhere",
    [
        place_of_row(replace(REF, owner="grants")),
        place_of_row(replace(REF, owner_id=6)),
        place_of_row(replace(REF, field="new_client_secret")),
        place_of_row(replace(REF, version=2)),
        place_of_file(str(REF)),
        place_of_check(5),
        b"",
    ],
)
def test_it_opens_in_its_own_place_only(elsewhere: bytes) -> None:
    sealed = KEY.seal(b"value", PLACE)
    with pytest.raises(SealBroken):
        KEY.open(sealed, elsewhere)


REFS = st.builds(
    SecretRef,
    owner=st.text(max_size=9),
    owner_id=st.integers(0, 99),
    field=st.text(max_size=9),
    version=st.integers(0, 99),
)


@given(one=REFS, other=REFS)
def test_no_two_places_look_alike(one: SecretRef, other: SecretRef) -> None:
    assert (place_of_row(one) == place_of_row(other)) == (one == other)


def test_a_change_of_any_byte_breaks_the_seal() -> None:
    sealed = KEY.seal(b"value", PLACE)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(SealBroken):
            KEY.open(bytes(changed), PLACE)


@pytest.mark.parametrize("size", [0, 1, 5, 6, 40, 100])
def test_a_piece_of_it_does_not_open(size: int) -> None:
    with pytest.raises(SealBroken):
        KEY.open(KEY.seal(b"value", PLACE)[:size], PLACE)


def test_the_same_value_never_looks_the_same() -> None:
    assert len({KEY.seal(b"value", PLACE) for _ in range(100)}) == 100


def test_what_is_sealed_names_its_key_and_opens_with_no_other() -> None:
    keyset, other = new_keyset().with_new_key()
    sealed = keyset.keys[other].seal(b"value", PLACE)
    assert key_of(sealed) == other
    with pytest.raises(SealBroken):
        keyset.primary.open(sealed, PLACE)
    with pytest.raises(SealBroken):
        keyset.primary.open(sealed[:1] + keyset.primary.id.to_bytes(4, "big") + sealed[5:], PLACE)


@pytest.mark.parametrize("value", [b"", b"\x01", b"\x01\x00\x00\x00\x01", b"\x02" + b"x" * 100])
def test_what_is_not_ours_has_no_key(value: bytes) -> None:
    with pytest.raises(SealBroken):
        key_of(value)


def test_a_keyset_keeps_its_keys_through_its_file() -> None:
    first = new_keyset()
    two, new = first.with_new_key()
    again = parse_keyset(two.with_primary(new).serialize())
    assert list(again.keys) == [first.primary.id, new]
    assert again.primary.id == new
    assert again.keys[first.primary.id].open(first.primary.seal(b"value", PLACE), PLACE) == b"value"
    assert list(again.without(first.primary.id).keys) == [new]


def _edited(change: Callable[[dict[str, object]], object]) -> str:
    text = json.loads(new_keyset().serialize())
    change(text["key"][0])
    return json.dumps(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"primaryKeyId": 1, "key": []}',
        '{"primaryKeyId": "1", "key": {}}',
        _edited(lambda key: key.update(status="DISABLED")),
        _edited(lambda key: key.update(keyId=7)),
        _edited(lambda key: key.update(keyId=1 << 40)),
        _edited(lambda key: key.update(outputPrefixType="RAW")),
        _edited(lambda key: key["keyData"].update(value="AAAA")),  # type: ignore[attr-defined]
        _edited(lambda key: key["keyData"].update(value="c2hvcnQ")),  # type: ignore[attr-defined]
        _edited(lambda key: key["keyData"].update(typeUrl="type.googleapis.com/google.crypto.tink.HmacKey")),  # type: ignore[attr-defined]
    ],
)
def test_what_is_no_keyset_is_refused(text: str) -> None:
    with pytest.raises(KeyWrong):
        parse_keyset(text)


def test_a_refusal_never_quotes_a_key() -> None:
    text = new_keyset().serialize()
    value = json.loads(text)["key"][0]["keyData"]["value"]
    for broken in (text[:-9], text.replace("AesGcmKey", "HmacKey"), text.replace(value, value[:-8])):
        with pytest.raises(KeyWrong) as caught:
            parse_keyset(broken)
        assert value[:8] not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_keysets_and_keys_do_not_print_their_keys() -> None:
    keyset = new_keyset()
    value = json.loads(keyset.serialize())["key"][0]["keyData"]["value"]
    assert value not in repr(keyset) + repr(keyset.primary) + repr(keyset._text)


def test_sealing_and_opening_cost_microseconds() -> None:
    def best(work: Callable[[], object]) -> float:
        times = []
        for _ in range(5):
            began = time.perf_counter()
            for _ in range(200):
                work()
            times.append((time.perf_counter() - began) / 200)
        return min(times)

    key: MasterKey = new_keyset().primary
    sealed = key.seal(b"x" * 60, PLACE)
    assert best(lambda: key.seal(b"x" * 60, place_of_row(REF))) < 100e-6
    assert best(lambda: key.open(sealed, place_of_row(REF))) < 100e-6
