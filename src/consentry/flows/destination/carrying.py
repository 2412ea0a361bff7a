"""Prepares a claimed run of a destination: who may write, what the template is, where rows come from."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from consentry import credentials
from consentry.audit import CONSENTRY, Action, Actor
from consentry.connectors import Connector, Template, Writing
from consentry.credentials import Credential, SignedIn
from consentry.errors import AuthorizationRequired, ConsentryError, FieldError, InvalidInput, LeaseTaken, ScopeMissing
from consentry.flows.destination import form, row_listing, row_store
from consentry.flows.destination.answers import Answers, KeptAnswers, NoAnswers
from consentry.flows.destination.execution import execute
from consentry.flows.destination.keys import match_of
from consentry.flows.destination.ledger import Book
from consentry.flows.destination.model import Destination, NewDestination, RowsSpec
from consentry.flows.destination.origin import Origin, open_rows
from consentry.flows.destination.raw import RawRow
from consentry.flows.destination.work import Batches, Holding, OpenRows, Work
from consentry.flows.model import Run, RunStatus, Trouble
from consentry.flows.room import Room

_BATCH: Final = 500


async def carry_out(
    room: Room, run: Run, destination: Destination, fence: int, watch: Holding
) -> tuple[RunStatus, Trouble | None]:
    """Work on a run to its end; raise what `execute` raises."""
    try:
        work = await _prepare(room, run, destination, fence)
    except LeaseTaken:
        raise
    except ConsentryError as error:
        return RunStatus.FAILED, Trouble(code=error.code, message=error.message, hint=error.hint)
    return await execute(room, work, watch, _answers(room, work, watch))


def _answers(room: Room, work: Work, watch: Holding) -> Answers:
    stream = work.connector.stream(work.template.stream or "")
    if work.destination.dataset is None or stream is None:
        return NoAnswers()
    return KeptAnswers(room, work, watch, stream)


async def _prepare(room: Room, run: Run, destination: Destination, fence: int) -> Work:
    connector = room.catalogue.get(destination.connector)
    template = form.template_of(connector, destination.template)
    client = await sign_in(room, CONSENTRY, destination, connector, template)
    async with room.database.reading() as connection:
        standing = await row_store.get_standing(connection, run.id)
    request = standing.request
    if request.retry_of is not None:
        opened = _open_retry(room, request.retry_of, request.mended)
    else:
        opened = open_origin(room, request.rows or destination.rows)
    return Work(
        destination=destination,
        run_id=run.id,
        is_retry=request.retry_of is not None,
        connector=connector,
        writing=writing_of(connector),
        template=template,
        client=client,
        open_rows=opened,
        book=book_of(destination, template, client.credential),
        fence=fence,
        owner=room.owner,
        database=room.database,
        clock=room.clock,
        randomness=room.randomness,
        steps=room.steps,
        settle=room.settle,
    )


def writing_of(connector: Connector) -> Writing:
    """Return how the connector writes; raise InvalidInput when it can only be read."""
    if connector.writing is None:
        raise InvalidInput(FieldError(field="template", message=f"{connector.title} can only be read."))
    return connector.writing


async def sign_in(
    room: Room,
    actor: Actor,
    new: NewDestination,
    connector: Connector,
    template: Template,
    *,
    action: Action = Action.DESTINATION_WRITE,
) -> SignedIn:
    """Return a client that may write; raise AuthorizationRequired, or ScopeMissing for a grant that only reads."""
    client = await credentials.client(room.credentials, actor, new.credential_id, action=action)
    grant = client.credential.grant
    if grant is None:
        raise AuthorizationRequired
    granted = grant.granted_scope.split()
    needed = connector.oauth.write_scopes if template.writes_scope else ()
    if granted and needed and not set(needed) & set(granted):
        raise ScopeMissing(
            f"The grant of this credential lets read only ({grant.granted_scope}); writing needs {' or '.join(needed)}."
        )
    return client


def book_of(destination: Destination, template: Template, credential: Credential) -> Book:
    """Return the part of the ledger that counts: ids of one account mean nothing in another."""
    account = credential.grant.account if credential.grant else None
    of_whom = account.subdomain if account is not None and account.subdomain else f"credential {credential.id}"
    by = match_of(template, destination.match_on)
    return Book(
        destination_id=destination.id,
        space=f"{of_whom}/{template.stream or ''}",
        way=f"{template.name}/{by or ''}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfOrigin:
    origin: Origin

    @property
    def keeps_order(self) -> bool:
        """Whether row N is the same row when it is read again."""
        return self.origin.about.keeps_order

    def batches(self) -> AsyncIterator[list[RawRow]]:
        """Give the rows some hundreds at a time."""
        return self.origin.batches()


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfRetry:
    """The rows of an ended run that are to be tried again, as they were or as they were mended."""

    room: Room
    run_id: int
    mended: Mapping[int, Mapping[str, Any]]
    after: int
    keeps_order: bool = True

    async def batches(self) -> AsyncIterator[list[RawRow]]:
        """Give the rows some hundreds at a time."""
        after = self.after
        while True:
            async with self.room.database.reading() as connection:
                rows = await row_listing.list_to_retry(connection, self.run_id, after, _BATCH)
            if not rows:
                return
            yield [RawRow(row=each.row, values=self.mended.get(each.row, each.values)) for each in rows]
            after = rows[-1].row


def open_origin(room: Room, spec: RowsSpec) -> OpenRows:
    """Return what opens the rows of a description."""

    @asynccontextmanager
    async def opened(after: int) -> AsyncIterator[Batches]:
        async with open_rows(room, spec, after=after) as origin:
            yield _OfOrigin(origin=origin)

    return opened


def _open_retry(room: Room, run_id: int, mended: Mapping[int, Mapping[str, Any]]) -> OpenRows:
    @asynccontextmanager
    async def opened(after: int) -> AsyncIterator[Batches]:
        yield _OfRetry(room=room, run_id=run_id, mended=mended, after=after)

    return opened
