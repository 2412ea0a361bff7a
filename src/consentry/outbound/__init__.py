"""All HTTP that leaves: one client with address rules and limits, when to try again, and the rate budgets."""

from consentry.outbound.budget import Budgets, Spending
from consentry.outbound.budget_store import SharedLedger
from consentry.outbound.client import Outbound, Reply, StreamedReply
from consentry.outbound.retry import backoff, read_date, retry_after

__all__ = [
    "Budgets",
    "Outbound",
    "Reply",
    "SharedLedger",
    "Spending",
    "StreamedReply",
    "backoff",
    "read_date",
    "retry_after",
]
