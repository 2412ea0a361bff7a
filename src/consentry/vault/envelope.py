"""Seal and open values, and read and write keysets: the only file that knows tink. Pure: bytes in, bytes out.

A sealed value is one format byte, the master key's id (4 bytes, big endian), then an envelope: a data key of its own,
wrapped by the master key, and what that data key encrypted (AES-256-GCM both).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import msgspec
import tink
from tink import aead, secret_key_access

from consentry.errors import KeyWrong, SealBroken

FORMAT: Final = 1
_HEADER_SIZE: Final = 5
_TEMPLATE: Final = aead.aead_key_templates.AES256_GCM
_AEAD: Final[Any] = aead.Aead  # tink is asked for a primitive by its abstract class

aead.register()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRef:
    """Where a secret belongs: the field of a row, in one version of that row."""

    owner: str  # the table of the row
    owner_id: int
    field: str
    version: int

    def __str__(self) -> str:
        return f"{self.owner} {self.owner_id} {self.field}"


def place_of_row(ref: SecretRef) -> bytes:
    """Return the associated data of a row's secret, so that it opens nowhere else and at no other version."""
    return msgspec.json.encode(("secrets", ref.owner, ref.owner_id, ref.field, ref.version))


def place_of_file(name: str) -> bytes:
    """Return the associated data of a secret that rests outside the database."""
    return msgspec.json.encode(("alone", name))


def place_of_check(key_id: int) -> bytes:
    """Return the associated data of a key check value."""
    return msgspec.json.encode(("key_checks", key_id))


class MasterKey:
    """One key of the keyset, ready to wrap the data keys of values."""

    __slots__ = ("_envelope", "_header", "id")

    def __init__(self, key_id: int, master: aead.Aead) -> None:
        self.id = key_id
        self._header = bytes([FORMAT]) + key_id.to_bytes(4, "big")
        self._envelope = aead.KmsEnvelopeAead(_TEMPLATE, master)

    def seal(self, value: bytes, place: bytes) -> bytes:
        """Encrypt a value for one place, with a data key that nothing else uses."""
        sealed: bytes = self._envelope.encrypt(value, self._header + place)
        return self._header + sealed

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """Decrypt a value; raise SealBroken when it was damaged or belongs somewhere else."""
        if sealed[:_HEADER_SIZE] != self._header:
            raise SealBroken
        try:
            value: bytes = self._envelope.decrypt(sealed[_HEADER_SIZE:], self._header + place)
        except tink.TinkError as error:
            raise SealBroken from error
        return value


def key_of(sealed: bytes) -> int:
    """Return the id of the master key that sealed a value; raise SealBroken for anything that isn't one."""
    if len(sealed) <= _HEADER_SIZE or sealed[0] != FORMAT:
        raise SealBroken
    return int.from_bytes(sealed[1:_HEADER_SIZE], "big")


class _KeyData(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    type_url: str
    value: str
    key_material_type: str

    def __repr__(self) -> str:
        return "_KeyData([hidden])"


class _Key(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    key_data: _KeyData
    status: str
    key_id: int
    output_prefix_type: str


class _Text(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A keyset as tink writes it in JSON."""

    primary_key_id: int
    key: tuple[_Key, ...]


class Keyset:
    """The master keys that one Consentry has; it never changes, its changed forms are new values."""

    __slots__ = ("_text", "keys")

    def __init__(self, text: _Text) -> None:
        self._text = text
        self.keys: Mapping[int, MasterKey] = MappingProxyType(
            {key.key_id: MasterKey(key.key_id, _primitive(key)) for key in text.key if key.status == "ENABLED"}
        )
        if text.primary_key_id not in self.keys:
            raise KeyWrong("The keyset names a primary key that it doesn't have.")

    @property
    def primary(self) -> MasterKey:
        """The key that the keyset itself calls its primary."""
        return self.keys[self._text.primary_key_id]

    def serialize(self) -> str:
        """Return the keyset as JSON, keys in the clear: for its own file only."""
        return msgspec.json.format(msgspec.json.encode(self._text), indent=2).decode() + "\n"

    def with_new_key(self) -> tuple["Keyset", int]:
        """Return the keyset with one more key, and that key's id; the primary stays."""
        new = _new_text()
        while new.primary_key_id in {key.key_id for key in self._text.key}:
            new = _new_text()
        return Keyset(msgspec.structs.replace(self._text, key=(*self._text.key, *new.key))), new.primary_key_id

    def with_primary(self, key_id: int) -> "Keyset":
        """Return the keyset with another of its keys as primary."""
        return Keyset(msgspec.structs.replace(self._text, primary_key_id=key_id))

    def without(self, key_id: int) -> "Keyset":
        """Return the keyset without one of its keys, which is not the primary."""
        kept = tuple(key for key in self._text.key if key.key_id != key_id)
        return Keyset(msgspec.structs.replace(self._text, key=kept))

    def __repr__(self) -> str:
        return f"Keyset({', '.join(map(str, self.keys))})"


def new_keyset() -> Keyset:
    """Return a keyset of one fresh key."""
    return Keyset(_new_text())


def parse_keyset(text: str) -> Keyset:
    """Read a keyset from tink's JSON; raise KeyWrong when it isn't one, and never say what was in it."""
    try:
        return Keyset(msgspec.json.decode(text, type=_Text))
    except (msgspec.DecodeError, UnicodeError):
        raise KeyWrong("The keyset can't be read: it isn't a keyset in tink's JSON form.") from None


def _new_text() -> _Text:
    handle = tink.new_keyset_handle(_TEMPLATE)
    return msgspec.json.decode(
        tink.json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN), type=_Text, strict=True
    )


def _primitive(key: _Key) -> aead.Aead:
    if key.output_prefix_type != "TINK":
        raise KeyWrong(f"Key {key.key_id} of the keyset doesn't carry tink's prefix.")
    alone = msgspec.json.encode(_Text(primary_key_id=key.key_id, key=(key,))).decode()
    try:
        handle = tink.json_proto_keyset_format.parse(alone, secret_key_access.TOKEN)
        primitive: aead.Aead = handle.primitive(_AEAD)
    except tink.TinkError:  # its message may quote the key
        raise KeyWrong(f"Key {key.key_id} of the keyset can't be used.") from None
    return primitive
