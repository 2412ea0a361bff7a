"""What people type into forms, on its way in, and what a form shows of it, on its way out. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import parse_qsl

from consentry.core.secret import Secret
from consentry.errors import ConsentryError, FieldError, InvalidInput, Unreadable

MOST_FIELDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form, as a template shows it. A secret never has a value here."""

    name: str
    label: str
    id: str
    value: str = ""
    required: bool = False
    secret: bool = False
    help: str = ""
    max_length: int = 0  # 0: no limit that the browser should hold
    wrong: str = ""  # what is wrong with it, in words

    def filled(self, value: str) -> Self:
        """Return the field with a value, unless it must not be shown."""
        return self if self.secret else replace(self, value=value)

    def judged(self, errors: Iterable[FieldError]) -> Self:
        """Return the field with what was found wrong with it."""
        return replace(self, wrong=wrong_with(self.name, errors))


class Entries:
    """The names and values that a form sent."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def text(self, name: str, otherwise: str = "") -> str:
        """Return the last value of a name with the line breaks of a form made plain; ``otherwise`` when none came."""
        return self._values.get(name, [otherwise])[-1].replace("\r\n", "\n")

    def texts(self, name: str) -> Sequence[str]:
        """Return every value of a name, in order."""
        return tuple(self._values.get(name, ()))

    def names(self) -> Sequence[str]:
        """Return every name that came."""
        return tuple(self._values)

    def secret(self, name: str) -> Secret:
        """Return a value that must not be seen."""
        return Secret(self.text(name))

    def number(self, name: str) -> int | None:
        """Return a value as a whole number, or None when it isn't one."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def read_entries(body: bytes, *, most: int = MOST_FIELDS) -> Entries:
    """Read a form's body (application/x-www-form-urlencoded) of so many fields at most; raise Unreadable."""
    try:
        text = body.decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=most, errors="strict")
    except ValueError as error:
        raise Unreadable("The form could not be read.") from error
    return Entries(pairs)


def filled(fields: Iterable[Field], values: Mapping[str, str], errors: Iterable[FieldError] = ()) -> tuple[Field, ...]:
    """Return fields with the values they show and with what is wrong with them."""
    errors = tuple(errors)
    return tuple(field.filled(values.get(field.name, field.value)).judged(errors) for field in fields)


def wrong_with(name: str, errors: Iterable[FieldError]) -> str:
    """Return what was found wrong with a field, or nothing."""
    return next((error.message for error in errors if error.field == name), "")


def at_fields(error: ConsentryError, place: Callable[[str], str]) -> ConsentryError:
    """Return what a room's rules found wrong, at the fields of a form; ``place`` names the field of the form."""
    if not isinstance(error, InvalidInput):
        return error
    return InvalidInput(
        *(FieldError(field=place(fault.field), message=_sentence(fault.message)) for fault in error.errors)
    )


def _sentence(message: str) -> str:
    """Return what the rules say of a field, which for programs begins with the verb, as a sentence."""
    return f"This {message}." if message[:1].islower() else message
