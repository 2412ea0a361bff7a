"""Writing pipelines with their milestones and boards with their stages."""

from typing import Final

from consentry.sandbox.readers import Call, Reply, render_record
from consentry.sandbox.records import Record
from consentry.sandbox.writing.fields import flag, reference, text, whole
from consentry.sandbox.writing.rules import at_most, need_administrator, unique
from consentry.sandbox.writing.shape import READ_ONLY, Shape, create, get, undeletable

_MOST_ACTIVE: Final = 30


def _holder(path: str, key: str) -> Shape:
    return Shape(
        path=path,
        key=key,
        kind=key,
        fields={"name": text, "description": text},
        fresh={"name": None, "description": None, "deleted": False},
        required=("name",),
        ignored=(*READ_ONLY, "deleted"),
        checks=(unique(path), at_most(path, _MOST_ACTIVE)),
        administrator=True,
    )


PIPELINE: Final = _holder("pipelines", "pipeline")
BOARD: Final = _holder("boards", "board")
MILESTONE: Final = Shape(
    path="milestones",
    key="milestone",
    kind="milestone",
    fields={
        "name": text,
        "description": text,
        "complete": flag,
        "probability": whole(0, 100),
        "daysUntilStale": whole(0),
        "pipeline": reference("pipelines", "name", bare=True),
    },
    fresh={
        "name": None,
        "description": None,
        "complete": False,
        "probability": 0,
        "daysUntilStale": None,
        "pipeline": None,
    },
    required=("name", "pipeline"),
    checks=(unique("milestones", within="pipeline"),),
)
STAGE: Final = Shape(
    path="stages",
    key="stage",
    kind="stage",
    fields={
        "name": text,
        "description": text,
        "board": reference("boards", "name", bare=True),
        "displayOrder": whole(0),
    },
    fresh={"name": None, "description": None, "board": None, "displayOrder": 0},
    required=("name", "board"),
    checks=(unique("stages", within="board"),),
    administrator=True,
)


def delete_milestone(call: Call, record: Record) -> None:
    """Delete a milestone that no opportunity is at."""
    if call.crm["opportunities"].by("milestone", str(record.id)):
        raise undeletable("milestone", "milestone is in use")
    call.crm["milestones"].remove(record.id, at=call.now)


def delete_stage(call: Call, record: Record) -> None:
    """Delete a stage that no project is at."""
    if call.crm["kases"].by("stage", str(record.id)):
        raise undeletable("stage", "stage is in use")
    call.crm["stages"].remove(record.id, at=call.now)


def duplicate_pipeline(call: Call) -> Reply:
    """Make a pipeline like another one, milestones included."""
    need_administrator(call)
    source = get(call, "pipelines")
    values = source.decode()
    copy = create(PIPELINE, call, {"name": f"{values['name']} (copy {call.crm.ids.next('copy')})"})
    for milestone in call.crm["milestones"].of(("pipelines", source.id)):
        step = {key: value for key, value in milestone.decode().items() if key in MILESTONE.fields}
        create(MILESTONE, call, {**step, "pipeline": copy.id})
    headers = {"Location": f"{call.address.removesuffix(f'/{source.id}/duplicate')}/{copy.id}"}
    return Reply(status=201, body=render_record(call, "pipeline", copy), headers=headers)
