"""Plans rows by Capsule's templates against the small account."""

from typing import Any

from consentry.connectors import Known, Planned, Record, Wish
from consentry.connectors.capsule import connector
from ground.capsule_account import KNOWN

WRITING = connector.writing
assert WRITING is not None
PLAN, TEMPLATE = WRITING.plan, WRITING.template

Row = dict[str, Any]


def plan(name: str, row: Row, current: Record | None, known: Known = KNOWN, **wish: Any) -> Planned:
    template = TEMPLATE(name)
    assert template is not None, name
    return PLAN(template, row, current, wish=Wish(**wish), known=known)


def sent(planned: Planned) -> Any:
    """Return the inner body of what is sent."""
    assert planned.request is not None, planned.errors
    assert planned.request.body is not None
    return next(iter(planned.request.body.values()))


NEW: Row = {"name": "X", "party": 5001, "milestone": "Sales / Proposal"}
"""An opportunity to be made."""
