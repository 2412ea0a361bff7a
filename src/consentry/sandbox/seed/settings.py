"""What an administrator sets up: users, teams, tags, custom fields, pipelines, boards, tracks, categories, goals."""

from datetime import timedelta
from typing import Any, Final

from consentry.sandbox.accounts import User
from consentry.sandbox.records import stamp
from consentry.sandbox.seed.draw import BEGIN, END, Draw, picture, reference, user_reference

ENTITIES: Final = ("parties", "opportunities", "kases")
TITLES: Final = ("Mr", "Ms", "Mrs", "Mx", "Dr", "Prof", "Frau", "Herr", "Mme")
ACTIVITY_TYPES: Final = (
    (-1, "Note", "note", False),
    (-2, "Meeting", "meeting", True),
    (-3, "Call", "phone", True),
    (-4, "Task completed", "tick", False),
    (-5, "Email sent", "mail-out", True),
    (-6, "Email received", "mail-in", True),
)
CATEGORIES: Final = (
    ("Call", "#3346c8"),
    ("Email", "#17693f"),
    ("Follow-up", "#8a4f00"),
    ("Meeting", "#b0251c"),
    ("To do", "#596070"),
)
LOST_REASONS: Final = (
    ("Price", True),
    ("No answer", True),
    ("Chose a competitor", True),
    ("Duplicate", False),
)
TAGS: Final = {
    "parties": (
        ("VIP", None, False),
        ("Kundin", "Buys already", True),
        ("Newsletter", None, False),
        ("仕入先", None, False),
    ),
    "opportunities": (("Urgent", None, False), ("Tender", "Public procurement", True), ("Upsell 📈", None, False)),
    "kases": (("Warranty", "Repairs are free", True), ("On site", None, False)),
}
# Type names of multi-select lists and of large text aren't published; a reader must take unknown ones as text.
_DEFINITIONS: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "parties": (
        {"name": "Customer number", "type": "text", "important": True},
        {"name": "Contract ends", "type": "date"},
        {"name": "Industry", "type": "list", "options": ["Manufacturing", "Retail", "Öffentlicher Dienst", "Other"]},
        {"name": "Wants the newsletter", "type": "boolean"},
        {"name": "Employees", "type": "number", "captureRule": "organisation"},
        {"name": "Support portal", "type": "link", "description": "https://support.example/customers/{value}"},
        {"name": "Languages", "type": "multiselect", "options": ["English", "Deutsch", "Français", "日本語"]},
        {"name": "Background", "type": "largetext"},
        {"name": "Customer since", "type": "date", "tag": "Kundin"},
    ),
    "opportunities": (
        {"name": "Competitor", "type": "text", "description": "Who else makes an offer"},
        {"name": "Needs approval", "type": "boolean", "important": True},
        {"name": "Discount in percent", "type": "number"},
        {"name": "Tender number", "type": "text", "tag": "Tender"},
    ),
    "kases": (
        {"name": "Site visit", "type": "date", "description": "When somebody goes there"},
        {"name": "Severity", "type": "list", "options": ["low", "middle", "high"]},
        {"name": "Warranty until", "type": "date", "tag": "Warranty"},
    ),
}
PIPELINES: Final = (
    ("Sales", False, (("New", 5), ("Bid", 40), ("Negotiation", 70), ("Won", 100), ("Lost", 0))),
    ("Renewals", False, (("Due", 60), ("Offered", 80), ("Renewed", 100), ("Cancelled", 0))),
    ("Fairs 2022", True, (("Met", 10), ("Won", 100), ("Lost", 0))),
)
BOARDS: Final = (
    ("Delivery", False, ("Planned", "Under way", "Abnahme", "Done")),
    ("Support", False, ("Inbox", "Waiting", "Solved")),
    ("Move to the new office", True, ("To do", "Done")),
)


