"""Who looks after a record: the rules of `owner` and `team`, which belong together."""

from typing import Any

from consentry.sandbox.seed.draw import user_reference
from consentry.sandbox.writing.draft import Draft
from consentry.sandbox.writing.fields import Fields, reference
from consentry.sandbox.writing.shape import Check

USER_KEYS = ("username", "name", "deleted", "pictureURL")
HOLDERS: Fields = {"owner": reference("users", *USER_KEYS), "team": reference("teams", "name")}


def token_user(draft: Draft) -> dict[str, Any]:
    """Return a reference to the user behind the token."""
    return user_reference(draft.call.user)


def check_holders(*, needed: bool) -> Check:
    """Make the check of both: an owner alone clears the team, and must be among the members of a team beside it."""

    def check(draft: Draft) -> None:
        if draft.is_new and "owner" not in draft.given:
            draft.values["owner"] = token_user(draft)
        if not draft.is_new and "owner" in draft.given and "team" not in draft.given:
            draft.values["team"] = None
        owner, team = draft.values["owner"], draft.values["team"]
        if owner is not None and team is not None and _touched(draft) and not _is_member(draft, owner, team):
            draft.refuse("owner", "owner must be a member of the team")
        if needed and owner is None and team is None:
            draft.refuse("owner", "owner or team is required")

    return check


def _touched(draft: Draft) -> bool:
    return draft.is_new or bool({"owner", "team"} & set(draft.given))


def _is_member(draft: Draft, owner: dict[str, Any], team: dict[str, Any]) -> bool:
    record = draft.crm["teams"].find(team["id"])
    memberships = [] if record is None else record.decode()["memberships"]
    return owner["id"] in {each["user"]["id"] for each in memberships}
