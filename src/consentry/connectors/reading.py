"""Reads a stream page by page, whatever its connector: parents first, within bounds, and never round in circles."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from consentry.connectors.contract import Answer, Connector, Page, Record, SignedInClient, Stream
from consentry.connectors.hooking import veiled
from consentry.connectors.paging import read_object, read_record
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


def first_path(
    connector: Connector,
    stream: Stream,
    *,
    path: str | None = None,
    params: Mapping[str, str] | None = None,
    limit: int | None = None,
) -> str:
    """Return path and query of a list's first page, by default the stream's own list."""
    asked = dict(stream.params) | dict(params or {}) | _size(connector, stream, limit)
    return _with_query(stream.path if path is None else path, asked)


def path_of_parent(stream: Stream, parent_id: object) -> str:
    """Return the path of one parent's list."""
    return stream.path.replace("{parent}", quote(str(parent_id), safe=""))


async def read_page(client: SignedInClient, connector: Connector, stream: Stream, asked: str) -> Page:
    """Return the page at a path; raise what the client raises, and ReplyNotUnderstood when it isn't such a list."""
    page = await _read_page(client, connector, stream, asked)
    if connector.hooks is not None and stream.path == connector.hooks.path:
        return replace(page, records=veiled(connector.hooks, page.records))  # whoever reads them could call them
    return page


async def _read_page(client: SignedInClient, connector: Connector, stream: Stream, asked: str) -> Page:
    answer = await client.get(asked)
    if stream.single:
        return Page(records=[read_record(answer.body, stream.records_key)], next_path=None)
    key = stream.records_key
    if not key or "." in key:
        answer, key = replace(answer, body=_only_list(answer, key)), "records"
    page = connector.pager(answer, records_key=key, base_url=connector.base_url, asked=asked)
    return page if stream.paginated else replace(page, next_path=None)


async def read_children(
    client: SignedInClient, connector: Connector, stream: Stream, parent_id: object
) -> AsyncIterator[Page]:
    """Yield the pages of one parent's list; the records name their parent where the stream says how."""
    async for page in _read_list(client, connector, stream, path_of_parent(stream, parent_id), None):
        yield _name_parent(page, stream, parent_id)


async def read_by_ids(
    client: SignedInClient, connector: Connector, stream: Stream, ids: Sequence[object]
) -> list[Record]:
    """Return the records with these ids that are still there: all in one call, or one by one when some are gone."""
    if not ids:
        return []
    path = f"{stream.path}/{','.join(quote(str(each), safe='') for each in ids)}"
    try:
        answer = await client.get(_with_query(path, stream.params))
    except NotFound:
        if len(ids) == 1:
            return []
        return [record for each in ids for record in await read_by_ids(client, connector, stream, [each])]
    if len(ids) == 1:
        return [_only_record(answer)]
    return connector.pager(answer, records_key=stream.records_key, base_url=connector.base_url, asked=path).records


async def read_deleted(client: SignedInClient, connector: Connector, stream: Stream, since: str) -> list[Record]:
    """Return what the feed tells of deletions since a moment, whichever of its lists they stand in."""
    first, *others = stream.deleted_keys or (stream.records_key,)
    asked: str | None = _with_query(stream.deleted_path or "", {"since": since} | _size(connector, stream, None))
    found: list[Record] = []
    course = Course(name=f"deleted {stream.name}")
    while asked is not None:
        answer = await client.get(asked)
        page = connector.pager(answer, records_key=first, base_url=connector.base_url, asked=asked)
        whole = read_object(answer.body)
        more = [record for key in others for record in _list(whole.get(key)) if isinstance(record, dict)]
        found += page.records + more
        asked = course.follow(asked, replace(page, records=page.records + more))
    return found


@dataclass(slots=True, kw_only=True)
class Course:
    """Follows one list from page to page, and notices when it never ends."""

    name: str
    _seen: set[str] = field(default_factory=set)
    _empty: int = 0
    _last: list[Record] = field(default_factory=list)

    def follow(self, asked: str, page: Page) -> str | None:
        """Return where the next page is; raise ReplyNotUnderstood when the list goes round in circles."""
        if page.next_path is None:
            return None
        self._seen.add(asked)
        self._empty = 0 if page.records else self._empty + 1
        repeated = bool(page.records) and page.records == self._last
        self._last = page.records
        too_long = len(self._seen) >= MOST_PAGES or self._empty >= MOST_EMPTY_PAGES
        if repeated or too_long or page.next_path in self._seen:
            raise ReplyNotUnderstood(f"The provider's list of {self.name} never ends.")
        return page.next_path


async def _walk(
    client: SignedInClient, connector: Connector, stream: Stream, limit: int | None, most_parents: int | None
) -> AsyncIterator[Page]:
    if stream.parent is None:
        async for page in _read_list(client, connector, stream, stream.path, limit):
            yield page
        return
    found = missing = 0
    async for parent_id in _parent_ids(client, connector, stream, most_parents):
        try:
            async for page in _read_list(client, connector, stream, path_of_parent(stream, parent_id), limit):
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
    asked: str | None = first_path(connector, stream, path=path, limit=limit)
    course = Course(name=stream.name)
    while asked is not None:
        page = await read_page(client, connector, stream, asked)
        yield page
        asked = course.follow(asked, page)


def _only_list(answer: Answer, dotted: str) -> bytes:
    """Return the list at a dotted path, or the only list of the answer where no path is given, as a list answer."""
    try:
        whole = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ReplyNotUnderstood("The provider sent something that isn't JSON.") from None
    found = _follow_path(whole, dotted) if dotted else _find_list(whole)
    if not isinstance(found, list):
        raise ReplyNotUnderstood(f"The provider's answer has no list at “{dotted}”." if dotted else _NO_LIST)
    return msgspec.json.encode({"records": found})


_NO_LIST: Final = "The provider's answer has no list, or more than one: say where the records are."


def _follow_path(found: Any, dotted: str) -> object:
    for name in dotted.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _find_list(whole: Any) -> object:
    if isinstance(whole, dict):
        lists = [value for value in whole.values() if isinstance(value, list)]
        return lists[0] if len(lists) == 1 else None
    return whole


def _only_record(answer: Answer) -> Record:
    """Return the record of a single read, which may come alone or in a list of one."""
    for value in read_object(answer.body).values():
        inner = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(inner, dict):
            return inner
    raise ReplyNotUnderstood("The provider's answer holds no record.")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _size(connector: Connector, stream: Stream, limit: int | None) -> dict[str, str]:
    if connector.per_page_param is None or not stream.paginated:
        return {}
    wanted = stream.per_page if limit is None else max(1, min(stream.per_page, limit))
    return {connector.per_page_param: str(wanted)}


def _with_query(path: str, params: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(params, safe=',:')}" if params else path
