"""Executes one claimed run of a source: its streams one after another, each with an outcome of its own."""

from consentry.flows.model import RunStatus, Trouble
from consentry.flows.work import OpenDataset, Watch, Work

__all__ = ["OpenDataset", "Watch", "Work", "execute"]


async def execute(work: Work, watch: Watch) -> tuple[RunStatus, Trouble | None]:
    """Read every stream of the source into its dataset; return the outcome, and what a person has to know.

    Raises LeaseTaken when a later holder of the run is at work; everything else becomes the outcome.
    """
    raise NotImplementedError
