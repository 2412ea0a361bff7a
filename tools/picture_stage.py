"""The Consentry that the pictures show: its rooms, its provider, and a week of a life like any other."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Final

from playwright.async_api import BrowserContext

from consentry import credentials, flows
from consentry.app import App
from consentry.audit import Actor
from consentry.core.clock import FakeClock
from consentry.core.secret import Secret
from consentry.credentials import CredentialId, NewCredential
from consentry.errors import ConsentryError
from consentry.flows import Mapped, NewDestination, NewSource, RowsSpec, Run, Schedule
from consentry.sandbox import RunningSandbox
from consentry.sandbox.records import stamp

EMAIL: Final = "ada@example.com"
ADA: Final = Actor(name=f"person:{EMAIL}", ip="192.0.2.7")
FIRST: Final = ("Mary", "Dorothy", "Jean", "Karen", "Evelyn", "Joan", "Margaret", "Frances")
LAST: Final = ("Jackson", "Vaughan", "Bartik", "Jones", "Boyd", "Clarke", "Hamilton", "Allen")
MAPPED: Final = {"firstName": "First name", "lastName": "Last name", "emailAddresses": "E-mail", "owner": "Owner"}
PEOPLE: Final = """First name,Last name,E-mail,Owner,Job title,Customer number
Grace,Hopper,grace.hopper@example.com,ada.marsh,Rear admiral,C-2041
Alan,Turing,alan.turing@example.com,the new one,Mathematician,C-2042
Katherine,Johnson,katherine.johnson@example.com,ben.okafor,Analyst,C-2043
Annie,Easley,annie.easley@example.com,ada.marsh,Programmer,C-2044
Radia,Perlman,,chiara.rossi,Engineer,C-2045
"""


class Stage:
    """The Consentry that is shown: its rooms, its provider, its clock, and the client that consent is given with."""

    def __init__(self, app: App, provider: RunningSandbox, clock: FakeClock, context: BrowserContext) -> None:
        self.app = app
        self.provider = provider
        self.clock = clock
        self._context = context
        self.application = provider.world.register(name="Data team", redirect_uri=app.settings.redirect_uri)

    async def add(self, name: str, description: str = "", scope: str = "") -> CredentialId:
        """Add a credential."""
        new = NewCredential(
            connector="capsule",
            name=name,
            description=description,
            client_id=self.application.client_id,
            client_secret=Secret(self.application.secrets[0]),
            scope=scope,
        )
        return (await credentials.create(self.app.credentials, ADA, new)).id

    async def link(self, credential_id: CredentialId) -> str:
        """Make a connect link; return its path."""
        made = await credentials.make_link(self.app.credentials, ADA, credential_id)
        return made.url.removeprefix(self.app.settings.public_url)

    async def consent(self, credential_id: CredentialId, user: str) -> None:
        """Give consent as a user of the provider."""
        token = (await self.link(credential_id)).rpartition("/")[2]
        begun = await credentials.begin_by_link(self.app.credentials, token, ADA.ip)
        form: dict[str, str | float | bool] = {"decision": "approve", "user": user}
        answer = await self._context.request.post(begun.authorize_url, form=form, max_redirects=0)
        query = answer.headers["location"].partition("?")[2]
        cookies = {begun.cookie_name: begun.cookie_value.reveal()}
        await credentials.complete(self.app.credentials, query, cookies, None, ADA.ip)

    async def refresh(self, credential_id: CredentialId, after: timedelta) -> None:
        """Let time pass, then refresh; whether that succeeds is part of the story."""
        self.clock.advance(after)
        with suppress(ConsentryError):
            await credentials.token(self.app.credentials, ADA, credential_id, force=True)

    async def live_a_week(self) -> None:
        """Fill the days before the pictures with a life like any other."""
        sales = await self.add("Sales CRM", "Read by the nightly reports. Ask Ada about it.")
        await self.consent(sales, "ada.marsh")
        for hours in (31, 26, 4):
            await self.refresh(sales, timedelta(hours=hours))
        self.provider.world.fail("token", 503)
        await self.refresh(sales, timedelta(hours=20))
        await self.refresh(sales, timedelta(minutes=40))
        await self.fill_a_destination(sales)
        finance = await self.add("Finance", "Invoices follow won opportunities.", scope="read")
        await self.consent(finance, "chiara.rossi")
        self.provider.world.withdraw("chiara.rossi")
        await self.refresh(finance, timedelta(hours=22))
        await self.add("Globex, subsidiary")
        await self.keep_a_dataset(sales)
        await self.follow_the_dataset(sales)
        mailing = await self.add("Mailing list", scope="read")
        await self.consent(mailing, "ben.okafor")
        self.provider.world.fail("token", 503)
        await self.refresh(mailing, timedelta(hours=1))
        self.provider.world.faults.clear()
        self.clock.advance(timedelta(minutes=3))
        await credentials.check(self.app.credentials, ADA, sales)
        self.clock.advance(timedelta(minutes=2))

    async def keep_a_dataset(self, credential_id: CredentialId) -> None:
        """Let a source run through a day of changes, with one stream refused once; and make one that hasn't run."""
        every = Schedule(every=timedelta(hours=3))
        new = NewSource(name="Sales CRM to the warehouse", credential_id=credential_id, schedule=every)
        source = await flows.create(self.app.flows, ADA, new)
        for changes in (0, 14, 3, 0, 22, 9, 5, 11):
            self.change(changes)
            if changes == 22:
                self.provider.world.fail("api", 403, path="/api/v2/tasks")
            await self.run(source.id)
            self.clock.advance(timedelta(hours=3))
        daily = Schedule(daily_at="06:00", timezone="Europe/Berlin")
        few = NewSource(
            name="Deals every morning",
            credential_id=credential_id,
            streams=("opportunities", "pipelines", "milestones"),
            schedule=daily,
        )
        await flows.create(self.app.flows, ADA, few)

    async def fill_a_destination(self, credential_id: CredentialId) -> None:
        """Let a destination run some times, with rows refused in between."""
        daily = Schedule(daily_at="07:00", timezone="Europe/Berlin")
        mapping = {name: Mapped(column=column) for name, column in MAPPED.items()}
        new = NewDestination(
            name="Visitors of the fair",
            credential_id=credential_id,
            template="upsert_person",
            rows=RowsSpec(file=await self.upload(PEOPLE)),
            mapping=mapping,
            match_on="emailAddresses",
            stop_after_refusals=20,
            schedule=daily,
        )
        destination = await flows.create_destination(self.app.flows, ADA, new)
        for first, count, wrong in ((0, 9, 1), (9, 4, 0), (9, 4, 0), (13, 12, 3), (0, 25, 0), (25, 7, 1)):
            rows = tuple(visitor(number, is_wrong=number < first + wrong) for number in range(first, first + count))
            await self.fill(destination.id, RowsSpec(inline=rows))
            self.clock.advance(timedelta(hours=20))

    async def follow_the_dataset(self, credential_id: CredentialId) -> None:
        """Make a destination that follows a source."""
        await flows.create_destination(
            self.app.flows,
            ADA,
            NewDestination(
                name="Scores to contacts",
                credential_id=credential_id,
                template="set_party_fields",
                rows=RowsSpec(sql="SELECT id, 'Retail' AS industry FROM sales_crm_to_the_warehouse.parties LIMIT 30"),
                mapping={"id": Mapped(column="id"), "fields.Industry": Mapped(column="industry")},
                match_on="id",
                schedule=Schedule(after_source=1),
            ),
        )

    async def upload(self, text: str) -> str:
        """Upload a file; return how rows name it."""

        async def pieces() -> AsyncIterator[bytes]:
            yield text.encode()

        return (await flows.put_upload(self.app.flows, ADA, "fair.csv", pieces())).file

    async def fill(self, destination_id: int, rows: RowsSpec | None = None) -> Run:
        """Run a destination to its end, while time goes by."""
        run = await flows.begin_destination_run(self.app.flows, ADA, destination_id, "hand", rows)
        await self.work(run.id)
        return run

    def change(self, count: int) -> None:
        """Change so many people of the account behind the API."""
        parties = self.provider.world.crm()["parties"]
        for record in parties.all()[:count]:
            parties.change(record.id, {"about": f"Called on {self.clock.now():%d %B}."}, at=stamp(self.clock.now()))

    async def run(self, source_id: int) -> None:
        """Run a source to its end, while time goes by."""
        run = await flows.begin_run(self.app.flows, ADA, source_id, "schedule")
        await self.work(run.id)

    async def work(self, run_id: int) -> None:
        """Work on a run to its end, while time goes by."""
        for claimed in await flows.claim(self.app.flows, 1, only=run_id):
            working = asyncio.create_task(flows.work(self.app.flows, claimed))
            while not working.done():
                await asyncio.sleep(0.05)
                self.clock.advance(timedelta(seconds=0.15))
            await working


def visitor(number: int, *, is_wrong: bool) -> Mapping[str, str]:
    """Return a row about somebody."""
    first, last = FIRST[number % len(FIRST)], LAST[number // len(FIRST) % len(LAST)]
    again = number // len(FIRST) // len(LAST) or ""
    return {
        "First name": first,
        "Last name": last,
        "E-mail": f"{first}.{last}{again}@example.com".lower(),
        "Owner": "somebody" if is_wrong else "ada.marsh",
    }
