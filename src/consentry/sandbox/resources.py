"""The readable resources of the API as data: where they are listed, their keys, what they can do."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource. `plural` and `singular` are the wrapper keys; no `singular` means that there is no single read."""

    path: str
    plural: str
    singular: str | None = None
    listed: bool = True
    paged: bool = True
    since: bool = False
    restricted: str | None = None
    several: bool = False
    searched: bool = False

    @property
    def has_deleted_feed(self) -> bool:
        """Tell whether there is a feed of deleted records."""
        return self.restricted is not None


PARTIES: Final = Resource(
    path="parties",
    plural="parties",
    singular="party",
    since=True,
    restricted="restrictedParties",
    several=True,
    searched=True,
)
OPPORTUNITIES: Final = Resource(
    path="opportunities",
    plural="opportunities",
    singular="opportunity",
    since=True,
    restricted="restrictedOpportunities",
    several=True,
    searched=True,
)
KASES: Final = Resource(
    path="kases",
    plural="kases",
    singular="kase",
    since=True,
    restricted="restrictedKases",
    several=True,
    searched=True,
)
ENTRIES: Final = Resource(path="entries", plural="entries", singular="entry")
TRACKS: Final = Resource(path="tracks", plural="tracks", singular="track", listed=False)
MILESTONES: Final = Resource(path="milestones", plural="milestones", singular="milestone")
STAGES: Final = Resource(path="stages", plural="stages", singular="stage")
PERIODS: Final = Resource(path="goals/periods", plural="goalPeriods", listed=False)
ENTITIES: Final = (PARTIES, OPPORTUNITIES, KASES)
TAGS: Final = {
    entity.path: Resource(path=f"{entity.path}/tags", plural="tags", singular="tag") for entity in ENTITIES
}  # fmt: skip
DEFINITIONS: Final = {
    entity.path: Resource(path=f"{entity.path}/fields/definitions", plural="definitions", singular="definition")
    for entity in ENTITIES
}
RESOURCES: Final = (
    *ENTITIES,
    Resource(path="tasks", plural="tasks", singular="task", since=True, several=True),
    ENTRIES,
    Resource(path="users", plural="users", singular="user", paged=False),
    Resource(path="teams", plural="teams", singular="team", paged=False),
    *TAGS.values(),
    *DEFINITIONS.values(),
    Resource(path="pipelines", plural="pipelines", singular="pipeline", several=True),
    MILESTONES,
    Resource(path="boards", plural="boards", singular="board"),
    STAGES,
    Resource(path="lostreasons", plural="lostReasons", singular="lostReason", paged=False),
    Resource(path="trackdefinitions", plural="trackDefinitions", singular="trackDefinition"),
    TRACKS,
    Resource(path="categories", plural="categories", singular="category"),
    Resource(path="activitytypes", plural="activityTypes", singular="activityType"),
    Resource(path="activitytypes/icons", plural="activityTypeIcons", paged=False),
    Resource(path="goals", plural="goals", singular="goal"),
    Resource(path="titles", plural="personTitles", paged=False),
    Resource(path="resthooks", plural="restHooks", singular="restHook", paged=False),
)
