"""The trail: who did what to which credential, only ever added to, and chained so that a change shows."""

from consentry.audit.model import CONSENTRY, Action, Actor, Entry, Outcome, Verdict
from consentry.audit.store import Trail, list_entries, verify
from consentry.audit.uses import Uses

__all__ = ["CONSENTRY", "Action", "Actor", "Entry", "Outcome", "Trail", "Uses", "Verdict", "list_entries", "verify"]
