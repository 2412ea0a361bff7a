"""A whole account read through the API and written into the empty one: what was written is what is read."""

from collections.abc import Callable
from typing import Any, Final

from ground.writer import Writer

Values = dict[str, Any]
_NESTED: Final = ("addresses", "phoneNumbers", "websites", "emailAddresses")
_SHARED: Final = ("about", "title", "firstName", "lastName", "jobTitle", "name", *_NESTED)
_DEAL: Final = ("name", "description", "expectedCloseOn", "durationBasis", "duration", "closedOn", "value")
_PROJECT: Final = ("name", "description", "expectedCloseOn", "startOn", "status")
_TASK: Final = ("description", "detail", "dueOn", "dueTime", "status", "completedAt", "repeat")
_NOTE: Final = ("type", "content", "entryAt")


def without_ids(values: Any) -> Any:
    """Take ids away, and what hangs on the account."""
    if isinstance(values, dict):
        return {key: without_ids(each) for key, each in values.items() if key not in ("id", "tagId", "username")}
    return [without_ids(each) for each in values] if isinstance(values, list) else values


class Copier:
    """Writes what it read, with every reference turned into one of the account it writes to."""

    def __init__(self, source: Writer, target: Writer) -> None:
        self.source = source
        self.target = target
        self.ids: dict[tuple[str, int], int] = {}
        self.named: dict[str, dict[str, int]] = {}

    async def learn(self) -> None:
        """Note what is the same by name in both."""
        for path in ("users", "teams", "milestones/all", "stages", "boards", "lostreasons"):
            shown = "?status=all&includeOnDeletedBoard=true&perPage=100"
            records = next(iter((await self.target.get(path + shown)).values()))
            self.named[path.split("/")[0]] = {self.name(each): each["id"] for each in records}

    @staticmethod
    def name(values: Values) -> str:
        """Name a record with what it belongs to, as names alone come twice."""
        holder = values.get("pipeline") or values.get("board") or {}
        return f"{holder.get('name', '')} {values['name']}"

    def by_name(self, path: str, values: Values | None) -> Values | None:
        if values is None:
            return None
        number = self.named[path].get(self.name(values))
        return None if number is None else {"id": number}

    def by_id(self, path: str, values: Values | None) -> Values | None:
        return None if values is None else {"id": self.ids[path, values["id"]]}

    async def everything(self, path: str, key: str, more: str = "") -> list[Values]:
        found: list[Values] = []
        for page in range(1, 10):
            answer = await self.source.get(f"{path}?perPage=100&page={page}&embed=tags,fields{more}")
            found += answer[key]
            if len(answer[key]) < 100:
                break
        return found

    async def copy(self, path: str, records: list[Values], translate: Callable[[Values], Values]) -> None:
        for record in records:
            made = await self.target.make(path, **translate(record))
            self.ids[path, record["id"]] = made["id"]
            wanted, kept = without_ids(translate(record)), without_ids(made)
            for member in set(wanted) - {"owner", "team", "party", "organisation", "opportunity", "kase", "tracks"}:
                assert self.seen(member, kept[member]) == self.seen(member, wanted[member]), (path, member)

    @staticmethod
    def seen(member: str, value: Any) -> Any:
        """Leave of a value what both sides can know."""
        match member:
            case "tags":
                return [tag["name"] for tag in value]
            case "fields":
                return [(each["definition"]["name"], each["value"]) for each in value]
            case "websites":
                return [{key: each[key] for key in each if key != "url"} for each in value]
            case "milestone" | "stage" | "lostReason" | "category" | "activityType":
                return None
        return value

    def marks(self, record: Values) -> Values:
        return {
            "owner": self.by_name("users", record["owner"]),
            "team": self.by_name("teams", record["team"]),
            "tags": [{"name": tag["name"]} for tag in record["tags"]],
            "fields": [
                {"definition": {"name": each["definition"]["name"]}, "value": each["value"]}
                for each in record["fields"]
            ],
        }

    def party(self, record: Values) -> Values:
        values: Values = {key: record[key] for key in _SHARED if key in record}
        for member in _NESTED:
            values[member] = [{key: each[key] for key in each if key not in ("id", "url")} for each in record[member]]
        if record["type"] == "person":
            values["organisation"] = self.by_id("parties", record["organisation"])
        return {"type": record["type"], **values, **self.marks(record)}

    def held(self, record: Values) -> Values:
        """Give what had a former user as its owner to somebody who is there."""
        marks = self.marks(record)
        if marks["owner"] is None and marks["team"] is None:
            marks["owner"] = next({"id": each} for each in self.named["users"].values())
        return {**marks, "party": self.by_id("parties", record["party"])}

    def opportunity(self, record: Values) -> Values:
        return {
            **{key: record[key] for key in _DEAL},
            **self.held(record),
            "milestone": {"id": self.steps[record["milestone"]["id"]]},
            "lostReason": self.by_name("lostreasons", record["lostReason"]),
        }

    def project(self, record: Values) -> Values:
        return {
            **{key: record[key] for key in _PROJECT},
            **self.held(record),
            "opportunity": self.by_id("opportunities", record["opportunity"]),
            "stage": record["stage"] and self.stages[record["stage"]["id"]],
        }

    def about(self, record: Values) -> Values:
        return {
            "party": self.by_id("parties", record["party"]),
            "opportunity": self.by_id("opportunities", record["opportunity"]),
            "kase": self.by_id("kases", record["kase"]),
        }

    def task(self, record: Values) -> Values:
        category = record["category"] and {"name": record["category"]["name"]}
        owner = self.by_name("users", record["owner"])
        return {**{key: record[key] for key in _TASK}, **self.about(record), "category": category, "owner": owner}

    def note(self, record: Values) -> Values:
        activity = {"id": record["activityType"]["id"]}
        return {**{key: record[key] for key in _NOTE}, **self.about(record), "activityType": activity}

    async def learn_steps(self) -> None:
        """Note which milestone and stage stands for which."""
        shown = "?status=all&includeOnDeletedBoard=true&perPage=100"
        self.steps = {
            each["id"]: self.named["milestones"][self.name(each)]
            for each in (await self.source.get("milestones/all?perPage=100"))["milestones"]
        }
        self.stages = {
            each["id"]: self.named["stages"][self.name(each)]
            for each in (await self.source.get("stages" + shown))["stages"]
        }


