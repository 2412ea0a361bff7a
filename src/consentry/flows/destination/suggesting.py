"""Which column fills which field, by what they are called. Only names that say the same are paired. Pure."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from consentry.connectors import CUSTOM, TemplateField
from consentry.flows.destination.model import Mapped


def suggest(fields: Sequence[TemplateField], columns: Sequence[str]) -> dict[str, Mapped]:
    """Return a mapping for the columns that are called as a field is; no column fills two fields.

    A field's own name counts most, then its title, then what people call it, then how a dataset's tables call it.
    """
    free = {column: _bare(column) for column in columns if _bare(column)}
    found: dict[str, str] = {}
    for names in _WAYS:
        for field in fields:
            if field.name not in found:
                column = _column(free, names(field))
                if column is not None:
                    found[field.name] = column
                    del free[column]
    return {field.name: Mapped(column=found[field.name]) for field in fields if field.name in found}


def _column(free: dict[str, str], names: Iterable[str]) -> str | None:
    for name in map(_bare, names):
        for column, bare in free.items():
            if bare == name:
                return column
    return None


def _bare(name: str) -> str:
    """Return a name without capitals, accents, spaces and signs: E-Mail, e_mail and eMail are one."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(each for each in plain if each.isalnum())


def _of_name(field: TemplateField) -> Iterable[str]:
    return (field.name, field.name.removeprefix(CUSTOM))


def _of_title(field: TemplateField) -> Iterable[str]:
    return (field.title,)


def _of_people(field: TemplateField) -> Iterable[str]:
    return field.synonyms


def _of_datasets(field: TemplateField) -> Iterable[str]:
    """Return a table's columns for another record: its name says the same in every account, its id doesn't."""
    return (f"{field.name} name", f"{field.name} username", f"{field.name} id") if field.kind == "reference" else ()


_WAYS: Final[tuple[Callable[[TemplateField], Iterable[str]], ...]] = (_of_name, _of_title, _of_people, _of_datasets)
