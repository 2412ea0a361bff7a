"""Fields that name another record: by its id, or by a name that only one has."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from consentry.connectors.capsule.choices import TEAMS, USERS
from consentry.connectors.capsule.draft import Draft, id_in, shown
from consentry.connectors.capsule.resources import RELATIONS, RESOURCES
from consentry.connectors.comparing import is_blank, loose, tidy
from consentry.connectors.contract import Record
from consentry.connectors.resolving import Unfit, id_of, name_some
from consentry.connectors.writing import Choices, TemplateField

_OWNERS: Final = (("owner", USERS), ("team", TEAMS))


def put_choice(draft: Draft, field: TemplateField, prefer: Callable[[Record], bool] | None = None) -> None:
    """Send a choice where it differs from the record's; raises Unfit."""
    choices = field.choices
    if choices is None or not draft.says(field.name):
        return
    now = draft.now(field.name)
    if draft.clears(field.name):
        if field.required:
            raise Unfit(f"{field.title} can't be emptied: a {draft.noun} always has one.")
        if not is_blank(now):
            draft.put(field.name, None, old=shown(now, choices) if isinstance(now, dict) else now, new=None)
        return
    if means(draft.row[field.name], now, choices):
        return
    chosen = draft.choose(field, prefer)
    wanted = chosen.get(choices.sends)
    if choices.sends != "id":
        if loose(wanted) != loose(now or ""):
            draft.put(field.name, wanted, old=now, new=wanted)
    elif wanted != id_in(now):
        draft.put(field.name, {"id": wanted}, old=shown(now), new=shown(chosen, choices))


def means(value: Any, now: Any, choices: Choices) -> bool:
    """Tell whether a value means what the record has, also where nobody else may have it any more, as a former user."""
    if not isinstance(now, dict):
        return not is_blank(now) and choices.sends != "id" and loose(value) == loose(now)
    if id_of(value) is not None:
        return id_of(value) == id_in(now)
    return any(loose(now[name]) == loose(value) for name in choices.names if not is_blank(now.get(name)))


def put_owner_and_team(draft: Draft) -> None:
    """Send owner and team together when either changes: an owner sent alone would clear the team."""
    now = {name: draft.now(name) for name, _ in _OWNERS}
    wanted: dict[str, Record | None] = dict(now)
    for name, choices in _OWNERS:
        if draft.clears(name):
            wanted[name] = None
        elif draft.gives(name) and not means(draft.row[name], now[name], choices):
            draft.attempt(name, partial(_look_into, draft, wanted, name, choices))
    _leave_to_nobody(draft, wanted["team"])
    changed = [name for name, _ in _OWNERS if id_in(wanted[name]) != id_in(now[name])]
    if not changed:
        return
    _check_membership(draft, wanted["owner"], wanted["team"])
    if draft.resource.item in ("opportunity", "kase") and not draft.creating and not any(wanted.values()):
        raise Unfit(f"A {draft.noun} needs an owner or a team: both can't be emptied.")
    for name, choices in _OWNERS:
        number = id_in(wanted[name])
        if name in changed:
            draft.change(name, shown(now[name], choices), shown(wanted[name], choices))
        if name in changed or not draft.creating:
            draft.body[name] = None if number is None else {"id": number}


def _leave_to_nobody(draft: Draft, team: Record | None) -> None:
    """Say of a new record that nobody owns it, where the row does; left unsaid, it goes to the user of the grant."""
    empty = draft.creating and draft.wish.clear_with_null and "owner" in draft.row and not draft.gives("owner")
    if empty and (draft.resource.item == "party" or team is not None):
        draft.body["owner"] = None


def _look_into(draft: Draft, wanted: dict[str, Record | None], name: str, choices: Choices) -> None:
    wanted[name] = draft.look(draft.row[name], choices, title=name.capitalize())


def put_owner(draft: Draft) -> None:
    """Send the owner of a record that has no team."""
    if draft.clears("owner"):
        raise Unfit(f"Owner can't be emptied: a {draft.noun} always has one.")
    if draft.gives("owner") and not means(draft.row["owner"], draft.now("owner"), USERS):
        chosen = draft.look(draft.row["owner"], USERS, title="Owner")
        if id_in(chosen) != draft.now_id("owner"):
            draft.put("owner", {"id": id_in(chosen)}, old=shown(draft.now("owner"), USERS), new=shown(chosen, USERS))


