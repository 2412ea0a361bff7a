"""Reads a stream page by page, whatever its connector: parents first, within bounds, and never round in circles."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlencode

from consentry.connectors.contract import Connector, Page, SignedInClient, Stream
from consentry.connectors.paging import read_record
from consentry.errors import NotFound, ReplyNotUnderstood

MOST_PAGES: Final = 100_000
MOST_EMPTY_PAGES: Final = 10
MOST_MISSING: Final = 5


async def read(
    client: SignedInClient,
    connector: Connector,
    stream: Stream,
    *,
    limit: int | None = None,
    most_parents: int | None = None,
) -> AsyncIterator[Page]:
    """Yield the stream's pages, up to ``limit`` records, walking over at most ``most_parents`` parents.

    Raises what the client raises, and ReplyNotUnderstood when an answer isn't a list or its pages never end.
    """
    left = limit
    async for page in _walk(client, connector, stream, limit, most_parents):
        if left is None:
            yield page
            continue
        yield replace(page, records=page.records[:left])
        left -= len(page.records)
        if left <= 0:
            return


async def _walk(
    client: SignedInClient, connector: Connector, stream: Stream, limit: int | None, most_parents: int | None
) -> AsyncIterator[Page]:
    if stream.parent is None:
        async for page in _read_list(client, connector, stream, stream.path, limit):
            yield page
        return
    found = missing = 0
    async for parent_id in _parent_ids(client, connector, stream, most_parents):
        path = stream.path.replace("{parent}", quote(str(parent_id), safe=""))
        try:
            async for page in _read_list(client, connector, stream, path, limit):
                yield _name_parent(page, stream, parent_id)
            found += 1
        except NotFound:  # the parent was deleted since it was listed; but if all of them are gone, the list itself is
            missing += 1
            if found == 0 and missing >= MOST_MISSING:
                raise


async def _parent_ids(
    client: SignedInClient, connector: Connector, stream: Stream, most: int | None
) -> AsyncIterator[object]:
    parent = connector.stream(stream.parent or "")
    if parent is None:
        raise LookupError(f"the stream {stream.name} names a parent that doesn't exist")
    walked = 0
    async for page in read(client, connector, parent):
        for record in page.records:
            if any(record.get(name) != value for name, value in stream.parent_where.items()):
                continue
            if walked == most:
                return
            walked += 1
            yield record[parent.primary_key[0]]


def _name_parent(page: Page, stream: Stream, parent_id: object) -> Page:
    if stream.parent_field is None:
        return page
    return replace(page, records=[{**record, stream.parent_field: parent_id} for record in page.records])


async def _read_list(
    client: SignedInClient, connector: Connector, stream: Stream, path: str, limit: int | None
) -> AsyncIterator[Page]:
    if stream.single:
        answer = await client.get(path, stream.params)
        yield Page(records=[read_record(answer.body, stream.records_key)], next_path=None)
        return
    asked: str | None = _with_query(path, dict(stream.params) | _size(connector, stream, limit))
    seen: set[str] = set()
    empty = 0
    while asked is not None:
        answer = await client.get(asked)
        page = connector.pager(answer, records_key=stream.records_key, base_url=connector.base_url, asked=asked)
        yield page if stream.paginated else replace(page, next_path=None)
        seen.add(asked)
        empty = 0 if page.records else empty + 1
        asked = page.next_path if stream.paginated else None
        if asked in seen or len(seen) >= MOST_PAGES or empty >= MOST_EMPTY_PAGES:
            raise ReplyNotUnderstood(f"The provider's list of {stream.name} never ends.")


def _size(connector: Connector, stream: Stream, limit: int | None) -> dict[str, str]:
    if connector.per_page_param is None or not stream.paginated:
        return {}
    wanted = stream.per_page if limit is None else max(1, min(stream.per_page, limit))
    return {connector.per_page_param: str(wanted)}


def _with_query(path: str, params: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(params, safe=',')}" if params else path
