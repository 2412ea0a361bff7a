"""Numbers as people and programs write them. What can be read in two ways is refused, never guessed. Pure."""

import re
from decimal import Decimal
from typing import Final


class Unfit(Exception):
    """A value isn't what its field takes; the words go on from "the column X holds Y, which"."""


_SPACES: Final = re.compile("[\u0020\u00a0\u2009\u202f'\u2019](?=[0-9]{3}(?![0-9]))")
_PLAIN: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_GROUPED: Final = re.compile(r"([+-]?[1-9][0-9]{0,2})((?:,[0-9]{3})+|(?:\.[0-9]{3})+)(?:([.,])([0-9]+))?")
_COMMA: Final = re.compile(r"([+-]?)([0-9]*),([0-9]+)")
_EXPONENT: Final = re.compile(r"[+-]?[0-9.,]+[eE][+-]?[0-9]+")
_LONGEST: Final = 40


def read_decimal(text: str) -> Decimal:
    """Return the number; raise Unfit."""
    plain = _SPACES.sub("", text.strip().replace("\u2212", "-"))
    if len(plain) > _LONGEST:
        raise Unfit("is too long for a number")
    if _PLAIN.fullmatch(plain):
        return Decimal(plain)
    grouped = _GROUPED.fullmatch(plain)
    if grouped is not None and grouped[3] != grouped[2][0]:
        return _grouped(plain, grouped)
    comma = _COMMA.fullmatch(plain)
    if comma is not None:
        return Decimal(f"{comma[1]}{comma[2] or 0}.{comma[3]}")
    if _EXPONENT.fullmatch(plain):
        raise Unfit("is a shortened number, whose digits a spreadsheet has left out; write all of them")
    raise Unfit("isn't a number")


def _grouped(plain: str, grouped: re.Match[str]) -> Decimal:
    separator = grouped[2][0]
    if separator == "," and grouped[3] is None and grouped[2].count(",") == 1:
        whole, comma = plain.replace(",", ""), plain.replace(",", ".")
        raise Unfit(f"can be {whole} or {comma}; write one of these")
    return Decimal(f"{grouped[1]}{grouped[2].replace(separator, '')}.{grouped[4] or 0}")


def read_integer(text: str) -> int:
    """Return the whole number; raise Unfit. What would be whole in one reading alone is read so."""
    try:
        found = read_decimal(text)
    except Unfit:
        whole = _GROUPED.fullmatch(text.strip())
        if whole is None or whole[3] is not None:
            raise
        return int(text.strip().replace(",", ""))
    if found != found.to_integral_value():
        raise Unfit("isn't a whole number")
    return int(found)
