"""Which method on which path writes what. `{id}` stands for an id, as in the paths that are read."""

from collections.abc import Callable, Iterator
from typing import Final

from consentry.sandbox.readers import Call, Reply
from consentry.sandbox.writing import settings
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
    (settings.PIPELINE, settings.archive("pipelines")),
    (settings.MILESTONE, settings.delete_milestone),
    (settings.BOARD, settings.archive("boards")),
    (settings.STAGE, settings.delete_stage),
    (settings.LOST_REASON, None),
    (settings.TRACK_DEFINITION, None),
    (settings.CATEGORY, None),
    (settings.ACTIVITY_TYPE, settings.delete_activity_type),
    (settings.GOAL, settings.delete_goal),
)


def _routes() -> Iterator[Route]:
    for shape, delete in _SHAPES:
        yield "POST", shape.path, creator(shape)
        yield "PUT", f"{shape.path}/{{id}}", updater(shape)
        yield "DELETE", f"{shape.path}/{{id}}", remover(shape, delete)
    for entity, tag, definition in settings.entity_shapes():
        yield "POST", tag.path, creator(tag)
        yield "PUT", f"{tag.path}/{{id}}", updater(tag)
        yield "DELETE", f"{tag.path}/{{id}}", settings.tag_remover(entity)
        yield "POST", definition.path, creator(definition)
    for path, key in (("opportunities", "opportunity"), ("kases", "kase")):
        yield "POST", f"{path}/{{id}}/parties/{{id}}", contact_adder(path, key)
        yield "DELETE", f"{path}/{{id}}/parties/{{id}}", contact_remover(path)
    yield "POST", "tracks", create_track
    yield "PUT", "tracks/{id}", updater(TRACK)
    yield "DELETE", "tracks/{id}", remover(TRACK)
    yield "POST", "titles", creator(settings.TITLE)
    yield "DELETE", "titles/{id}", remover(settings.TITLE, settings.delete_title)
    yield "POST", "pipelines/{id}/restore", settings.restorer(settings.PIPELINE)
    yield "POST", "pipelines/{id}/duplicate", settings.duplicate_pipeline
    yield "POST", "boards/{id}/restore", settings.restorer(settings.BOARD)
    yield "POST", "attachments/upload", upload
    yield "PUT", "users/{id}", settings.update_user


WRITERS: Final[dict[tuple[str, tuple[str, ...]], Writer]] = {
    (method, tuple(path.split("/"))): writer for method, path, writer in _routes()
}
