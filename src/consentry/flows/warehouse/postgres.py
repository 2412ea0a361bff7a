"""PostgreSQL as a warehouse: a schema for each dataset, rows by COPY, one writer at a time."""

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from psycopg.rows import dict_row
from pyarrow import csv

from consentry.core.secret import Secret
from consentry.errors import ConsentryError, FieldError, InvalidInput, WarehouseBusy, WarehouseRefused
from consentry.flows.warehouse.engine import listed, quoted

TYPES: Final[Mapping[str, str]] = {
    "integer": "bigint",
    "decimal": "numeric(38, 9)",
    "double": "double precision",
    "boolean": "boolean",
    "text": "text",
    "timestamp": "timestamptz",
    "date": "date",
    "time": "time",
    "json": "text",
}
_ARROW: Final[Mapping[pa.DataType, str]] = {
    pa.int64(): "bigint",
    pa.decimal128(38, 9): "numeric(38, 9)",
    pa.float64(): "double precision",
    pa.bool_(): "boolean",
    pa.string(): "text",
    pa.timestamp("us", "UTC"): "timestamptz",
    pa.date32(): "date",
    pa.time64("us"): "time",
}
_BOUNDS: Final = (
    "-c timezone=UTC -c lock_timeout=30s -c statement_timeout=600s -c idle_in_transaction_session_timeout=120s"
)
_READS_ONLY: Final = (
    "SET default_transaction_read_only = on",
    "BEGIN READ ONLY",
    "SET LOCAL statement_timeout = '300s'",
)
_STREAMED_ROWS: Final = 1_000
_KNOWS_VALIDITY: Final = 160000  # the version that brought pg_input_is_valid
_FORMS: Final[Mapping[str, str]] = {
    "decimal": r"^-?\d{1,28}(\.\d+)?$",
    "boolean": "^(true|false)$",
    "date": (
        r"^\d{4}-((0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)$"
        r"|^(\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29$"
    ),
}
"""What older versions can read as these kinds."""
_ENDS_COPY: Final = "\\."
_PASSING: Final = ("08", "40", "53", "55", "57", "58")
"""SQLSTATE classes that pass: connection, rollback, resources, object in use, operator's doing, system."""


class PostgresEngine:
    """A connection to one schema of a PostgreSQL database."""

    types = TYPES
    keyed = True

    def __init__(self, address: Secret, schema: str) -> None:
        self.schema = schema
        self.home = quoted(schema)
        self._streams = contextlib.ExitStack()  # cursors that hand out rows
        with _translated():
            self._connection = psycopg.connect(
                address.reveal(),
                autocommit=True,
                connect_timeout=10,
                keepalives_idle=30,
                tcp_user_timeout=60_000,
                options=_BOUNDS,
                application_name="consentry",
            )

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, if it has any."""
        with _translated():
            marked = _marked(statement) if values else _text(statement)
            cursor = self._connection.execute(marked, values or None)
            return cursor.fetchall() if cursor.description is not None else []

    def read(self, statement: str) -> list[dict[str, Any]]:
        """Run a query and return its rows by column."""
        with _translated(), self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(_text(statement)).fetchall()

    def stream(self, query: str, *, guarded: bool) -> tuple[Sequence[str], Iterator[Mapping[str, Any]]]:
        """Return the columns of a query and its rows, a few in memory at a time, out of a transaction that only reads.

        A cursor takes one SELECT and nothing else, whoever wrote it.
        """
        errors = _query_errors if guarded else contextlib.nullcontext
        with _translated(), errors():
            for statement in (*_READS_ONLY, f"SET LOCAL search_path = {self.home}, public"):
                self._connection.execute(_text(statement))
            cursor = self._connection.cursor("consentry_rows", row_factory=dict_row)
            self._streams.callback(cursor.close)
            cursor.itersize = _STREAMED_ROWS
            cursor.execute(_text(query))
            columns = [each.name for each in cursor.description or ()]
        return columns, _rows_of(cursor, guarded=guarded)

    def names(self) -> set[str]:
        """Return the names of all tables and views of the schema, whoever made them."""
        kinds = "relkind IN ('r', 'p', 'v', 'm', 'f')"
        query = f"SELECT relname FROM pg_class WHERE {kinds} AND relnamespace = to_regnamespace(?)"
        return {str(name) for (name,) in self.execute(query, self.home)}

    def stage(self, name: str, table: pa.Table) -> None:
        """Copy a table into a temporary one, which is gone with the transaction."""
        columns = ", ".join(f"{quoted(each.name)} {_ARROW[each.type]}" for each in table.schema)
        place = f"pg_temp.{quoted(name)}"
        with _translated():
            self._connection.execute(_text(f"DROP TABLE IF EXISTS {place}"))
            self._connection.execute(_text(f"CREATE TEMP TABLE {quoted(name)} ({columns}) ON COMMIT DROP"))
            if table.num_rows:
                self._copy(place, table)
                self._connection.execute(_text(f"ANALYZE {place}"))

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block does, or nothing of it; a second writer of the schema waits for the first."""
        with _translated(), self._connection.transaction():
            self._connection.execute(_text("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"), [self.schema])
            yield

    def place(self, table: str) -> str:
        """Return a table's whole name, quoted."""
        return f"{self.home}.{quoted(table)}"

    def cast_or_null(self, text: str, kind: str) -> str:
        """Return the expression that reads a text as a kind, and is null where it isn't one."""
        if kind in ("text", "json"):
            return text
        if self._connection.info.server_version >= _KNOWS_VALIDITY:
            fits = f"pg_input_is_valid({text}, '{TYPES[kind]}')"
        else:
            fits = f"{text} ~ '{_FORMS[kind]}'"
        return f"CASE WHEN {fits} THEN CAST({text} AS {TYPES[kind]}) END"

    def publish(self, names: Iterable[str]) -> None:
        """Nothing: the commit shows everything to everybody."""

    def close(self) -> None:
        """Let go of the connection, whatever is still being read."""
        with contextlib.suppress(psycopg.Error), self._streams:
            pass
        self._connection.close()

    def _copy(self, place: str, table: pa.Table) -> None:
        names, table = listed(table.column_names), _without_nul(table)
        with self._connection.cursor() as cursor:
            if _could_end(table):
                with cursor.copy(_text(f"COPY {place} ({names}) FROM STDIN")) as copy:
                    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
                        copy.write_row(row)
                return
            lines = io.BytesIO()
            csv.write_csv(table, lines, csv.WriteOptions(include_header=False))
            with cursor.copy(_text(f"COPY {place} ({names}) FROM STDIN (FORMAT csv)")) as copy:
                copy.write(lines.getbuffer())


