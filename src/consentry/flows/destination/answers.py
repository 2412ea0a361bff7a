"""Records that writes were answered with, kept as a dataset of the destination's own where somebody wants that."""

from collections.abc import Sequence
from typing import Protocol

from consentry.connectors import Record


class Answers(Protocol):
    """Keeps what writes were answered with."""

    async def keep(self, records: Sequence[Record], deleted: Sequence[int]) -> None:
        """Keep records as they are now, and note which are gone; may wait for a warehouse that is busy."""

    async def close(self) -> None:
        """Let go of the dataset, and let others see it."""


class NoAnswers:
    """Keeps nothing."""

    async def keep(self, records: Sequence[Record], deleted: Sequence[int]) -> None:
        """Let it go."""

    async def close(self) -> None:
        """There is nothing to let go of."""
