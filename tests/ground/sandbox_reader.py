"""A signed-in client of the sandbox, for tests of what reads through one."""

from collections.abc import Mapping
from typing import Final

from consentry.connectors import Answer
from consentry.errors import NotFound, ScopeMissing
from ground.applicant import Applicant

_REFUSALS: Final = {403: ScopeMissing, 404: NotFound}


class SandboxReader:
    """Signed in at the sandbox, without any code of the product between."""

    def __init__(self, applicant: Applicant, token: str) -> None:
        self.asked = 0
        self._applicant = applicant
        self._header = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Answer; raise NotFound for 404 and ScopeMissing for 403."""
        self.asked += 1
        answer = await self._applicant.send("GET", path, headers=self._header, params=params)
        if answer.status in _REFUSALS:
            raise _REFUSALS[answer.status]
        assert answer.status == 200, answer.text
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(status=200, headers=headers, body=answer.text.encode())
