"""What a write does to other records: deletions reach further, and new names show wherever a record is referred to."""

from typing import Any, Final

from consentry.sandbox.seed import Crm

_MEMBERS: Final = {"parties": "party", "opportunities": "opportunity", "kases": "kase"}
_CHILDREN: Final = {
    "parties": ("opportunities", "kases", "tasks", "entries"),
    "opportunities": ("kases", "tasks", "entries"),
    "kases": ("tasks", "entries"),
}


def rename(crm: Crm, path: str, record_id: int, shown: dict[str, Any]) -> None:
    """Show a record's new reference in whatever refers to it; that moves nobody's `updatedAt`."""
    member = _MEMBERS[path]
    for child in _CHILDREN[path]:
        for record in crm[child].of((path, record_id)):
            crm[child].change(record.id, {member: shown}, at=None)
    if path == "parties":
        for person in crm["parties"].of(("parties", record_id)):
            crm["parties"].change(person.id, {"organisation": shown}, at=None)


def forget_party(crm: Crm, party_id: int, *, at: str) -> None:
    """Delete a party with its opportunities, projects, tasks and entries; its people stay, without organisation."""
    for path in ("opportunities", "kases"):
        for record in crm[path].of(("parties", party_id)):
            if crm[path].find(record.id) is not None:
                forget_deal(crm, path, record.id, at=at)
    _forget_work(crm, "parties", party_id, at=at)
    for person in crm["parties"].of(("parties", party_id)):
        crm["parties"].change(person.id, {"organisation": None}, at=at)
    for user in crm["users"].all():
        if (user.decode().get("party") or {}).get("id") == party_id:
            crm["users"].change(user.id, {"party": None}, at=None)
    crm["parties"].remove(party_id, at=at)


def forget_deal(crm: Crm, path: str, record_id: int, *, at: str) -> None:
    """Delete an opportunity or project with its tasks and entries. Its tracks are left, orphaned."""
    _forget_work(crm, path, record_id, at=at)
    if path == "opportunities":
        for project in crm["kases"].of((path, record_id)):
            crm["kases"].change(project.id, {"opportunity": None}, at=at)
    crm.contacts.pop((path, record_id), None)
    crm[path].remove(record_id, at=at)


def _forget_work(crm: Crm, path: str, record_id: int, *, at: str) -> None:
    for child in ("tasks", "entries"):
        for record in crm[child].of((path, record_id)):
            crm[child].remove(record.id, at=at)
