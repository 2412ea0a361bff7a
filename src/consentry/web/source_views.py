"""Sources as pages show them. Pure."""

from dataclasses import dataclass

from consentry.connectors import Connector
from consentry.flows import Source
from consentry.web.amounts import counted, every
from consentry.web.connector_view import titles_of
from consentry.web.source_form import OTHERS, WAREHOUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What a source was given."""

    streams: str
    stream_titles: tuple[str, ...]  # where they are not simply all
    dataset: str
    warehouse: str
    warehouse_place: str  # the file, folder or address, without any password
    deletions: str
    full_listing: str


def source_facts(source: Source, connector: Connector) -> SourceFacts:
    """Return what a source was given, in words."""
    titles = titles_of(connector)
    kind, place = source.warehouse.kind, source.warehouse.url or source.warehouse.path
    return SourceFacts(
        streams=reads_words(source, connector),
        stream_titles=tuple(titles.get(name, name) for name in source.streams or ()),
        dataset=source.dataset,
        warehouse=OTHERS[kind] if kind in OTHERS else WAREHOUSES[kind][0],
        warehouse_place=place or ("warehouse.duckdb in the home" if kind == "duckdb" else "in the home"),
        deletions="are marked" if source.deletions == "mark" else "are removed",
        full_listing=every(source.full_listing_every),
    )


def reads_words(source: Source, connector: Connector) -> str:
    """Say what a source reads, in few words."""
    if source.manual is not None:
        return f"GET {source.manual.path}"
    if source.streams is None:
        return f"All {len(connector.streams)} streams"
    return counted(len(source.streams), "stream")
