"""A signed-in client of the sandbox that writes too, and what a destination reads before its first row."""

from collections.abc import Callable
from typing import Any

import msgspec

from consentry.connectors import Answer, Connector, Known, Planned, Record, Row, Template, Wish, Writing, read
from consentry.errors import RateLimited
from ground.sandbox_reader import SandboxReader


class SandboxWriter(SandboxReader):
    """Signed in at the sandbox for writing, without any code of the product between."""

    async def send(
        self, method: str, path: str, body: object | None = None, *, before: Callable[[], None] | None = None
    ) -> Answer:
        """Send once; return the answer whatever its status below 500."""
        if before is not None:
            before()
        self.asked += 1
        given: dict[str, Any] = {} if body is None else {"data": msgspec.json.encode(body)}
        headers = self._header | {"Content-Type": "application/json"}
        answer = await self._applicant.send(method, path, headers=headers, **given)
        if answer.status == 429:
            raise RateLimited
        assert answer.status < 500, answer.text
        named = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(status=answer.status, headers=named, body=answer.text.encode())


class Desk:
    """Plans and sends rows by the templates of a connector, one at a time."""

    def __init__(self, connector: Connector, client: SandboxWriter, known: Known) -> None:
        assert connector.writing is not None
        self.connector = connector
        self.writing: Writing = connector.writing
        self.client = client
        self.known = known

    def template(self, name: str) -> Template:
        """Return a template that there is."""
        found = self.writing.template(name)
        assert found is not None, name
        return found

    async def plan(self, name: str, row: Row, current: Record | None = None, **wish: Any) -> Planned:
        """Plan a row against the record as it is now."""
        template = self.template(name)
        known = self.known
        if self.writing.prepare is not None:
            known = await self.writing.prepare(self.client, template, [row], known=known)
        if current is not None and template.stream != "entries":
            current = await self.again(template, current)
        return self.writing.plan(template, row, current, wish=Wish(**wish), known=known)

    async def again(self, template: Template, record: Record) -> Record | None:
        """Return a record as it is now."""
        found = await self.writing.find(self.client, template, "id", [record["id"]], known=self.known)
        return next(iter(found[record["id"]]), None)

    async def answer(self, planned: Planned) -> Answer:
        """Send what was planned."""
        assert planned.request is not None, planned
        request = planned.request
        return await self.client.send(request.method, request.path, request.body)

    async def write(self, name: str, row: Row, current: Record | None = None, **wish: Any) -> Record:
        """Plan and send a row, and see that nothing is left to do; return the record as the answer has it."""
        planned = await self.plan(name, row, current, **wish)
        answer = await self.answer(planned)
        assert answer.status in (200, 201), answer.body
        record = self.writing.record_of(self.template(name), answer)
        assert record is not None
        return record


async def read_known(connector: Connector, client: SandboxWriter) -> Known:
    """Read every stream that choices and custom fields of templates name."""
    assert connector.writing is not None
    chosen = [field.choices for template in connector.writing.templates for field in template.fields]
    defined = [template.custom_fields for template in connector.writing.templates]
    names = {choices.stream for choices in chosen if choices is not None} | {name for name in defined if name}
    records: dict[str, list[Record]] = {}
    for name in sorted(names):
        stream = connector.stream(name)
        assert stream is not None, name
        records[name] = [each async for page in read(client, connector, stream) for each in page.records]
    return Known(records=records)