async def test_a_whole_account_is_copied_into_the_empty_one(writer: Writer) -> None:
    writer.world.turn(rate_limit=None)
    tokens = await writer.applicant.tokens()
    copier = Copier(Writer(writer.applicant, tokens["access_token"]), writer)
    await copier.learn()
    await copier.learn_steps()
    parties = await copier.everything("parties", "parties")
    await copier.copy("parties", sorted(parties, key=lambda each: each["type"] == "person"), copier.party)
    await copier.copy("opportunities", await copier.everything("opportunities", "opportunities"), copier.opportunity)
    await copier.copy("kases", await copier.everything("kases", "kases"), copier.project)
    tasks = await copier.everything("tasks", "tasks", "&status=open,completed")
    await copier.copy("tasks", tasks, copier.task)
    notes = [each for each in await copier.everything("entries", "entries") if each["type"] == "note"]
    await copier.copy("entries", notes, copier.note)
    counts = {path: len(writer.crm[path]) for path in ("parties", "opportunities", "kases", "tasks")}
    assert counts == {"parties": 260, "opportunities": 60, "kases": 40, "tasks": len(tasks)}
    employed = [each for each in parties if each.get("organisation")]
    assert employed
    for person in employed:
        copied = writer.crm["parties"].find(copier.ids["parties", person["id"]])
        assert copied is not None
        assert copied.decode()["organisation"]["name"] == person["organisation"]["name"]
        assert without_ids(copied.decode()["websites"]) == without_ids(person["websites"])
