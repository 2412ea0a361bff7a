"""All HTTP that leaves: one client with address rules and limits, when to try again, and the rate budgets."""

from consentry.outbound.client import Outbound, Reply, StreamedReply
from consentry.outbound.retry import backoff, read_date, retry_after

__all__ = ["Outbound", "Reply", "StreamedReply", "backoff", "read_date", "retry_after"]
