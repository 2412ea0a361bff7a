"""How the API reads: lists, single records, several at once, children, search, deleted feeds. Pure; no HTTP in here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote
from uuid import UUID

import msgspec

from consentry.sandbox.accounts import User
from consentry.sandbox.choices import CHOOSERS
from consentry.sandbox.knobs import Knobs
from consentry.sandbox.query import MOST_PER_PAGE, Invalid, Page, Query
from consentry.sandbox.records import OPTIONAL, Record
from consentry.sandbox.resources import MILESTONES, PARTIES, Resource
from consentry.sandbox.seed import Crm

_MOST_AT_ONCE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One authorised call: whose records, which address, what in it, and for a write its body and moment."""

    crm: Crm
    user: User
    query: Query
    knobs: Knobs
    address: str
    ids: tuple[int, ...] = ()
    now: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    token: Callable[[], str] = lambda: ""
    """Makes a text that nobody guesses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer before it becomes HTTP."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


Reader = Callable[[Call], Reply]
NOT_FOUND: Final = Reply(status=404, body=b'{"message":"Could not find resource"}')


def lister(resource: Resource) -> Reader:
    """Make the reader of a whole collection."""
    choose = CHOOSERS.get(resource.path)

    def read(call: Call) -> Reply:
        records = _all_or_since(call, resource)
        if choose is not None:
            records = choose(call.crm, call.query, records)
        return render_list(call, resource, records)

    return read


def _all_or_since(call: Call, resource: Resource) -> tuple[Record, ...]:
    collection, order = call.crm[resource.path], call.knobs.list_order
    heeds = resource.since and (resource.path != "tasks" or call.knobs.since_on_tasks)
    moment = call.query.since() if heeds else None
    if moment is None:
        return collection.all(order)
    return collection.since(moment, order, inclusive=call.knobs.since_inclusive)


def shower(resource: Resource) -> Reader:
    """Make the reader of one record."""
    key = (resource.singular or resource.plural).encode()

    def read(call: Call) -> Reply:
        record = call.crm[resource.path].find(call.ids[0])
        if record is None:
            return NOT_FOUND
        return Reply(body=b'{"%b":%b}' % (key, record.render(call.query.embeds)))

    return read


def several(resource: Resource) -> Reader:
    """Make the reader of up to ten records; one that is missing fails the whole request."""

    def read(call: Call) -> Reply:
        if len(call.ids) > _MOST_AT_ONCE:
            raise Invalid("id", f"no more than {_MOST_AT_ONCE} ids can be read at once")
        found = [call.crm[resource.path].find(each) for each in call.ids]
        records = [record for record in found if record is not None]
        if len(records) < len(found):
            return NOT_FOUND
        return Reply(body=_wrap(resource.plural, records, call.query.embeds))

    return read


def children(parent: str, resource: Resource, *, link: str | None = None, most: int = MOST_PER_PAGE) -> Reader:
    """Make the reader of the records that belong to one of `parent`."""

    def read(call: Call) -> Reply:
        if call.crm[parent].find(call.ids[0]) is None:
            return NOT_FOUND
        records = call.crm[resource.path].of((link or parent, call.ids[0]), call.knobs.list_order)
        return render_list(call, resource, records, most=most)

    return read


def contacts(parent: str) -> Reader:
    """Make the reader of the additional contacts of an opportunity or project."""

    def read(call: Call) -> Reply:
        if call.crm[parent].find(call.ids[0]) is None:
            return NOT_FOUND
        found = [call.crm["parties"].find(each) for each in call.crm.contacts.get((parent, call.ids[0]), ())]
        return render_list(call, PARTIES, [record for record in found if record is not None])

    return read


def searcher(resource: Resource) -> Reader:
    """Make the reader that searches free text in `q`."""

    def read(call: Call) -> Reply:
        needle = call.query.parameters.get("q", "").strip()
        found = call.crm[resource.path].matching(needle) if needle else ()
        return render_list(call, resource, found)

    return read


def deleted(resource: Resource) -> Reader:
    """Make the reader of a deleted feed, with what was withdrawn from view in a list of its own."""

    def read(call: Call) -> Reply:
        stones = call.crm[resource.path].tombstones(call.query.need_since(), inclusive=call.knobs.since_inclusive)
        page = Page(number=call.query.page, size=call.query.per_page(), total=len(stones))
        feed: dict[str, list[dict[str, object]]] = {resource.plural: [], resource.restricted or "": []}
        for stone in stones[page.part]:
            entry: dict[str, object] = {"id": stone.id, "deletedAt": stone.deleted_at}
            if stone.restricted:
                feed[resource.restricted or ""].append(entry | {"isRestricted": True})
            else:
                feed[resource.plural].append(entry)
        return Reply(body=msgspec.json.encode(feed), headers=page.headers(call.address, call.query.parameters))

    return read


def fixed(body: bytes) -> Reader:
    """Make a reader that always answers the same."""
    return lambda _call: Reply(body=body)


def read_site(call: Call) -> Reply:
    """Answer with the account."""
    return Reply(body=msgspec.json.encode({"site": call.crm.site}))


def read_current_user(call: Call) -> Reply:
    """Answer with the user behind the token."""
    record = call.crm["users"].find(call.user.id)
    return NOT_FOUND if record is None else Reply(body=b'{"user":%b}' % record.render(call.query.embeds))


def read_all_milestones(call: Call) -> Reply:
    """Answer with the milestones of every pipeline."""
    return render_list(call, MILESTONES, call.crm["milestones"].all(call.knobs.list_order))


def read_attachment(call: Call) -> Reply:
    """Answer with the bytes of a file."""
    attachment = call.crm.attachments.get(call.ids[0])
    if attachment is None:
        return NOT_FOUND
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(attachment.filename)}"}
    return Reply(body=attachment.content, media_type=attachment.content_type, headers=headers)


def render_list(call: Call, resource: Resource, records: Sequence[Record], *, most: int = MOST_PER_PAGE) -> Reply:
    """Answer with a page of records, or with all of them where Capsule doesn't page."""
    embeds = call.query.embeds
    if not resource.paged:
        return Reply(body=_wrap(resource.plural, records, embeds))
    page = Page(number=call.query.page, size=call.query.per_page(most), total=len(records))
    body = _wrap(resource.plural, records[page.part], embeds)
    if "meta" in embeds:
        body = body[:-1] + b',"meta":{"totalCount":%d}}' % page.total
    return Reply(body=body, headers=page.headers(call.address, call.query.parameters))


def render_record(call: Call, key: str, record: Record) -> bytes:
    """Return a record that was written just now, in its wrapper."""
    embeds = OPTIONAL if call.knobs.written_shows == "everything" else call.query.embeds
    return b'{"%b":%b}' % (key.encode(), record.render(embeds))


def read_job(call: Call) -> Reply:
    """Answer how far a long-running operation is: under way when asked first, done from then on."""
    name = UUID(int=call.ids[0])
    job = call.crm.jobs.get(name)
    if job is None:
        return NOT_FOUND
    job.asked += 1
    done = job.asked > 1
    status = {"status": "COMPLETED" if done else "RUNNING", "progress": 100 if done else 50}
    return Reply(body=msgspec.json.encode({"job": {"id": str(name), **status, "action": job.action}}))


def _wrap(key: str, records: Sequence[Record], embeds: frozenset[str]) -> bytes:
    return b'{"%b":[%b]}' % (key.encode(), b",".join([record.render(embeds) for record in records]))
