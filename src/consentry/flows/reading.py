"""How a stream is kept up to date: which way of reading suits it, what comes next, and what a pass has proved. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Literal

import msgspec

from consentry.connectors import Connector, Record, Stream
from consentry.flows.manual import manual_stream
from consentry.flows.model import Source

Key = tuple[Any, ...]  # the values of the stream's primary key, in its order
OVERLAP: Final = timedelta(minutes=5)
"""How far a look back for changes reaches behind the last one: clocks differ, and the bound may be exclusive."""
SLACK: Final = timedelta(seconds=2)
"""Stamps are in whole seconds, so what happens in the second in which a pass begins counts as happening in it."""
MOST_PASSES: Final = 3
OLDEST_FEED: Final = timedelta(days=30)
"""How long a feed of deletions is believed to remember; nobody says."""
RESUMABLE_FOR: Final = timedelta(days=1)
"""How long after it began a whole reading is gone on with; after that it is begun anew."""
_KEYS: Final = frozenset({int, str})  # and not bool, which is an int too


class Way(StrEnum):
    """The ways in which changes and deletions of a stream are found."""

    FEED = "feed"  # changes by ``since``, deletions by a feed
    LISTING = "listing"  # whole lists
    NEWEST = "newest"  # the newest until known ground, whole lists at an interval
    WALK = "walk"  # a list for each parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass over a whole list, as far as it has come."""

    began: datetime
    number: int = 1
    resume: str | None = None  # the page to ask for again after a crash; the rest says how things stood before it
    pages: int = 0
    ordered: bool = True  # keys only grew so far
    last: str | int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What is known about a stream: kept in the warehouse in the transaction of the rows that it stands for."""

    since: datetime | None = None  # all changes and deletions up to here are in the dataset
    listed_at: datetime | None = None  # when the last whole reading began
    pages: int = 0  # of that reading
    settled: bool = True  # nothing moved under that reading
    listing: Pass | None = None  # under way
    walked_at: datetime | None = None  # parents written up to here have been walked
    walked: str | int | None = None  # the last parent of the walk under way
    walk_began: datetime | None = None
    catching: bool = False  # newest records are being read, and those between them and known ground are missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a run does with a stream: a whole reading, or what changed."""

    what: Literal["whole", "changes", "nothing"]
    resume: bool = False


def streams_of(source: Source, connector: Connector) -> tuple[Stream, ...]:
    """Return the streams that a source reads, parents before their children."""
    if source.manual is not None:
        return (manual_stream(connector, source.manual),)
    chosen = [each for each in connector.streams if source.streams is None or each.name in source.streams]
    return tuple(sorted(chosen, key=lambda stream: _depth(connector, stream)))


def _depth(connector: Connector, stream: Stream) -> int:
    parent = connector.stream(stream.parent) if stream.parent else None
    return 0 if parent is None else 1 + _depth(connector, parent)


def way_of(stream: Stream) -> Way:
    """Return how a stream is read."""
    if stream.parent is not None:
        return Way.WALK
    if stream.newest_first:
        return Way.NEWEST
    return Way.FEED if stream.changed_since and stream.deleted_path else Way.LISTING


def read_stand(state: Mapping[str, Any]) -> Stand:
    """Read what the warehouse kept; what can't be read, such as another version's, begins anew."""
    try:
        return msgspec.convert(dict(state), Stand)
    except msgspec.ValidationError:
        return Stand()


def write_stand(stand: Stand) -> Mapping[str, Any]:
    """Return what the warehouse keeps."""
    kept: Mapping[str, Any] = msgspec.to_builtins(stand)
    return kept


def next_step(way: Way, stream: Stand, now: datetime, every: timedelta, *, always: bool = False) -> Step:
    """Return what to do now; ``every`` is how often whole readings are due, ``always`` that they always are."""
    if stream.listing is not None or stream.walk_began is not None:
        began = stream.listing.began if stream.listing else stream.walk_began
        return Step(what="whole", resume=began is not None and timedelta(0) <= now - began < RESUMABLE_FOR)
    if stream.listed_at is None or not stream.settled or stream.catching or always:
        return Step(what="whole")
    if way is Way.FEED:
        remembered = stream.since is not None and now - stream.since < OLDEST_FEED
        return Step(what="changes" if remembered else "whole")
    if way is Way.LISTING and stream.pages <= 1:
        return Step(what="whole")
    return Step(what="whole" if now - stream.listed_at >= every else "changes")


def after_page(course: Pass, keys: Sequence[Key]) -> Pass:
    """Return how a pass stands after one more page."""
    last, ordered = course.last, course.ordered
    for key in keys:
        value = key[0]
        ordered = ordered and isinstance(value, int) and (last is None or (isinstance(last, int) and value > last))
        last = value
    return replace(course, resume=None, pages=course.pages + 1, ordered=ordered, last=last)


class Verdict(StrEnum):
    """What a pass over a whole list has come to."""

    DONE = "done"  # what wasn't seen is deleted
    ASK = "ask"  # what wasn't seen is few enough to be asked for
    AGAIN = "again"  # read once more before believing it


def judge(course: Pass, *, first: bool, new: int, missing: int, can_ask: bool) -> Verdict:
    """Tell what follows from a pass over a whole list that found ``new`` records and lacks ``missing`` known ones.

    A record that is deleted while pages are read moves those behind it, and one of them can slip through between two
    pages. So nothing counts as deleted that only one pass over several pages didn't see; and the first reading of
    all, which can't miss what it doesn't know, is repeated until a pass brings nothing new.
    """
    if course.pages <= 1 or course.number >= MOST_PASSES:
        return Verdict.DONE
    if first:
        return Verdict.DONE if course.number > 1 and new == 0 else Verdict.AGAIN
    if course.number > 1 or missing == 0:
        return Verdict.DONE
    return Verdict.ASK if can_ask and missing <= course.pages // 2 else Verdict.AGAIN


def unrest(course: Pass, since: datetime, deletions: Iterable[Record], changes: Iterable[Record]) -> frozenset[str]:
    """Return what happened since a moment that can have moved records of a list while it was read, each by a name.

    Deletions move the records behind them. Changes move records only where the list isn't ordered by its key. A list
    that comes in one answer doesn't move.
    """
    if course.pages <= 1:
        return frozenset()
    gone = {f"{each.get('id')} deleted {each.get('deletedAt')}" for each in deletions if _is_since(each, since)}
    if course.ordered:
        return frozenset(gone)
    return frozenset(gone | {f"{each.get('id')} changed {each.get('updatedAt')}" for each in changes})


def _is_since(deletion: Record, moment: datetime) -> bool:
    at = read_moment(deletion.get("deletedAt"))
    return at is None or at >= moment


def read_moment(value: object) -> datetime | None:
    """Read a timestamp of the API, if it is one."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def format_moment(moment: datetime) -> str:
    """Write a moment as the API takes it, in whole seconds of UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def key_of(stream: Stream, record: Record) -> Key | None:
    """Return a record's primary key, if it has one."""
    key = tuple([record.get(name) for name in stream.primary_key])
    for part in key:
        if type(part) not in _KEYS or part == "":
            return None
    return key
