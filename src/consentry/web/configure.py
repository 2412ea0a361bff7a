"""The last step of a new source: what to read, and sample rows of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import msgspec

from consentry import credentials
from consentry.audit import Action
from consentry.connectors import Connector, Stream
from consentry.credentials import Credential
from consentry.errors import ConsentryError, FieldError, InvalidInput, ReplyNotUnderstood
from consentry.web.connector_view import ConnectorView
from consentry.web.estimates import EstimateView
from consentry.web.fields import Field
from consentry.web.flow_kinds import FlowPage, FlowWords
from consentry.web.manual import read_parameters, read_path, read_records_path, records_of
from consentry.web.mishaps import errors_of
from consentry.web.modes import mode_of, tabs_of_new
from consentry.web.samples import Sample, failed_sample, sample_of, summary_of
from consentry.web.source_form import TypedSource
from consentry.web.source_step import SourceForm, form_view
from consentry.web.tiles import CredentialTile, credential_tile
from consentry.web.visit import SignedInVisit

SAMPLE_ROWS: Final = 5
AT_ONCE: Final = 4
SECONDS_A_STREAM: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurePage(FlowPage):
    """Step 3 of a new source: what to read, a test of it, where it goes and how often."""

    template: ClassVar[str] = "configure.html"
    fragment: ClassVar[str] = "samples.html"
    step: ClassVar[int] = 3
    connector: ConnectorView
    credential: CredentialTile
    form: SourceForm
    samples: tuple[Sample, ...]
    samples_summary: str
    estimate: EstimateView | None
    problem: str  # why there was nothing to test, or empty

    @property
    def wrong(self) -> tuple[Field, ...]:
        """The fields that need another look."""
        return self.form.wrong


def everything(connector: Connector, mode: str) -> TypedSource:
    """Return what is chosen before anybody has chosen: all streams."""
    names = tuple(stream.name for stream in connector.streams)
    return TypedSource(mode=mode_of(mode), streams=names)


async def take_samples(
    visit: SignedInVisit, connector: Connector, credential: Credential, chosen: TypedSource
) -> list[Sample]:
    """Read sample rows of what was chosen; raise InvalidInput when nothing usable was."""
    if chosen.mode == "manual":
        return [await _read_manual(visit, connector, credential, chosen)]
    streams = [stream for stream in connector.streams if stream.name in chosen.streams]
    if not streams:
        raise InvalidInput(FieldError(field="stream", message="Choose at least one stream."))
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(stream: Stream) -> Sample:
        async with gate:
            return await _read_stream(visit, credential, stream)

    return list(await asyncio.gather(*(one(stream) for stream in streams)))


async def _read_stream(visit: SignedInVisit, credential: Credential, stream: Stream) -> Sample:
    try:
        async with asyncio.timeout(SECONDS_A_STREAM):
            records = await credentials.read_sample(
                visit.app.credentials, visit.actor, credential.id, stream.name, SAMPLE_ROWS
            )
    except TimeoutError:
        return failed_sample(stream.title, f"No answer came within {SECONDS_A_STREAM} seconds.", "Try again later.")
    except ConsentryError as error:
        return failed_sample(stream.title, error.message, error.hint)
    return sample_of(stream.title, records)


async def _read_manual(
    visit: SignedInVisit, connector: Connector, credential: Credential, chosen: TypedSource
) -> Sample:
    path, parameters = read_path(chosen.manual_path, connector), read_parameters(chosen.manual_parameters)
    where = read_records_path(chosen.manual_records)
    client = await credentials.client(visit.app.credentials, visit.actor, credential.id, action=Action.TEST)
    try:
        answer = await client.get(path, parameters)
        records = records_of(_decoded(answer.body), where)
    except ConsentryError as error:
        return failed_sample(path, error.message, error.hint)
    return sample_of(path, records[:SAMPLE_ROWS])


def _decoded(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReplyNotUnderstood("The answer isn't JSON.", hint="Choose a path that answers with records.") from error


def configure_page(
    visit: SignedInVisit,
    words: FlowWords,
    connector: Connector,
    credential: Credential,
    chosen: TypedSource,
    *,
    samples: Sequence[Sample] = (),
    estimate: EstimateView | None = None,
    error: ConsentryError | None = None,
) -> ConfigurePage:
    """Put together what the step shows."""
    view = ConnectorView.of(connector, visit.app.settings.public_url)
    tabs = tabs_of_new(words.path, "Streams", connector=connector.name, credential_id=credential.id)
    return ConfigurePage(
        words=words,
        connector=view,
        credential=credential_tile(credential, view, visit.now),
        form=form_view(visit, connector, chosen, tabs, error),
        samples=tuple(samples),
        samples_summary=summary_of(samples) if samples else "",
        estimate=estimate,
        problem=next((fault.message for fault in errors_of(error)), ""),
    )
