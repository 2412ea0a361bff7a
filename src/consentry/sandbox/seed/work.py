"""Tasks, entries with their attachments, and tracks."""

from typing import Any

from consentry.sandbox.records import stamp
from consentry.sandbox.seed.crm import Attachment
from consentry.sandbox.seed.deals import Deals
from consentry.sandbox.seed.draw import Draw, reference, user_reference
from consentry.sandbox.seed.words import WORDS

Related = tuple[str, str, dict[str, Any]]


def sow_work(draw: Draw, parties: list[dict[str, Any]], deals: Deals, *, tasks: int, entries: int) -> None:
    """Add tasks and entries about random records, and a few tracks."""
    if not parties:
        return
    for _ in range(tasks):
        draw.crm["tasks"].add(_task(draw, _related(draw, parties, deals) if draw.whether(0.85) else None))
    for _ in range(entries):
        related = _related(draw, parties, deals)
        draw.crm["entries"].add(_entry(draw, related, parties))
    _sow_tracks(draw, parties, deals)


def _related(draw: Draw, parties: list[dict[str, Any]], deals: Deals) -> Related:
    lot = draw.lots.fraction()
    if lot < 0.2 and deals.opportunities:
        return "opportunity", "opportunities", draw.one(deals.opportunities)
    if lot < 0.4 and deals.projects:
        return "kase", "kases", draw.one(deals.projects)
    return "party", "parties", draw.one(parties)


def _task(draw: Draw, related: Related | None, *, track: bool = False) -> dict[str, Any]:
    lot = draw.lots.fraction()
    status = "PENDING" if track else "OPEN" if lot < 0.6 else "COMPLETED"
    times, owner = draw.times(), draw.one(draw.account.users)
    done = status == "COMPLETED"
    subject = {"party": None, "opportunity": None, "kase": None}
    return {
        "id": draw.id("task"),
        "description": draw.one(WORDS.tasks),
        "detail": draw.one(WORDS.notes) if draw.whether(0.3) else None,
        "category": draw.one(draw.crm["categories"].all()).decode() if draw.whether(0.8) else None,
        "dueOn": draw.day(-200, 120).isoformat(),
        "dueTime": f"{draw.number(8, 17):02d}:{draw.one(('00', '30'))}:00" if draw.whether(0.4) else None,
        "status": status,
        **subject,
        **({} if related is None else {related[0]: related[2]}),
        "owner": user_reference(owner),
        **times,
        "completedAt": times["updatedAt"] if done else None,
        "completedBy": owner.username if done else None,
        "repeat": {"interval": 1, "frequency": "MONTHLY", "on": 1} if draw.whether(0.05) else None,
        "nextTask": None,
        "hasTrack": track,
        "active": not track,
        "overrideToCurrentUser": False,
        "daysAfter": 2 if track else None,
        "taskDelayRule": "TRACK_START" if track else None,
        "taskDayDelayRule": "TRACK_DAYS" if track else None,
    }


def _entry(draw: Draw, related: Related, parties: list[dict[str, Any]]) -> dict[str, Any]:
    key, _path, subject = related
    created = draw.moment()
    kind, activity = draw.one((("note", -1), ("note", -3), ("note", -2), ("email", -5), ("email", -6), ("task", -4)))
    entry: dict[str, Any] = {
        "id": draw.id("entry"),
        "type": kind,
        "createdAt": stamp(created),
        "updatedAt": stamp(draw.moment(created)),
        "entryAt": stamp(created),
        "subject": None,
        "content": f"{draw.one(WORDS.notes)} (#{draw.number(1, 9999)})",
        "activityType": reference(_activity(draw, activity), "name"),
        "creator": user_reference(draw.one(draw.account.users)),
        "party": None,
        "opportunity": None,
        "kase": None,
        "attachments": [_attach(draw)] if draw.whether(0.15) else [],
    }
    entry[key] = subject
    if kind == "email":
        entry |= _email_parts(draw, draw.one(parties))
    return entry


def _activity(draw: Draw, type_id: int) -> dict[str, Any]:
    found = draw.crm["activitytypes"].find(type_id)
    if found is None:
        raise LookupError(f"activity type {type_id} was not seeded")
    return found.decode()


def _email_parts(draw: Draw, party: dict[str, Any]) -> dict[str, Any]:
    sender = draw.one(draw.account.users)
    name = party.get("name") or " ".join(filter(None, (party.get("firstName"), party.get("lastName"))))
    return {
        "subject": draw.one(WORDS.subjects),
        "parties": [party],
        "participants": [
            {"id": draw.id("participant"), "name": sender.name, "address": sender.email, "role": "FROM"},
            {"id": draw.id("participant"), "name": name, "address": f"p{party['id']}@mail.example", "role": "TO"},
        ],
    }


def _attach(draw: Draw) -> dict[str, Any]:
    number = draw.id("attachment")
    rows = "".join(f"{row};Teil {row};{draw.number(1, 999)}\r\n" for row in range(draw.number(3, 40)))
    filename, content_type, content = draw.one(
        (
            (f"Stückliste {number}.csv", "text/csv", "\ufeffNr;Name;Menge\r\n" + rows),
            (f"notes-{number}.txt", "text/plain", rows),
        )
    )
    attachment = Attachment(filename=filename, content_type=content_type, content=content.encode())
    draw.crm.attachments[number] = attachment
    return {"id": number, "filename": filename, "contentType": content_type, "size": len(attachment.content)}


def _sow_tracks(draw: Draw, parties: list[dict[str, Any]], deals: Deals) -> None:
    subjects: list[Related] = [("party", "parties", draw.one(parties)) for _ in range(2)]
    subjects += [("opportunity", "opportunities", each) for each in deals.opportunities[:3]]
    subjects += [("kase", "kases", each) for each in deals.projects[:3]]
    for related in subjects:
        tasks = [_task(draw, related, track=True) for _ in range(2)]
        tasks[0]["nextTask"] = reference(tasks[1], "description")
        for task in tasks:
            draw.crm["tasks"].add(task)
        track = {
            "id": draw.id("track"),
            "description": "Hand over step by step",
            "trackDateOn": draw.day(-100, 0).isoformat(),
            "direction": "START_DATE",
            "tasks": [reference(task, "description") for task in tasks],
        }
        draw.crm["tracks"].add(track, parents=[(related[1], related[2]["id"])])
