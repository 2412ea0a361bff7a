"""A process that rotates a keyset and kills itself at a step: python rotating.py HOME DATABASE_URL STEP."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from consentry import settings
from consentry.storage import connect
from consentry.vault import Rotating, open_keyring, rotate


class KillAt:
    """Ends this process at a step, as the power cut would: nothing is closed or written any more."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def reached(self, name: str) -> None:
        if name == self._name:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(home: Path, url: str, step: str) -> None:
    database = connect(url)
    vault = await open_keyring(settings.load(home=home), database)
    await rotate(Rotating(vault=vault, database=database, spool=home / "spool", steps=KillAt(step)))
    await database.close()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
