"""Where a credential's proxied calls go, remembered until the credential changes: a call must not cost a query."""

from dataclasses import dataclass

from consentry import credentials
from consentry.app import App
from consentry.connectors import Connector


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The provider behind a credential, and whose rate budget counts."""

    connector: Connector
    subject: str


class Targets:
    """Finds targets in microseconds."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._targets: dict[int, Target] = {}
        self._age = 0  # counts what was forgotten, so that a slow reading isn't kept
        app.changes.subscribe(self._forget)

    def _forget(self, subject: str | None) -> None:
        if subject is None:
            self._targets.clear()
        elif subject.startswith("credential:"):
            self._targets.pop(int(subject.removeprefix("credential:")), None)
        else:
            return
        self._age += 1

    async def find(self, credential_id: int) -> Target:
        """Return the target of a credential; raise NotFound."""
        self._app.changes.poll()
        target = self._targets.get(credential_id)
        return target if target is not None else await self._read(credential_id)

    async def _read(self, credential_id: int) -> Target:
        age = self._age
        credential = await credentials.get(self._app.credentials, credential_id)
        target = Target(
            connector=self._app.catalogue.get(credential.connector), subject=credentials.budget_subject(credential)
        )
        if age == self._age:
            self._targets[credential_id] = target
        return target