def sow_settings(draw: Draw) -> None:
    """Fill in everything that records refer to."""
    _sow_users(draw)
    for entity in ENTITIES:
        _sow_tags(draw, entity)
        _sow_definitions(draw, entity)
    _sow_pipelines(draw)
    _sow_boards(draw)
    _sow_lists(draw)
    _sow_track_definitions(draw)
    _sow_goals(draw)


def _sow_users(draw: Draw) -> None:
    for user in draw.account.users:
        draw.crm["users"].add(user_values(draw, user))
    for name, members in (("Sales", draw.account.users[:2]), ("Kundendienst", draw.account.users[1:])):
        memberships = [{"user": user_reference(user)} for user in members]
        draw.crm["teams"].add({"id": draw.id("team"), "name": name, **draw.times(), "memberships": memberships})


def user_values(draw: Draw, user: User) -> dict[str, Any]:
    """Return a user as `/users` shows them."""
    return {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "locale": user.locale,
        "timezone": user.timezone,
        "currency": user.currency,
        "status": "ACTIVE",
        "lastLoginAt": stamp(draw.moment()),
        "taskReminder": draw.whether(0.5),
        "emailPreference": "GMAIL",
        "clickToCallPreference": "TEL",
        "preferredEmailFromAddress": user.email,
        "party": None,
        "loggedIn": True,
        "deleted": False,
        "pictureURL": picture(),
    }


def _sow_tags(draw: Draw, entity: str) -> None:
    for name, description, data_tag in TAGS[entity]:
        tag = {"id": draw.id(f"{entity} tag"), "name": name, "description": description, "dataTag": data_tag}
        draw.crm[f"{entity}/tags"].add(tag)


def _sow_definitions(draw: Draw, entity: str) -> None:
    tags = {tag["name"]: tag for tag in (record.decode() for record in draw.crm[f"{entity}/tags"].all())}
    for order, given in enumerate(_DEFINITIONS[entity]):
        tag = tags.get(given.get("tag", ""))
        values: dict[str, Any] = {
            "id": draw.id("definition " + entity),
            "description": None,
            "captureRule": None,
            "important": False,
            "displayOrder": order,
            **given,
            "tag": None if tag is None else reference(tag, "name"),
        }
        parents = [] if tag is None else [("tag", tag["id"])]
        draw.crm[f"{entity}/fields/definitions"].add(values, parents=parents)


def _holder(draw: Draw, kind: str, order: int, name: str, *, archived: bool) -> dict[str, Any]:
    created = BEGIN + timedelta(days=40 * order)
    return {
        "id": draw.id(kind),
        "name": name,
        "description": "No longer in use" if archived else None,
        "deleted": archived,
        "createdAt": stamp(created),
        "updatedAt": stamp(draw.moment(created)),
    }


def _sow_pipelines(draw: Draw) -> None:
    for order, (name, archived, milestones) in enumerate(PIPELINES):
        pipeline = _holder(draw, "pipeline", order, name, archived=archived)
        draw.crm["pipelines"].add(pipeline)
        for title, probability in milestones:
            milestone = {
                "id": draw.id("milestone"),
                "name": title,
                "description": "Both sides have signed" if probability == 100 else None,
                "complete": probability in (0, 100),
                "probability": probability,
                "daysUntilStale": None if probability in (0, 100) else 30,
                "pipeline": reference(pipeline, "name"),
                **draw.times(),
            }
            draw.crm["milestones"].add(milestone)


def _sow_boards(draw: Draw) -> None:
    for number, (name, archived, stages) in enumerate(BOARDS):
        board = _holder(draw, "board", number, name, archived=archived)
        draw.crm["boards"].add(board)
        for order, title in enumerate(stages):
            stage = {
                "id": draw.id("stage"),
                "name": title,
                "description": "Nothing left to do" if title == "Done" else None,
                "board": reference(board, "name"),
                "displayOrder": order,
                **draw.times(),
            }
            draw.crm["stages"].add(stage)


