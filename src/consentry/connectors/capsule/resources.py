"""Where each kind of record is written and read, and what it is called in bodies. Paths of streams stand in streams."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of record that can be written."""

    stream: str
    path: str
    item: str  # the wrapper of one record
    items: str  # the wrapper of a list
    noun: str  # for people
    plural: str
    embed: str | None = None

    def place(self, record_id: int | None = None) -> str:
        """Return where a record is written; embeds are asked for so that the answer holds the whole record."""
        path = self.path if record_id is None else f"{self.path}/{record_id}"
        return f"{path}?embed={self.embed}" if self.embed else path


RESOURCES: Final = {
    each.stream: each
    for each in (
        Resource(
            stream="parties",
            path="/api/v2/parties",
            item="party",
            items="parties",
            noun="person or organisation",
            plural="people and organisations",
            embed="tags,fields",
        ),
        Resource(
            stream="opportunities",
            path="/api/v2/opportunities",
            item="opportunity",
            items="opportunities",
            noun="opportunity",
            plural="opportunities",
            embed="tags,fields",
        ),
        Resource(
            stream="projects",
            path="/api/v2/kases",
            item="kase",
            items="kases",
            noun="project",
            plural="projects",
            embed="tags,fields",
        ),
        Resource(stream="tasks", path="/api/v2/tasks", item="task", items="tasks", noun="task", plural="tasks"),
        Resource(stream="entries", path="/api/v2/entries", item="entry", items="entries", noun="note", plural="notes"),
    )
}
RELATIONS: Final = {"party": "parties", "opportunity": "opportunities", "kase": "projects"}
"""Fields that name another record, and the stream it is in."""
