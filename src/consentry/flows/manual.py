"""A list that no stream declares, as a stream: what a person wrote about a path of the API."""

import re
from hashlib import blake2b
from typing import Final

import msgspec

from consentry.connectors import Connector, Record, Stream
from consentry.flows.model import ManualRead

KEY: Final = "recordKey"
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


def manual_stream(connector: Connector, manual: ManualRead) -> Stream:
    """Return the stream that reads a path, written with or without the API's prefix; its last segment is the name."""
    prefix = connector.api_prefix.strip("/") + "/"
    path = "/" + prefix + manual.path.partition("?")[0].strip("/ ").removeprefix(prefix)
    return Stream(
        name=_name(manual.path),
        title=manual.path,
        meaning="A list that was described by hand.",
        path=path,
        records_key=manual.records_path,
        params=dict(manual.parameters),
        primary_key=(KEY,),
        paginated=manual.paging == "link",
    )


def name_records(stream: Stream, records: list[Record]) -> list[Record]:
    """Give records of a manual read their key: the id where they have one, else the hash of the whole record."""
    if stream.primary_key != (KEY,):
        return records
    return [{**record, KEY: _key(record)} for record in records]


def _key(record: Record) -> str:
    found = record.get("id")
    if isinstance(found, (int, str)) and not isinstance(found, bool) and found != "":
        return str(found)
    return blake2b(_encode(record), digest_size=16).hexdigest()


def _name(path: str) -> str:
    """Make a table's name of a path's last segment that isn't a number."""
    segments = [each for each in path.partition("?")[0].split("/") if each and not each.isdecimal()]
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", segments[-1] if segments else "")
    name = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    return name if name[:1].isalpha() else f"list_{name}".rstrip("_")
