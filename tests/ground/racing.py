"""A program with the library and many threads, which all want the same token at the same moment."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import consentry
from consentry.errors import ConsentryError


def main(environment: dict[str, str], threads: int, line: Connection) -> None:
    """For each id that comes over the line, have every thread ask for a token; send back what they got."""
    os.environ.update(environment)
    with consentry.open() as hub, ThreadPoolExecutor(threads) as pool:
        line.send("ready")
        while True:
            wanted = line.recv()
            if wanted is None:
                return
            line.send(sorted(set(_ask_at_once(hub, pool, wanted, threads))))


def _ask_at_once(hub: consentry.Hub, pool: ThreadPoolExecutor, credential_id: int, threads: int) -> list[str]:
    gate = threading.Barrier(threads)

    def ask() -> str:
        credential = hub.credential(credential_id)
        gate.wait(30)
        try:
            return credential.token()
        except ConsentryError as error:
            return f"failed: {error.code}: {error.message}"

    return [each.result(120) for each in [pool.submit(ask) for _ in range(threads)]]
