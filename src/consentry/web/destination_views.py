"""Destinations as pages show them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from consentry.connectors import Connector
from consentry.flows import Destination, RowsSpec
from consentry.web.amounts import counted
from consentry.web.destination_form import UPLOAD
from consentry.web.mapping_fields import mapping_of

_LONGEST_QUERY = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationFacts:
    """What a destination was given, in words."""

    writes: str
    meaning: str
    rows: str
    rows_place: str  # the table, query or path, as it is written
    mapping: tuple[tuple[str, str], ...]  # what fills what
    match: str  # what identifies a record, or empty
    nested: str
    clear: str
    stop_after: str
    answers: str  # the dataset of the provider's answers, or empty


def destination_facts(
    destination: Destination, connector: Connector, upload: str, sources: Mapping[int, str]
) -> DestinationFacts:
    """Return what a destination was given; ``upload`` is the name of the file that was sent, if one was."""
    template = connector.writing.template(destination.template) if connector.writing else None
    fields = template.fields if template else ()
    words, place = rows_words(destination.rows, upload, sources)
    titles = {each.name: each.title for each in fields}
    match_on = destination.match_on or (template.matches[0].field if template and template.matches else "")
    has_lists = destination.manual is None
    return DestinationFacts(
        writes=writes_words(destination, connector),
        meaning=template.meaning if template else "",
        rows=words,
        rows_place=place,
        mapping=mapping_of(destination.mapping, fields),
        match=titles.get(match_on, match_on.removeprefix("fields.")),
        nested=("are made the same" if destination.nested == "replace" else "are added to") if has_lists else "",
        clear=("empty the field" if destination.clear_with_null else "change nothing") if has_lists else "",
        stop_after=f"after {counted(destination.stop_after_refusals, 'refused row')}"
        if destination.stop_after_refusals
        else "never; it goes on to the last row",
        answers=destination.dataset or "",
    )


def writes_words(destination: Destination, connector: Connector) -> str:
    """Say what a destination does, in few words."""
    if destination.manual is not None:
        return f"{destination.manual.method} {destination.manual.path}"
    template = connector.writing.template(destination.template) if connector.writing else None
    return template.title if template else destination.template


def rows_words(rows: RowsSpec, upload: str, sources: Mapping[int, str]) -> tuple[str, str]:
    """Say where rows come from, and the place itself as it is written."""
    if rows.table is not None:
        return "the table", rows.table
    if rows.sql is not None:
        query = " ".join(rows.sql.split())
        short = query if len(query) <= _LONGEST_QUERY else query[: _LONGEST_QUERY - 1] + "…"
        of = "Consentry's own warehouse"
        if rows.source_id is not None:
            of = f"the warehouse of {sources.get(rows.source_id, 'a source that is gone')}"
        return f"a query over {of}", short
    if rows.inline is not None:
        return f"{counted(len(rows.inline), 'row')} that it was made with", ""
    if rows.file is not None and rows.file.startswith(UPLOAD):
        return "the uploaded file", upload or "which is gone"
    return "the file", rows.file or ""
