"""The words that seeded records are made of: invented names from many scripts, places, phrases."""

from importlib.resources import files
from typing import Final

import msgspec


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `words.json` holds. A place is street, city, state, country and postal code."""

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    company_roots: tuple[str, ...]
    company_trades: tuple[str, ...]
    company_forms: tuple[str, ...]
    jobs: tuple[str, ...]
    places: tuple[tuple[str, str, str | None, str, str | None], ...]
    abouts: tuple[str, ...]
    notes: tuple[str, ...]
    subjects: tuple[str, ...]
    deals: tuple[str, ...]
    projects: tuple[str, ...]
    tasks: tuple[str, ...]


WORDS: Final = msgspec.json.decode(files(__package__).joinpath("words.json").read_bytes(), type=Words)
