"""What people do to an account while nobody looks: they create, change, delete, restrict and bring back records."""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from consentry.sandbox.records import Collection, Record, stamp
from consentry.sandbox.seed import Crm

WITH_FEED: Final = ("parties", "opportunities", "kases")
STAMPED: Final = ("tasks", "entries")
SMALL: Final = ("parties/tags", "kases/tags", "pipelines", "boards", "categories", "lostreasons", "teams", "goals")
_FIRST_NEW_ID: Final = 9_000_000_000


class Turmoil:
    """Stirs an account; equal seeds do equal things to equal accounts."""

    def __init__(self, crm: Crm, seed: int) -> None:
        self._crm = crm
        self._lots = random.Random(seed)
        self._new_id = _FIRST_NEW_ID + seed * 1_000_000
        self._removed: dict[str, list[Record]] = {}

    def stir(self, times: int) -> None:
        """Do so many random things."""
        deeds: list[Callable[[], None]] = [
            *[self._change_stamped] * 6,
            *[self._create_stamped] * 4,
            *[self._delete] * 4,
            self._restore,
            self._change_small,
            self._create_small,
            self._delete_small,
            self._begin_track,
            self._add_contact,
        ]
        for _ in range(times):
            self._lots.choice(deeds)()

    def _change_stamped(self) -> None:
        collection = self._crm[self._lots.choice(WITH_FEED + STAMPED)]
        if (record := self._one(collection)) is not None:
            collection.change(record.id, self._news(record.decode()), at=_now())

    def _create_stamped(self) -> None:
        collection = self._crm[self._lots.choice(WITH_FEED + STAMPED)]
        if (model := self._one(collection)) is None:
            return
        now = _now()
        values = model.decode() | {"id": self._next_id(), "createdAt": now, "updatedAt": now}
        if "entryAt" in values:
            values["entryAt"] = now
        collection.add(values | self._news(values), parents=model.parents)

    def _delete(self) -> None:
        path = self._lots.choice(WITH_FEED + STAMPED)
        if (record := self._one(self._crm[path])) is not None:
            self._crm[path].remove(record.id, at=_now(), restricted=self._lots.random() < 0.3)
            self._removed.setdefault(path, []).append(record)

    def _restore(self) -> None:
        path = self._lots.choice(WITH_FEED)
        if removed := self._removed.get(path):
            record = removed.pop()
            self._crm[path].add(record.decode() | {"updatedAt": _now()}, parents=record.parents)

    def _change_small(self) -> None:
        collection = self._crm[self._lots.choice(SMALL)]
        if (record := self._one(collection)) is not None:
            collection.add(record.decode() | self._news(record.decode()), parents=record.parents)

    def _create_small(self) -> None:
        collection = self._crm[self._lots.choice(SMALL)]
        if (model := self._one(collection)) is not None:
            collection.add(model.decode() | {"id": self._next_id()}, parents=model.parents)

    def _delete_small(self) -> None:
        collection = self._crm[self._lots.choice(SMALL)]
        if len(collection) > 1 and (record := self._one(collection)) is not None:
            collection.remove(record.id, at=_now())

    def _begin_track(self) -> None:
        model, path = self._one(self._crm["tracks"]), self._lots.choice(WITH_FEED)
        subject = self._one(self._crm[path])
        if model is not None and subject is not None:
            self._crm["tracks"].add(model.decode() | {"id": self._next_id()}, parents=[(path, subject.id)])

    def _add_contact(self) -> None:
        path = self._lots.choice(("opportunities", "kases"))
        subject, party = self._one(self._crm[path]), self._one(self._crm["parties"])
        if subject is not None and party is not None:
            contacts = self._crm.contacts.setdefault((path, subject.id), [])
            if party.id not in contacts:
                contacts.append(party.id)

    def _one(self, collection: Collection) -> Record | None:
        records = collection.all()
        return self._lots.choice(records) if records else None

    def _news(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Give another text to whatever text such a record has."""
        names = [name for name in ("about", "description", "content", "name", "jobTitle") if name in values]
        return {name: f"{name} {self._lots.randrange(10**9)} åß漢" for name in names[:1]}

    def _next_id(self) -> int:
        self._new_id += 1
        return self._new_id


def _now() -> str:
    return stamp(datetime.now(UTC))
