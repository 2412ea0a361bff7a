"""Writing the short lists: lost reasons, categories, titles, activity types."""

from typing import Final

from consentry.sandbox.readers import Call
from consentry.sandbox.records import Record
from consentry.sandbox.writing.fields import flag, reference, text
from consentry.sandbox.writing.rules import at_most, unique
from consentry.sandbox.writing.shape import Shape, undeletable

_MOST_TITLES: Final = 50
LOST_REASON: Final = Shape(
    path="lostreasons",
    key="lostReason",
    kind="lost reason",
    fields={"name": text, "includedForConversion": flag},
    fresh={"name": None, "includedForConversion": True},
    required=("name",),
    checks=(unique("lostreasons"),),
    administrator=True,
)
CATEGORY: Final = Shape(
    path="categories",
    key="category",
    kind="category",
    fields={"name": text, "colour": text},
    fresh={"name": None, "colour": "#596070"},
    required=("name",),
    checks=(unique("categories"),),
    stamped=False,
)
TITLE: Final = Shape(
    path="titles",
    key="personTitle",
    kind="title",
    fields={"title": text},
    fresh={"title": None},
    required=("title",),
    checks=(unique("titles", "title"), at_most("titles", _MOST_TITLES)),
    stamped=False,
    administrator=True,
)
ACTIVITY_TYPE: Final = Shape(
    path="activitytypes",
    key="activityType",
    kind="activity type",
    fields={"name": text, "icon": reference("activitytypes/icons", "displayName", "iconName", "isSystem", "order"),
            "updateLastContacted": flag},
    fresh={"name": None, "icon": None, "updateLastContacted": False},
    required=("name",),
    checks=(unique("activitytypes"),),
    stamped=False,
)  # fmt: skip


def delete_title(call: Call, record: Record) -> None:
    """Delete a title that nobody has."""
    if call.crm["parties"].by("title", str(record.decode()["title"]).casefold()):
        raise undeletable("personTitle", "title is in use")
    call.crm["titles"].remove(record.id, at=call.now)


def delete_activity_type(call: Call, record: Record) -> None:
    """Delete an activity type unless it is built in."""
    if record.id < 0:
        raise undeletable("activityType", "built-in activity types can't be deleted")
    call.crm["activitytypes"].remove(record.id, at=call.now)
