"""What the lists of sources and of destinations do alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from consentry import credentials
from consentry.errors import NotFound
from consentry.flows import Run
from consentry.web.charts import draw_small
from consentry.web.connector_view import ConnectorView
from consentry.web.first_visit import FirstVisit
from consentry.web.flow_kinds import FlowWords
from consentry.web.flow_views import Flow, FlowRow, is_at_work, timing_of
from consentry.web.frame import Page, Section
from consentry.web.moments import moment
from consentry.web.run_words import flow_status
from consentry.web.status import StatusWords, status_words
from consentry.web.visit import SignedInVisit

PER_PAGE: Final = 25
RUNS_DRAWN: Final = 12
SECONDS_AT_WORK: Final = 3
SECONDS_IDLE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowListPage(Page):
    """One page of the list, or the way to a first one."""

    words: ClassVar[FlowWords]
    rows: tuple[FlowRow, ...]
    newer: str  # address of the page before this one, or empty
    older: str  # address of the page after this one, or empty
    seconds: int  # after which the page looks again
    first_visit: FirstVisit | None  # instead of rows while there is nothing to show

    @property
    def title(self) -> str:
        """The one title of the page."""
        return self.place.capitalize()

    @property
    def place(self) -> Section:
        """The word of the rail under which the page stands."""
        return self.words.section


def seconds_between(found: Sequence[Flow]) -> int:
    """Return after how many seconds the list looks again."""
    return SECONDS_AT_WORK if any(is_at_work(one) for one in found) else SECONDS_IDLE


def list_row(
    visit: SignedInVisit,
    flow: Flow,
    does: str,
    credential: StatusWords | None,
    runs: Sequence[Run],
    sources: Mapping[int, str],
) -> FlowRow:
    """Return what the list shows; ``does`` says what it reads or writes, ``sources`` name those it may follow."""
    last, now = flow.last_run, visit.now
    return FlowRow(
        id=flow.id,
        name=flow.name,
        connector=ConnectorView.of(visit.app.catalogue.get(flow.connector), visit.app.settings.public_url),
        does=does,
        status=flow_status(last, is_active=flow.is_active),
        ran_at=moment(last.finished_at or last.queued_at, now) if last else None,
        credential_id=flow.credential_id,
        credential_name=flow.credential_name,
        credential_status=credential,
        timing=timing_of(flow, now, sources),
        chart=draw_small(runs, now),
    )


async def credentials_of(visit: SignedInVisit, found: Sequence[Flow]) -> dict[int, StatusWords]:
    """Say how the credentials are that these use, by id; one that is gone is left out."""
    words = {}
    for credential_id in {one.credential_id for one in found}:
        try:
            credential = await credentials.get(visit.app.credentials, credential_id)
        except NotFound:
            continue
        provider = visit.app.catalogue.get(credential.connector).provider
        words[credential_id] = status_words(credential, provider, visit.now)
    return words
