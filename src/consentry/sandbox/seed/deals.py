"""Opportunities and projects."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consentry.sandbox.records import stamp
from consentry.sandbox.seed.draw import Draw, reference
from consentry.sandbox.seed.parties import Extras, bury
from consentry.sandbox.seed.words import WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Deals:
    """References to the opportunities and projects that were made."""

    opportunities: list[dict[str, Any]]
    projects: list[dict[str, Any]]


def sow_deals(draw: Draw, parties: list[dict[str, Any]], *, opportunities: int, projects: int) -> Deals:
    """Add opportunities and projects to random parties."""
    if not parties:
        return Deals(opportunities=[], projects=[])
    won = _sow_opportunities(draw, parties, opportunities)
    kases = _sow_projects(draw, parties, won, projects)
    return Deals(opportunities=won, projects=kases)


def _sow_opportunities(draw: Draw, parties: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    milestones = [record.decode() for record in draw.crm["milestones"].all()]
    reasons = [record.decode() for record in draw.crm["lostreasons"].all()]
    extras = Extras(draw, "opportunities")
    references = []
    for _ in range(count):
        opportunity = _opportunity(draw, draw.one(parties), draw.one(milestones), reasons)
        draw.crm["opportunities"].add({**opportunity, **extras.of()})
        _add_contacts(draw, "opportunities", opportunity, parties)
        references.append(reference(opportunity, "name"))
    bury(draw, "opportunities", 3)
    return references


def _opportunity(
    draw: Draw, party: dict[str, Any], milestone: dict[str, Any], reasons: list[dict[str, Any]]
) -> dict[str, Any]:
    times, closed, lost = draw.times(), milestone["complete"], milestone["probability"] == 0
    basis = draw.one(("FIXED", "FIXED", "MONTH", "YEAR", "HOUR"))
    return {
        "id": draw.id("opportunity"),
        "name": f"{draw.one(WORDS.deals)} {draw.number(1, 999)}",
        "description": "Terms as discussed; see the notes." if draw.whether(0.4) else None,
        **times,
        "party": party,
        **draw.holders(needed=True),
        "milestone": reference(milestone, "name"),
        "lastOpenMilestone": reference(milestone, "name"),
        "value": _value(draw),
        "expectedCloseOn": None if closed else draw.day(-30, 200).isoformat(),
        "probability": milestone["probability"],
        "durationBasis": basis,
        "duration": None if basis == "FIXED" else draw.number(1, 24),
        "closedOn": times["updatedAt"][:10] if closed else None,
        "lostReason": reference(draw.one(reasons), "name") if lost and reasons else None,
        "lastContactedAt": times["updatedAt"] if draw.whether(0.5) else None,
        "lastStageChangedAt": times["createdAt"],
    }


def _value(draw: Draw) -> dict[str, Any] | None:
    if draw.whether(0.1):
        return None
    return {"amount": round(draw.lots.fraction() * 90_000, 2), "currency": draw.one(("GBP", "EUR", "USD", "JPY"))}


def _sow_projects(
    draw: Draw, parties: list[dict[str, Any]], opportunities: list[dict[str, Any]], count: int
) -> list[dict[str, Any]]:
    stages = [record.decode() for record in draw.crm["stages"].all()]
    extras = Extras(draw, "kases")
    references = []
    for _ in range(count):
        project = _project(draw, draw.one(parties), opportunities, stages)
        draw.crm["kases"].add({**project, **extras.of()})
        _add_contacts(draw, "kases", project, parties)
        references.append(reference(project, "name"))
    bury(draw, "kases", 2)
    return references


def _project(
    draw: Draw, party: dict[str, Any], opportunities: list[dict[str, Any]], stages: list[dict[str, Any]]
) -> dict[str, Any]:
    created = draw.moment()
    updated: datetime = draw.moment(created)
    closed = draw.whether(0.4)
    return {
        "id": draw.id("kase"),
        "party": party,
        "name": f"{draw.one(WORDS.projects)} {draw.number(1, 999)}",
        "description": None if draw.whether(0.5) else "Details are in the entries.",
        **draw.holders(needed=True),
        "status": "CLOSED" if closed else "OPEN",
        "opportunity": draw.one(opportunities) if opportunities and draw.whether(0.4) else None,
        "stage": reference(draw.one(stages), "name") if draw.whether(0.8) else None,
        "createdAt": stamp(created),
        "updatedAt": stamp(updated),
        "startOn": created.date().isoformat() if draw.whether(0.5) else None,
        "expectedCloseOn": draw.day().isoformat() if draw.whether(0.5) else None,
        "closedOn": updated.date().isoformat() if closed else None,
        "lastContactedAt": None if draw.whether(0.5) else stamp(updated),
    }


def _add_contacts(draw: Draw, path: str, record: dict[str, Any], parties: list[dict[str, Any]]) -> None:
    """Add a contact or two besides the main one."""
    if draw.whether(0.3):
        others = {draw.one(parties)["id"], draw.one(parties)["id"]} - {record["party"]["id"]}
        draw.crm.contacts[path, record["id"]] = sorted(others)
