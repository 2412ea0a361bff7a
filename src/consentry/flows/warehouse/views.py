"""Views with custom fields as columns: what the definitions call them, typed as the definitions say."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from consentry.errors import WarehouseRefused
from consentry.flows.shape import StreamPlan
from consentry.flows.shape.names import Names, fitted, snake
from consentry.flows.warehouse.engine import Engine, listed, quoted
from consentry.flows.warehouse.layout import COLUMNS, VIEW, Layout

_KINDS: Final = {"date": "date", "number": "decimal", "boolean": "boolean"}
"""Types of definitions that a column has too; everything else is text."""
_INTERNAL: Final = ("_key", "_hash")


def renew(engine: Engine, layout: Layout, plans: Iterable[StreamPlan]) -> dict[str, set[str]]:
    """Make the views anew whose definitions or columns changed; return all views with the streams they show."""
    names = engine.names()
    made: dict[str, set[str]] = {}
    for plan in plans:
        definitions = plan.stream.definitions
        if definitions is None or not {plan.table, f"{plan.table}__fields", definitions} <= names:
            continue
        view = fitted(f"{plan.table}_wide")
        _make(engine, plan, view, _select(engine, layout, plan, definitions), is_there=view in names)
        made[view] = {plan.table, definitions}
    return made


def _make(engine: Engine, plan: StreamPlan, view: str, select: str, *, is_there: bool) -> None:
    columns, kind = engine.place(COLUMNS), VIEW + blake2b(select.encode(), digest_size=16).hexdigest()
    known = engine.execute(f"SELECT kind FROM {columns} WHERE table_name = ? AND kind LIKE '{VIEW}%'", view)
    if is_there and not known:
        raise WarehouseRefused(
            f"The warehouse has {engine.schema}.{view}, which Consentry did not make.",
            hint="Rename it, or give the source another dataset.",
        )
    if is_there and known[0][0] == kind:
        return
    if is_there:
        engine.execute(f"DROP VIEW {engine.place(view)}")
    engine.execute(f"CREATE VIEW {engine.place(view)} AS {select}")
    engine.execute(f"DELETE FROM {columns} WHERE table_name = ?", view)
    engine.execute(f"INSERT INTO {columns} VALUES (?, ?, '', ?)", plan.table, view, kind)


def _select(engine: Engine, layout: Layout, plan: StreamPlan, definitions: str) -> str:
    """Return the query of a view: the table's own columns, then one for each custom field."""
    own = [name for name in layout.tables_of(plan.table)[plan.table] if name not in _INTERNAL]
    taken = Names(*own)
    query = f"SELECT id, name, type FROM {engine.place(definitions)} WHERE _deleted_at IS NULL ORDER BY id"
    found = [(int(each), str(name or ""), str(kind or "")) for each, name, kind in engine.execute(query)]
    fields = [(number, taken.take(snake(name)), _KINDS.get(kind.lower(), "text")) for number, name, kind in found]
    if not fields:
        return f"SELECT {listed(own)} FROM {engine.place(plan.table)}"
    inner = ", ".join(
        f"max(CASE WHEN definition_id = {number} THEN value END) AS {quoted(name)}" for number, name, _ in fields
    )
    outer = ", ".join(f"{engine.cast_or_null(f'f.{quoted(name)}', kind)} AS {quoted(name)}" for _, name, kind in fields)
    table, lists = engine.place(plan.table), engine.place(f"{plan.table}__fields")
    return (
        f"SELECT {listed(own, 'm.')}, {outer} FROM {table} AS m"
        f" LEFT JOIN (SELECT _parent_id, {inner} FROM {lists} GROUP BY _parent_id) AS f"
        f" ON f._parent_id = m.{quoted(plan.parent_column)}"
    )
