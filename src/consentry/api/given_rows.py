"""Rows that a request names itself: which of them a key may name that only runs flows."""

from consentry import flows
from consentry.accounts import Caller, KeyScope
from consentry.api.destination_views import RowsBody


def rows_of(body: RowsBody, caller: Caller) -> flows.RowsSpec:
    """Return where rows come from; raise NotAllowed, or InvalidInput.

    A query reads all that the warehouse holds, and a path is any table file of the server: both are for administrators.
    """
    rows = flows.read_rows(body.model_dump(exclude_unset=True))
    if rows.sql is not None or (rows.file is not None and not rows.file.startswith(flows.UPLOAD)):
        caller.require(KeyScope.ADMIN)
    return rows
