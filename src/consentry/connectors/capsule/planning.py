"""Decides what makes a record as a row wants it: only the difference is sent. Pure.

What Capsule wants besides stands where the field is written: lists in nested, people in references, deals in
opportunities.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from consentry.connectors.capsule import nested, opportunities, references
from consentry.connectors.capsule.custom import put_custom_fields
from consentry.connectors.capsule.draft import Draft, id_in, shown
from consentry.connectors.capsule.scalars import one_of, put_scalar
from consentry.connectors.comparing import is_blank
from consentry.connectors.contract import Record
from consentry.connectors.resolving import Unfit
from consentry.connectors.writing import CUSTOM, Known, Planned, Request, Row, Template, TemplateField, Wish
from consentry.errors import FieldError

_API: Final = "/api/v2/"
_LISTS: Final = ("emailAddresses", "phoneNumbers", "websites", "addresses")
_METHODS: Final = {"POST": "create", "PUT": "change", "DELETE": "delete"}


def plan(template: Template, row: Row, current: Record | None, *, wish: Wish, known: Known) -> Planned:
    """Return what makes the record so; only the difference is sent."""
    if template.deed == "manual":
        return _plan_manual(template, row)
    if template.deed in ("create", "note"):
        current = None
    draft = Draft(template=template, row=row, current=current, wish=wish, known=known)
    _check_record(draft)
    if draft.errors:
        return draft.planned()
    if template.deed == "delete":
        return _plan_delete(draft)
    _STEPS[template.deed](draft)
    return draft.planned()


def _check_record(draft: Draft) -> None:
    """Refuse a record of another type, and a row without one where one is needed."""
    wanted, there = draft.template.where.get("type"), draft.now("type")
    if draft.current is not None and wanted is not None and there != wanted:
        draft.refuse("id", f"{shown(draft.current)} (#{draft.record_id}) is of the type {there}, not {wanted}.")
    needs_one = draft.template.deed in ("update", "add_tags", "remove_tags", "set_fields")
    # a number that Capsule doesn't know would get another one, and the next run would make one more
    if draft.current is None and (needs_one or (draft.template.deed == "upsert" and draft.gives("id"))):
        field = next((match.field for match in draft.template.matches if draft.gives(match.field)), "id")
        given = draft.row.get(field)
        about = f" with the {_title(draft.template, field)} “{given}”" if not is_blank(given) else " for this row"
        draft.refuse(field, f"There is no {draft.noun}{about}.")


def _title(template: Template, name: str) -> str:
    match = template.match(name)
    return match.title.lower() if match is not None else name


def _plan_delete(draft: Draft) -> Planned:
    number = draft.record_id
    if number is None:
        return Planned(deed="nothing")
    request = Request(method="DELETE", path=f"{draft.resource.path}/{number}")
    return Planned(deed="delete", record_id=number, request=request)


def _plan_record(draft: Draft) -> None:
    """Plan a record of any kind, field by field."""
    if draft.creating:
        _check_complete(draft)
        if "type" in draft.template.where:
            draft.body["type"] = draft.template.where["type"]
    else:
        _check_left(draft)
    for field in draft.template.fields:
        put = _OWN.get(draft.template.stream or "", {}).get(field.name)
        if put is not None:
            draft.attempt(field.name, partial(put, draft, field))
        elif "." not in field.name and field.name not in (*_LISTS, "id", "tags", "owner", "team"):
            draft.attempt(field.name, partial(_put_plain, draft, field))
    draft.attempt("owner", partial(_put_people, draft))
    nested.put_lists(draft)
    nested.put_tags(draft)
    put_custom_fields(draft)
    _check_names(draft)


def _put_plain(draft: Draft, field: TemplateField) -> None:
    put = references.put_choice if field.choices is not None else put_scalar
    put(draft, field)


def _put_people(draft: Draft) -> None:
    put = references.put_owner if draft.resource.item == "task" else references.put_owner_and_team
    put(draft)


def _check_complete(draft: Draft) -> None:
    """Refuse a new record that lacks what Capsule wants of one."""
    titles = {field.name: field.title for field in draft.template.fields}
    for field in draft.template.fields:
        if field.required and not draft.gives(field.name):
            draft.refuse(field.name, f"{field.title} is needed to make a new {draft.noun}.")
    for group in draft.template.one_of:
        if not any(draft.gives(name) for name in group):
            names = " or ".join(titles[name] for name in group)
            draft.refuse(group[0], f"{names} is needed to make a new {draft.noun}.")


def _check_left(draft: Draft) -> None:
    """Refuse to empty all of a group of which one has to stay."""
    titles = {field.name: field.title for field in draft.template.fields}
    for group in draft.template.one_of:
        emptied = [name for name in group if draft.clears(name)]
        left = [name for name in group if name not in emptied and (draft.gives(name) or not is_blank(draft.now(name)))]
        if emptied and not left:
            draft.refuse(emptied[0], f"{' and '.join(titles[name] for name in group)} can't all be emptied.")


def _check_names(draft: Draft) -> None:
    """Refuse a field that the template doesn't have, rather than leave out what somebody wanted written."""
    names = {field.name for field in draft.template.fields}
    open_ended = [f"{each}." for each in _LISTS if each in names] + ([CUSTOM] if draft.template.custom_fields else [])
    for name in draft.row:
        if name not in names and not name.startswith(tuple(open_ended)):
            draft.refuse(name, f"{draft.template.title} takes no field named “{name}”.")


