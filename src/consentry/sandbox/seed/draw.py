"""Drawing lots, repeatably: the same seed and account give the same records on every machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeVar

from consentry.core.ids import Randomness
from consentry.sandbox.accounts import Account, User
from consentry.sandbox.records import stamp
from consentry.sandbox.seed.crm import Crm

T = TypeVar("T")
BEGIN: Final = datetime(2022, 1, 10, 8, tzinfo=UTC)
END: Final = datetime(2025, 6, 30, 18, tzinfo=UTC)
_PICTURE: Final = "https://pictures.capsule.example/avatar.png"


@dataclass(slots=True, kw_only=True)
class Draw:
    """The lots for one account, and the ids of its records."""

    account: Account
    crm: Crm
    lots: Randomness

    def id(self, kind: str) -> int:
        """Return the next id of a kind."""
        return self.crm.ids.next(kind)

    def one(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[int(self.lots.fraction() * len(choices))]

    def whether(self, chance: float) -> bool:
        """Tell whether a lot of this chance was drawn."""
        return self.lots.fraction() < chance

    def number(self, low: int, high: int) -> int:
        """Return a whole number, both ends included."""
        return low + int(self.lots.fraction() * (high - low + 1))

    def moment(self, after: datetime = BEGIN) -> datetime:
        """Return a moment between another one and the end of the seeded time, in whole seconds."""
        span = (END - after).total_seconds()
        return after + timedelta(seconds=int(self.lots.fraction() * span))

    def times(self) -> dict[str, str]:
        """Return `createdAt` and a later `updatedAt`."""
        created = self.moment()
        return {"createdAt": stamp(created), "updatedAt": stamp(self.moment(created))}

    def day(self, low: int = -300, high: int = 200) -> date:
        """Return a day so many days from the end of the seeded time."""
        return (END + timedelta(days=self.number(low, high))).date()

    def holders(self, *, needed: bool = False) -> dict[str, Any]:
        """Return who looks after a record: a user, at times a former one, a team of that user, or nobody."""
        lot = self.lots.fraction()
        owner = None if lot < 0.08 else self.account.former if lot < 0.12 else self.one(self.account.users)
        teams = [team for team in (record.decode() for record in self.crm["teams"].all()) if _may_hold(team, owner)]
        team = reference(self.one(teams), "name") if teams and self.whether(0.4) else None
        if needed and owner is None and team is None:
            owner = self.account.users[0]
        former = owner is self.account.former
        return {"owner": None if owner is None else user_reference(owner, former=former), "team": team}


def _may_hold(team: dict[str, Any], owner: User | None) -> bool:
    return owner is None or owner.id in {each["user"]["id"] for each in team["memberships"]}


def user_reference(user: User, *, former: bool = False) -> dict[str, Any]:
    """Return a user as other records name them."""
    return {"id": user.id, "username": user.username, "name": user.name, "deleted": former, "pictureURL": _PICTURE}


def reference(record: dict[str, Any], *keys: str) -> dict[str, Any]:
    """Return a record as other records name it: by id and a few more keys."""
    return {"id": record["id"], **{key: record[key] for key in keys}}


def party_reference(party: dict[str, Any]) -> dict[str, Any]:
    """Return a party as other records name it."""
    names = ("name",) if party["type"] == "organisation" else ("firstName", "lastName")
    return reference(party, "type", *names, "pictureURL")


def picture() -> str:
    """Return the address of the picture everybody has."""
    return _PICTURE
