"""Which method on which path writes what. `{id}` stands for an id, as in the paths that are read."""

from collections.abc import Callable, Iterator
from typing import Final

from consentry.sandbox.readers import Call, Reply
from consentry.sandbox.writing import labels, ladders, lists, plans, preferences, rules
from consentry.sandbox.writing.deals import OPPORTUNITY, PROJECT, delete_opportunity, delete_project
from consentry.sandbox.writing.links import contact_adder, contact_remover, upload
from consentry.sandbox.writing.parties import PARTY, delete_party
from consentry.sandbox.writing.shape import Delete, Shape, creator, remover, updater
from consentry.sandbox.writing.tracks import TRACK, create_track
from consentry.sandbox.writing.work import ENTRY, TASK

Writer = Callable[[Call], Reply]
Route = tuple[str, str, Writer]
_SHAPES: Final[tuple[tuple[Shape, Delete | None], ...]] = (
    (PARTY, delete_party),
    (OPPORTUNITY, delete_opportunity),
    (PROJECT, delete_project),
    (TASK, None),
    (ENTRY, None),
    (ladders.PIPELINE, rules.archive("pipelines")),
    (ladders.MILESTONE, ladders.delete_milestone),
    (ladders.BOARD, rules.archive("boards")),
    (ladders.STAGE, ladders.delete_stage),
    (lists.LOST_REASON, None),
    (plans.TRACK_DEFINITION, None),
    (lists.CATEGORY, None),
    (lists.ACTIVITY_TYPE, lists.delete_activity_type),
    (plans.GOAL, plans.delete_goal),
)


def _routes() -> Iterator[Route]:
    for shape, delete in _SHAPES:
        yield "POST", shape.path, creator(shape)
        yield "PUT", f"{shape.path}/{{id}}", updater(shape)
        yield "DELETE", f"{shape.path}/{{id}}", remover(shape, delete)
    for entity, tag, definition in labels.entity_shapes():
        yield "POST", tag.path, creator(tag)
        yield "PUT", f"{tag.path}/{{id}}", updater(tag)
        yield "DELETE", f"{tag.path}/{{id}}", labels.tag_remover(entity)
        yield "POST", definition.path, creator(definition)
    for path, key in (("opportunities", "opportunity"), ("kases", "kase")):
        yield "POST", f"{path}/{{id}}/parties/{{id}}", contact_adder(path, key)
        yield "DELETE", f"{path}/{{id}}/parties/{{id}}", contact_remover(path)
    yield "POST", "tracks", create_track
    yield "PUT", "tracks/{id}", updater(TRACK)
    yield "DELETE", "tracks/{id}", remover(TRACK)
    yield "POST", "titles", creator(lists.TITLE)
    yield "DELETE", "titles/{id}", remover(lists.TITLE, lists.delete_title)
    yield "POST", "pipelines/{id}/restore", rules.restorer(ladders.PIPELINE)
    yield "POST", "pipelines/{id}/duplicate", ladders.duplicate_pipeline
    yield "POST", "boards/{id}/restore", rules.restorer(ladders.BOARD)
    yield "POST", "attachments/upload", upload
    yield "PUT", "users/{id}", preferences.update_user


WRITERS: Final[dict[tuple[str, tuple[str, ...]], Writer]] = {
    (method, tuple(path.split("/"))): writer for method, path, writer in _routes()
}
