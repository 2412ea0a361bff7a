"""Rules that several kinds of settings share: unique names, no more than so many, archiving, the administrator."""

from collections.abc import Callable
from typing import Any

from consentry.sandbox.readers import Call, Reply, render_record
from consentry.sandbox.records import Record
from consentry.sandbox.writing.draft import Draft, NotEntitled
from consentry.sandbox.writing.shape import Check, Shape, get


def unique(path: str, member: str = "name", *, within: str | None = None) -> Check:
    """Make the check that no other record of a collection, or of the same holder in it, has the name."""

    def check(draft: Draft) -> None:
        name = draft.values.get(member)
        if not isinstance(name, str) or member not in draft.given:
            return
        own = None if draft.known is None else draft.known["id"]
        holder = None if within is None else (draft.values.get(within) or {}).get("id")
        others = (record.decode() for record in draft.crm[path].all() if record.id != own)
        if any(_same(each, member, name, within, holder) for each in others):
            draft.refuse(member, f"{member} must be unique")

    return check


def _same(other: dict[str, Any], member: str, name: str, within: str | None, holder: int | None) -> bool:
    if within is not None and (other.get(within) or {}).get("id") != holder:
        return False
    return str(other[member]).casefold() == name.casefold()


def at_most(path: str, most: int) -> Check:
    """Make the check that there aren't too many; archived ones don't count."""

    def check(draft: Draft) -> None:
        if draft.is_new and sum(not r.decode().get("deleted", False) for r in draft.crm[path].all()) >= most:
            draft.refuse("id", f"no more than {most} can be active")

    return check


def archive(path: str) -> Callable[[Call, Record], None]:
    """Make the deletion that only archives."""

    def delete(call: Call, record: Record) -> None:
        call.crm[path].change(record.id, {"deleted": True}, at=call.now)

    return delete


def restorer(shape: Shape) -> Callable[[Call], Reply]:
    """Make the writer that brings an archived record back."""

    def write(call: Call) -> Reply:
        need_administrator(call)
        record = call.crm[shape.path].change(get(call, shape.path).id, {"deleted": False}, at=call.now)
        return Reply(body=render_record(call, shape.key, record))

    return write


def need_administrator(call: Call) -> None:
    """Raise NotEntitled for anybody else."""
    if not call.user.administrator:
        raise NotEntitled("Only an administrator may do that.")
