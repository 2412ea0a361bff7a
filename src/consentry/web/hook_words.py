"""How a source's hooks are doing, in words. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from consentry.flows import Hook, HookState, Source
from consentry.web.amounts import counted
from consentry.web.moments import Moment, moment
from consentry.web.status import Shape, StatusWords

_WORDS: Final[dict[HookState, tuple[Shape, str]]] = {
    HookState.SUBSCRIBED: ("ok", "Subscribed"),
    HookState.WAITING: ("waiting", "Being set up"),
    HookState.NO_ROOM: ("warn", "No room"),
    HookState.REFUSED: ("warn", "Refused"),
    HookState.UNREACHABLE: ("warn", "Can't be reached"),
    HookState.LEAVING: ("waiting", "Being removed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventGroup:
    """Events of a source that are doing the same."""

    status: StatusWords
    events: tuple[str, ...]
    reason: str  # why they aren't subscribed, or empty


@dataclass(frozen=True, slots=True, kw_only=True)
class HooksView:
    """The hooks of a source, as its page shows them."""

    summary: str  # in one sentence
    told_at: Moment | None  # the last delivery
    deliveries: str
    groups: tuple[EventGroup, ...]


def hooks_view(source: Source, now: datetime) -> HooksView:
    """Return what the page shows of a source's hooks."""
    told = max((hook.last_delivery_at for hook in source.events if hook.last_delivery_at), default=None)
    return HooksView(
        summary=_summary(source),
        told_at=moment(told, now) if told else None,
        deliveries=counted(sum(hook.deliveries for hook in source.events), "delivery", "deliveries"),
        groups=_groups(source.events),
    )


def _summary(source: Source) -> str:
    if not source.hooks:
        return "Off: changes come by the schedule"
    if not source.is_active:
        return "None while the source is paused"
    subscribed = sum(hook.state is HookState.SUBSCRIBED for hook in source.events)
    all_of_them = len(source.events)
    if subscribed == all_of_them > 0:
        return f"Changes come within seconds: all {all_of_them} events are subscribed"
    if subscribed:
        return f"{subscribed} of {all_of_them} events are subscribed; the others come by the schedule"
    return "No event is subscribed; changes come by the schedule"


def _groups(hooks: Iterable[Hook]) -> tuple[EventGroup, ...]:
    found: dict[tuple[HookState, str], list[str]] = {}
    for hook in hooks:
        found.setdefault((hook.state, hook.reason), []).append(hook.event)
    return tuple(
        EventGroup(
            status=StatusWords(shape=_WORDS[state][0], words=_WORDS[state][1]), events=tuple(events), reason=reason
        )
        for (state, reason), events in found.items()
    )