def _plan_note(draft: Draft) -> None:
    _check_complete(draft)
    draft.body |= draft.template.where
    draft.attempt("party", partial(references.put_relations, draft))
    for field in draft.template.fields:
        if field.name in ("content", "entryAt", "activityType"):
            draft.attempt(field.name, partial(_put_plain, draft, field))


def _plan_tags(draft: Draft) -> None:
    if not draft.gives("tags"):
        draft.refuse("tags", "Tags is empty: name at least one tag.")
        return
    put = nested.remove_tags if draft.template.deed == "remove_tags" else nested.add_tags
    put(draft)


def _plan_manual(template: Template, row: Row) -> Planned:
    """Take the request as it was written; it has to stay in the API."""
    errors = [
        FieldError(field=field.name, message=f"{field.title} is needed.")
        for field in template.fields
        if field.required and is_blank(row.get(field.name))
    ]
    body = row.get("body")
    if not is_blank(body) and not isinstance(body, dict):
        errors.append(FieldError(field="body", message="Body has to be a JSON object."))
    if errors:
        return Planned(deed="refuse", errors=tuple(errors))
    try:
        method: Any = one_of(row["method"], tuple(_METHODS), "Method")
        path = _path_in_api(str(row["path"]))
    except Unfit as unfit:
        name = "path" if str(unfit).startswith("Path") else "method"
        return Planned(deed="refuse", errors=(FieldError(field=name, message=str(unfit)),))
    deed: Any = _METHODS[method]
    return Planned(deed=deed, request=Request(method=method, path=path, body=body or None))


def _path_in_api(given: str) -> str:
    """Return the path under the API; raises Unfit for one that leaves it."""
    path = given.strip().removeprefix("/")
    path = _API + path.removeprefix(_API.lstrip("/"))
    parts = urlsplit(path)
    strange = any(part in ("", ".", "..") for part in parts.path[1:].split("/"))
    odd = (
        any(not sign.isprintable() or sign in " \\#" for sign in path) or "%2f" in path.lower() or "%2e" in path.lower()
    )
    if parts.scheme or parts.netloc or strange or odd:
        raise Unfit(f"Path has to stay under {_API}, such as parties/5; “{given[:100]}” doesn't.")
    return path


Put = Callable[[Draft, TemplateField], None]


def _alone(put: Callable[[Draft], None]) -> Put:
    return lambda draft, field: put(draft)


def _stage(draft: Draft, field: TemplateField) -> None:
    known = draft.known.records.get("stages") or ()
    now = next((each for each in known if each.get("id") == draft.now_id("stage")), {})
    board = id_in(now.get("board"))
    references.put_choice(draft, field, (lambda each: id_in(each.get("board")) == board) if board else None)


def _status(draft: Draft, field: TemplateField) -> None:
    """PENDING belongs to tracks: it can stay, but not be set."""
    given = str(draft.row.get("status") or "").strip().upper()
    if given == "PENDING":
        if draft.now("status") != "PENDING":
            raise Unfit("Status can't be set to PENDING: only tracks hold a task back. Give OPEN or COMPLETED.")
        return
    put_scalar(draft, field)


def _completed(draft: Draft, field: TemplateField) -> None:
    """Only a task that is done was completed at some moment."""
    status = draft.body.get("status", draft.now("status"))
    if draft.gives(field.name) and status != "COMPLETED":
        raise Unfit("Completed at is only for a task that is done: give the status COMPLETED too.")
    put_scalar(draft, field)


def _nothing(draft: Draft, field: TemplateField) -> None:
    """Leave a field to the one that is written together with it."""


def _relation(draft: Draft, field: TemplateField) -> None:
    references.put_relation(draft, field.name)


_SHARED: Final[dict[str, Put]] = {"party": _alone(references.put_party), "tracks": references.put_tracks}
_OWN: Final[dict[str, dict[str, Put]]] = {
    "parties": {"organisation": _alone(references.put_organisation)},
    "opportunities": {
        **_SHARED,
        "milestone": opportunities.put_milestone,
        "value.amount": _alone(opportunities.put_value),
        "probability": opportunities.put_probability,
        "lostReason": opportunities.put_lost_reason,
        "durationBasis": opportunities.put_basis,
        "duration": opportunities.put_duration,
    },
    "projects": {**_SHARED, "stage": _stage, "opportunity": _relation},
    "tasks": {
        "party": _alone(references.put_relations),
        "opportunity": _nothing,
        "kase": _nothing,
        "status": _status,
        "completedAt": _completed,
    },
}
_STEPS: Final[dict[str, Callable[[Draft], None]]] = {
    "create": _plan_record,
    "update": _plan_record,
    "upsert": _plan_record,
    "note": _plan_note,
    "add_tags": _plan_tags,
    "remove_tags": _plan_tags,
    "set_fields": put_custom_fields,
}