def _check_membership(draft: Draft, owner: Record | None, team: Record | None) -> None:
    """Refuse an owner who isn't in the team, as Capsule would; where members are known."""
    teams = draft.known.records.get("teams") or ()
    found = next((each for each in teams if id_in(each) == id_in(team)), None) if team else None
    members = found.get("memberships") if found is not None else None
    if not isinstance(members, list) or owner is None or found is None:
        return
    users = [each.get("user") for each in members if isinstance(each, dict)]
    if id_in(owner) not in [id_in(user) for user in users]:
        names = name_some([str(shown(user, USERS)) for user in users]) or "nobody"
        raise Unfit(
            f"{shown(owner, USERS)} isn't a member of the team {found.get('name')}, so can't own the record with it. "
            f"Its members: {names}. Give a team of the owner too."
        )


def put_organisation(draft: Draft) -> None:
    """Send where a person works: by id, or by name, which makes an organisation that doesn't exist yet."""
    now = draft.now("organisation")
    if draft.clears("organisation") and now is not None:
        draft.put("organisation", None, old=shown(now), new=None)
    if not draft.gives("organisation"):
        return
    value = draft.row["organisation"]
    number, name = id_of(value), tidy(value)
    if number is not None and number != id_in(now):
        draft.put("organisation", {"id": number}, old=shown(now), new=f"#{number}")
    if number is None and loose(name) != loose(shown(now) or ""):
        draft.put("organisation", {"name": name}, old=shown(now), new=name)


def put_party(draft: Draft) -> None:
    """Send the main contact of an opportunity or project, which always has one."""
    if draft.clears("party"):
        raise Unfit(f"Contact can't be emptied: a {draft.noun} always has one.")
    put_relation(draft, "party")


def put_relation(draft: Draft, name: str) -> None:
    """Send a record that this one is about, or that it is about nothing; raises Unfit."""
    now = draft.now(name)
    if draft.clears(name) and now is not None:
        draft.put(name, None, old=shown(now), new=None)
    if draft.gives(name):
        found = find_related(draft, name)
        if id_in(found) != id_in(now):
            draft.put(name, {"id": id_in(found)}, old=shown(now), new=shown(found))


def put_relations(draft: Draft) -> None:
    """Send what a task or note is about: one record at most; another one takes the place of what was there."""
    given = [name for name in RELATIONS if draft.gives(name)]
    if len(given) > 1:
        words = " and ".join(_WORDS[name] for name in given)
        raise Unfit(f"A {draft.noun} is about one record at most, and this row gives {words}.")
    for name in RELATIONS:
        put_relation(draft, name)
    if given and given[0] in draft.body:
        for name in RELATIONS:
            if name not in given and draft.now(name) is not None and name not in draft.body:
                draft.put(name, None, old=shown(draft.now(name)), new=None)


_WORDS: Final = {"party": "a contact", "opportunity": "an opportunity", "kase": "a project"}


def find_related(draft: Draft, name: str) -> Record:
    """Return the record that a relation's value means, by id or out of what was read beforehand; raises Unfit."""
    value = draft.row[name]
    number = id_of(value)
    if number is not None:
        return {"id": number}
    stream = RELATIONS[name]
    known = draft.known.records.get(stream) or ()
    found = {id_in(each): each for each in known if names_it(each, value)}
    plural = RESOURCES[stream].plural
    if not found:
        way = "e-mail address or name" if name == "party" else "name"
        raise Unfit(f"No record of {plural} has the {way} “{tidy(value)}”. Give another one, or the id.")
    if len(found) > 1:
        labels = name_some([f"{shown(each)} (#{number})" for number, each in found.items()])
        raise Unfit(f"More than one record of {plural} is meant by “{tidy(value)}”: {labels}. Give the id.")
    return next(iter(found.values()))


def names_it(record: Record, value: Any) -> bool:
    """Tell whether a text is the name or an e-mail address of a record."""
    addresses = [each.get("address") for each in record.get("emailAddresses") or ()]
    whole = " ".join(str(record[name]) for name in ("firstName", "lastName") if record.get(name))
    names = [record.get("name"), whole, *addresses]
    return any(loose(each) == loose(value) for each in names if not is_blank(each))


def put_tracks(draft: Draft, field: TemplateField) -> None:
    """Start tracks on a new record: they can only be named when it is made."""
    if not draft.creating or not draft.gives(field.name):
        return
    given = draft.row[field.name]
    choices = field.choices or Choices(stream="")
    several = given if isinstance(given, list) else [given]
    chosen = [draft.look(each, choices, title="Track") for each in several]
    draft.put("tracks", [each["id"] for each in chosen], new=[shown(each, choices) for each in chosen])
