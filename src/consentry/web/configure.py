"""The last step of a new source or destination: what to read or where to write, and sample rows of it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

import msgspec

from consentry import credentials
from consentry.audit import Action
from consentry.connectors import Connector, Stream
from consentry.credentials import Credential
from consentry.errors import ConsentryError, FieldError, InvalidInput, ReplyNotUnderstood
from consentry.web.choices import with_query
from consentry.web.connector_view import ConnectorView
from consentry.web.fields import Entries, Field, filled
from consentry.web.flow_kinds import FlowPage, FlowWords
from consentry.web.manual import PARAMETERS_FIELD, PATH_FIELD, read_parameters, read_path, records_of
from consentry.web.mishaps import errors_of
from consentry.web.samples import Sample, failed_sample, sample_of, summary_of
from consentry.web.tiles import CredentialTile, credential_tile
from consentry.web.visit import SignedInVisit

SAMPLE_ROWS: Final = 5
AT_ONCE: Final = 4
SECONDS_A_STREAM: Final = 40

Mode = Literal["prepared", "manual"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """What was chosen in the last step."""

    mode: Mode
    streams: tuple[str, ...]
    path: str = ""
    parameters: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamChoice:
    """One stream to choose."""

    name: str
    title: str
    meaning: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One way to configure."""

    mode: Mode
    word: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurePage(FlowPage):
    """Step 3: what to read, or where to write; and a test of it."""

    template: ClassVar[str] = "configure.html"
    fragment: ClassVar[str] = "samples.html"
    step: ClassVar[int] = 3
    connector: ConnectorView
    credential: CredentialTile
    api_base: str
    mode: Mode
    tabs: tuple[Tab, ...]
    streams: tuple[StreamChoice, ...]
    fields: tuple[Field, ...]  # of the manual request
    samples: tuple[Sample, ...]
    samples_summary: str
    problem: str  # why there was nothing to test, or empty

    @property
    def manual_path(self) -> Field:
        """The field for the path."""
        return self.fields[0]

    @property
    def manual_parameters(self) -> Field:
        """The field for the parameters."""
        return self.fields[1]


def everything(words: FlowWords, connector: Connector, mode: str) -> Configured:
    """Return what is chosen before anybody has chosen: for a source all streams, for a destination the first."""
    names = tuple(stream.name for stream in connector.streams)
    return Configured(
        mode="manual" if mode == "manual" else "prepared", streams=names if words.kind == "source" else names[:1]
    )


def read_configured(form: Entries) -> Configured:
    """Read what was chosen."""
    return Configured(
        mode="manual" if form.text("mode") == "manual" else "prepared",
        streams=tuple(dict.fromkeys(form.texts("stream"))),
        path=form.text("manual_path"),
        parameters=form.text("manual_parameters"),
    )


async def take_samples(
    visit: SignedInVisit, connector: Connector, credential: Credential, chosen: Configured
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
    visit: SignedInVisit, connector: Connector, credential: Credential, chosen: Configured
) -> Sample:
    path, parameters = read_path(chosen.path, connector), read_parameters(chosen.parameters)
    client = await credentials.client(visit.app.credentials, visit.actor, credential.id, action=Action.TEST)
    try:
        answer = await client.get(path, parameters)
        records = records_of(_decoded(answer.body))
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
    chosen: Configured,
    *,
    samples: Sequence[Sample] = (),
    error: ConsentryError | None = None,
) -> ConfigurePage:
    """Put together what the step shows."""
    view = ConnectorView.of(connector, visit.app.settings.public_url)
    errors = errors_of(error) if error else ()
    values: Mapping[str, str] = {"manual_path": chosen.path, "manual_parameters": chosen.parameters}
    query = {"connector": connector.name, "credential": str(credential.id), "step": "configure"}
    prepared = "Streams" if words.kind == "source" else "Prepared"
    return ConfigurePage(
        words=words,
        connector=view,
        credential=credential_tile(credential, view, visit.now),
        api_base=f"{connector.base_url}/{connector.api_prefix}",
        mode=chosen.mode,
        tabs=(
            Tab(mode="prepared", word=prepared, path=with_query(words.path, query)),
            Tab(mode="manual", word="Manual", path=with_query(words.path, query | {"mode": "manual"})),
        ),
        streams=tuple(_choice(stream, chosen) for stream in connector.streams),
        fields=filled((PATH_FIELD, PARAMETERS_FIELD), values, errors),
        samples=tuple(samples),
        samples_summary=summary_of(samples) if samples else "",
        problem=next((fault.message for fault in errors), ""),
    )


def _choice(stream: Stream, chosen: Configured) -> StreamChoice:
    return StreamChoice(
        name=stream.name, title=stream.title, meaning=stream.meaning, is_chosen=stream.name in chosen.streams
    )
