"""How the API writes: one draft a call, checked as a whole, then kept. Pure; no HTTP in here."""

from consentry.sandbox.writing.draft import Absent, Malformed, NotEntitled, Refused
from consentry.sandbox.writing.links import MOST_BYTES
from consentry.sandbox.writing.routes import WRITERS, Writer

__all__ = ["MOST_BYTES", "WRITERS", "Absent", "Malformed", "NotEntitled", "Refused", "Writer"]