def _sow_lists(draw: Draw) -> None:
    for name, counts in LOST_REASONS:
        reason = {"id": draw.id("lost reason"), "name": name, "includedForConversion": counts, **draw.times()}
        draw.crm["lostreasons"].add(reason)
    for name, colour in CATEGORIES:
        draw.crm["categories"].add({"id": draw.id("category"), "name": name, "colour": colour})
    for title in TITLES:
        draw.crm["titles"].add({"id": draw.id("title"), "title": title})
    for type_id, name, icon, contacted in ACTIVITY_TYPES:
        drawn = {"id": -type_id, "displayName": name, "iconName": icon, "isSystem": True, "order": -type_id}
        draw.crm["activitytypes/icons"].add(drawn)
        values = {"id": type_id, "name": name, "icon": drawn, "updateLastContacted": contacted}
        draw.crm["activitytypes"].add(values)


def _sow_track_definitions(draw: Draw) -> None:
    categories = [record.decode() for record in draw.crm["categories"].all()]
    for rule, description in (("PARTY", "Welcome"), ("OPPORTUNITY", "Offer and follow up"), ("CASEFILE", "Hand over")):
        tasks = [
            {
                "id": draw.id("task definition"),
                "description": f"{description}: step {step + 1}",
                "daysAfterRule": "TRACK_START" if step == 0 else "LAST_TASK",
                "daysAfter": step * 2,
                "displayOrder": step,
                "dayDelayRule": "TRACK_WORKDAYS",
                "category": draw.one(categories),
                "trackTaskAssignee": _assignee(draw, step),
                **draw.times(),
            }
            for step in range(3)
        ]
        definition = {
            "id": draw.id("track definition"),
            "description": description,
            "tag": "VIP,Newsletter" if rule == "PARTY" else None,
            "captureRule": rule,
            "direction": "START_DATE",
            **draw.times(),
            "taskDefinitions": tasks,
        }
        draw.crm["trackdefinitions"].add(definition)


def _assignee(draw: Draw, step: int) -> dict[str, Any]:
    if step < 2:
        return {"assigneeType": "TRACK_OWNER", "owner": None}
    return {"assigneeType": "USER", "owner": user_reference(draw.account.users[0])}


def _sow_goals(draw: Draw) -> None:
    pipeline = draw.crm["pipelines"].all()[0].decode()
    milestone = draw.crm["milestones"].all()[1].decode()
    owner = draw.account.users[0]
    for name, goal_type, value, currency, aims_at_milestone in (
        ("Revenue won", "bbc7a4b4-78eb-3bbd-85bb-9f20ec2e3f5d", 50_000.0, owner.currency, False),
        ("Deals won", "264be3b0-490b-3d73-ae0d-d02b488ba1eb", 12.0, None, False),
        ("Bids made", "1659cb58-2401-30eb-aa82-c42771aea74e", 30.0, None, True),
    ):
        goal = {
            "id": draw.id("goal"),
            "name": name,
            "frequency": "MONTHLY",
            "startOn": BEGIN.date().isoformat(),
            "endOn": END.date().isoformat(),
            "type": goal_type,
            "value": value,
            "currency": currency,
            "user": user_reference(owner),
            "status": "ACTIVE",
            "pipeline": None if aims_at_milestone else reference(pipeline, "name"),
            "milestone": reference(milestone, "name") if aims_at_milestone else None,
            **draw.times(),
        }
        draw.crm["goals"].add(goal)
        _sow_periods(draw, goal)


def _sow_periods(draw: Draw, goal: dict[str, Any]) -> None:
    for month in range(6):
        start = (END - timedelta(days=30 * (6 - month))).date()
        current = round(goal["value"] * draw.lots.fraction() * 1.2, 2)
        period = {
            "id": draw.id("goal period"),
            "goal": {"id": goal["id"]},
            "startOn": start.isoformat(),
            "endOn": (start + timedelta(days=29)).isoformat(),
            "completedOn": (start + timedelta(days=20)).isoformat() if current >= goal["value"] else None,
            "targetValue": goal["value"],
            "currentValue": current,
        }
        draw.crm["goals/periods"].add(period)
