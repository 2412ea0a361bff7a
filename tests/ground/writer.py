"""Somebody who writes to the sandbox's API with a token of their own, as any client would."""

from typing import Any, Final

from consentry.sandbox import World
from consentry.sandbox.seed import Crm
from ground.applicant import Answer, Applicant

EMPTY: Final = "freshstart"
"""The account without records."""
KEYS: Final = {
    "parties": "party",
    "opportunities": "opportunity",
    "kases": "kase",
    "tasks": "task",
    "entries": "entry",
    "tracks": "track",
    "pipelines": "pipeline",
    "milestones": "milestone",
    "boards": "board",
    "stages": "stage",
    "lostreasons": "lostReason",
    "trackdefinitions": "trackDefinition",
    "categories": "category",
    "activitytypes": "activityType",
    "goals": "goal",
    "titles": "personTitle",
}
"""The wrapper of a record, by the path it is written to."""


class Writer:
    """Reads and writes; what is sent is wrapped in the key of its path."""

    def __init__(self, applicant: Applicant, token: str) -> None:
        self.applicant = applicant
        self._headers = {"Authorization": f"Bearer {token}"}

    @property
    def world(self) -> World:
        """Return the memory of the sandbox."""
        return self.applicant.sandbox.world

    @property
    def crm(self) -> Crm:
        """Return the records of the empty account."""
        return self.world.crm(EMPTY)

    async def send(self, method: str, path: str, **given: Any) -> Answer:
        """Send anything."""
        headers = {**self._headers, **given.pop("headers", {})}
        return await self.applicant.send(method, f"/api/v2/{path}", headers=headers, **given)

    async def get(self, path: str) -> Any:
        """Read what must be there."""
        answer = await self.send("GET", path)
        assert answer.status == 200, answer.text
        return answer.json

    async def post(self, path: str, **values: Any) -> Answer:
        """Create."""
        return await self.send("POST", path, json={key_of(path): values})

    async def put(self, path: str, number: int, **values: Any) -> Answer:
        """Update."""
        return await self.send("PUT", f"{path}/{number}", json={key_of(path): values})

    async def delete(self, path: str, number: int) -> Answer:
        """Delete."""
        return await self.send("DELETE", f"{path}/{number}")

    async def make(self, path: str, **values: Any) -> dict[str, Any]:
        """Create what must be taken, and return it as a read shows it."""
        answer = await self.post(path, **values)
        assert answer.status == 201, answer.text
        return await self.show(path, answer.json[key_of(path)]["id"])

    async def change(self, path: str, number: int, **values: Any) -> dict[str, Any]:
        """Update what must be taken, and return it as a read shows it."""
        answer = await self.put(path, number, **values)
        assert answer.status == 200, answer.text
        return await self.show(path, number)

    async def show(self, path: str, number: int) -> dict[str, Any]:
        """Return a record with everything that can be embedded."""
        shown: dict[str, Any] = (await self.get(f"{path}/{number}?embed=tags,fields,task,missingImportantFields"))[
            key_of(path)
        ]
        return shown

    async def named(self, path: str, name: str, member: str = "name") -> dict[str, Any]:
        """Return the record of a list that has a name."""
        records = next(each for key, each in (await self.get(f"{path}?perPage=100")).items() if key != "meta")
        return next(each for each in records if each[member] == name)


def key_of(path: str) -> str:
    """Return the wrapper of what is written to a path."""
    if path.endswith("/tags"):
        return "tag"
    return "definition" if path.endswith("/definitions") else KEYS[path]


def complaints(answer: Answer) -> list[tuple[str, str, str]]:
    """Return what a refusal complains about: resource, field and message of each error."""
    assert answer.status == 422, answer.text
    assert answer.json["message"] == "Validation Failed"
    return [(each["resource"], each["field"], each["message"]) for each in answer.json["errors"]]
