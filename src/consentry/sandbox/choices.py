"""Lists that show only a part unless asked for more: open tasks, active boards, the oldest pipeline's milestones."""

from collections.abc import Callable
from typing import Final

from consentry.sandbox.query import Query
from consentry.sandbox.records import Record
from consentry.sandbox.seed import Crm

Chooser = Callable[[Crm, Query, tuple[Record, ...]], tuple[Record, ...]]


def choose_tasks(_crm: Crm, query: Query, records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Keep tasks of the wanted statuses, by default open ones."""
    wanted = query.parameters.get("status", "open").upper().split(",")
    marks = [b'"status":"%b"' % status.strip().encode() for status in wanted]
    return tuple(record for record in records if any(mark in record.body for mark in marks))


def choose_pipelines(_crm: Crm, query: Query, records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Leave out archived pipelines unless `includeDeleted` asks for them."""
    if query.parameters.get("includeDeleted") == "true":
        return records
    return tuple(record for record in records if not is_archived(record))


def choose_milestones(crm: Crm, _query: Query, _records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Keep the milestones of the oldest active pipeline, which is all that `/milestones` gives."""
    active = [pipeline for pipeline in crm["pipelines"].all() if not is_archived(pipeline)]
    oldest = min(active, key=lambda pipeline: (pipeline.decode()["createdAt"], pipeline.id), default=None)
    return () if oldest is None else crm["milestones"].of(("pipelines", oldest.id))


def choose_boards(crm: Crm, query: Query, records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Keep boards by `status`: active (the default), archived, nonempty or all."""
    match query.parameters.get("status", "active").lower():
        case "all":
            return records
        case "archived":
            return tuple(record for record in records if is_archived(record))
        case "nonempty":
            return tuple(record for record in records if crm["stages"].of(("boards", record.id)))
        case _:
            return tuple(record for record in records if not is_archived(record))


def choose_stages(crm: Crm, query: Query, records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Leave out the stages of archived boards unless `includeOnDeletedBoard` or `status` asks for them."""
    archived = {board.id for board in crm["boards"].all() if is_archived(board)}
    status = query.parameters.get("status", "active").lower()
    everywhere = query.parameters.get("includeOnDeletedBoard") == "true" or status == "all"
    on_archived = {record.id for board in archived for record in crm["stages"].of(("boards", board))}
    if status == "archived":
        return tuple(record for record in records if record.id in on_archived)
    return tuple(record for record in records if everywhere or record.id not in on_archived)


def choose_definitions(_crm: Crm, query: Query, records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Leave out the fields of data tags unless `includeDataTagFields` asks for them."""
    if query.parameters.get("includeDataTagFields") == "true":
        return records
    return tuple(record for record in records if not record.parents)


def choose_track_definitions(_crm: Crm, query: Query, records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Keep track definitions by `type`: all (the default), kases or opportunities."""
    rule = {"kases": "CASEFILE", "opportunities": "OPPORTUNITY"}.get(query.parameters.get("type", "all"))
    return tuple(record for record in records if rule is None or record.decode()["captureRule"] == rule)


def is_archived(record: Record) -> bool:
    """Tell whether a pipeline or board is archived."""
    return record.decode()["deleted"] is True


CHOOSERS: Final[dict[str, Chooser]] = {
    "tasks": choose_tasks,
    "pipelines": choose_pipelines,
    "milestones": choose_milestones,
    "boards": choose_boards,
    "stages": choose_stages,
    "trackdefinitions": choose_track_definitions,
    "parties/fields/definitions": choose_definitions,
    "opportunities/fields/definitions": choose_definitions,
    "kases/fields/definitions": choose_definitions,
}