def _rows_of(cursor: psycopg.ServerCursor[dict[str, Any]], *, guarded: bool) -> Iterator[Mapping[str, Any]]:
    with _translated(), _query_errors() if guarded else contextlib.nullcontext():
        yield from cursor


@contextlib.contextmanager
def _query_errors() -> Iterator[None]:
    """Turn what is wrong with somebody's query into words for them."""
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise _refuse_query("It takes longer than five minutes.") from error
    except (psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.ActiveSqlTransaction) as error:
        raise _refuse_query("It may only read.") from error
    except psycopg.Error as error:
        state = error.sqlstate or ""
        if state == "42501":
            raise _refuse_query("The PostgreSQL user may not read what it asks for.") from error
        if state.startswith("42"):  # about the text of the query; no value of a row is in these words
            raise _refuse_query(f"PostgreSQL can't run it: {str(error.diag.message_primary)[:300]}") from error
        if state.startswith(("22", "0A", "21", "P0")):
            raise _refuse_query(f"PostgreSQL stopped at a value that it can't work with (SQLSTATE {state}).") from error
        raise


def _refuse_query(words: str) -> InvalidInput:
    return InvalidInput(FieldError(field="rows.sql", message=words), message=f"The query can't be run. {words}")


def _text(statement: str) -> sql.SQL:
    return sql.SQL(statement)


def _marked(statement: str) -> sql.SQL:
    """Write parameters as the driver wants them. No name or statement of ours has a question mark."""
    return sql.SQL(statement.replace("%", "%%").replace("?", "%s"))


def _without_nul(table: pa.Table) -> pa.Table:
    """Replace the one character that PostgreSQL's text can't hold by the sign for what can't be shown."""
    for at, column in enumerate(table.columns):
        if column.type == pa.string() and pc.any(pc.match_substring(column, "\0")).as_py():
            table = table.set_column(at, table.schema.field(at), pc.replace_substring(column, "\0", "\ufffd"))
    return table


def _could_end(table: pa.Table) -> bool:
    """Tell whether a text could be taken for the end of CSV input, as older servers do with such a line."""
    texts = [column for column in table.columns if column.type == pa.string()]
    return any(pc.any(pc.match_substring(column, _ENDS_COPY)).as_py() for column in texts)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn the driver's errors into ours, without the server's words: they can repeat values."""
    try:
        yield
    except ConsentryError:
        raise
    except psycopg.Error as error:
        raise _judged(error) from error


def _judged(error: psycopg.Error) -> WarehouseBusy | WarehouseRefused:
    state = error.sqlstate
    if state is None and isinstance(error, psycopg.OperationalError):
        return _not_reached(str(error))
    if state is None:
        return WarehouseRefused(f"PostgreSQL's driver refuses the address or a statement ({type(error).__name__}).")
    if state == "53100":
        return WarehouseBusy("The PostgreSQL server's disk is full.", hint="Make room on it; the run goes on then.")
    if state.startswith("28"):
        return WarehouseRefused("PostgreSQL refused the user or the password of the address.")
    if state == "3D000":
        return WarehouseRefused("The database that the address names doesn't exist.")
    if state in ("42501", "25006"):
        return WarehouseRefused(
            "The PostgreSQL user may not write the dataset.",
            hint="Let the user create schemas in the database, or make the schema and let the user own it.",
        )
    if state == "2BP01":
        return WarehouseRefused(
            "Something of others depends on a view of the dataset that has to be made anew.",
            hint="Drop what depends on the view, run the source, then make it again.",
        )
    if state.startswith(_PASSING):
        return WarehouseBusy(f"PostgreSQL can't go on right now (SQLSTATE {state}).")
    return WarehouseRefused(f"PostgreSQL refused a statement (SQLSTATE {state}).")


def _not_reached(words: str) -> WarehouseBusy | WarehouseRefused:
    """Judge a connection that didn't come about: the driver has only the server's words for it then."""
    if "password" in words or "authentication" in words or "role" in words:
        return WarehouseRefused("PostgreSQL refused the user or the password of the address.")
    if "database" in words and "does not exist" in words:
        return WarehouseRefused("The database that the address names doesn't exist.")
    return WarehouseBusy("PostgreSQL can't be reached, or the connection broke off.")
