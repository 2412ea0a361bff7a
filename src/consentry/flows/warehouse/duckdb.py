"""DuckDB: a file that is opened for a moment at a time, so that others can read it in between."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from consentry.errors import FieldError, InvalidInput, WarehouseBusy, WarehouseRefused
from consentry.flows.warehouse.engine import quoted

TYPES: Final[Mapping[str, str]] = {
    "integer": "BIGINT",
    "decimal": "DECIMAL(38,9)",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "text": "VARCHAR",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "date": "DATE",
    "time": "TIME",
    "json": "VARCHAR",
}
_CONFIG: Final[dict[str, Any]] = {
    "autoinstall_known_extensions": False,  # nothing is fetched from anywhere
    "autoload_known_extensions": False,
    "memory_limit": "96MB",
    "threads": 1,
}
_NAMES: Final = (
    "SELECT table_name FROM duckdb_tables() WHERE schema_name = ? AND database_name = current_database()"
    " UNION ALL SELECT view_name FROM duckdb_views() WHERE schema_name = ? AND database_name = current_database()"
)
_CHANGES_NAMES: Final = ("CREATE SCHEMA", "CREATE TABLE", "CREATE VIEW", 'DROP TABLE "', "DROP VIEW")
_GUARDS: Final = (
    "SET enable_external_access = false",  # no file, no address, no other database, no extension
    "SET python_enable_replacements = false",  # no variable of this program taken for a table
)
_STREAMED_ROWS: Final = 1_000
_ABOUT_QUERY: Final = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ConversionException,
    duckdb.InvalidInputException,
    duckdb.NotImplementedException,
    duckdb.OutOfRangeException,
    duckdb.ParserException,
    duckdb.SyntaxException,
    duckdb.TypeMismatchException,
)
_TRIES: Final = 80
_PAUSE_SECONDS: Final = 0.05


class DuckDbEngine:
    """One open file."""

    types: Mapping[str, str] = TYPES
    keyed: bool = False  # hash joins are quicker than an index that every insert has to keep

    def __init__(self, path: Path, schema: str, *, read_only: bool) -> None:
        self.schema = schema
        self._path = path
        self._connection = _connect(path, read_only=read_only)
        self._staged: list[str] = []
        self._names: set[str] | None = None  # nobody else changes them while the file is ours
        self.execute("SET TimeZone = 'UTC'")
        catalog = self.execute("SELECT current_database()")[0][0]
        if catalog.casefold() == schema.casefold():
            self.close()
            raise WarehouseRefused(
                f"In the file {path.name} no dataset can be called {schema}: DuckDB would take one for the other.",
                hint="Give the source another dataset, or another file.",
            )
        self.home = f"{quoted(catalog)}.{quoted(schema)}"

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement."""
        if statement.startswith(_CHANGES_NAMES):
            self._names = None
        with _translated(self._path):
            return self._connection.execute(statement, values).fetchall()

    def names(self) -> set[str]:
        """Return the names of tables and views."""
        if self._names is None:
            self._names = {str(name) for (name,) in self.execute(_NAMES, self.schema, self.schema)}
        return self._names

    def read(self, statement: str) -> list[dict[str, Any]]:
        """Run a query; by Arrow, because moments need no other library that way."""
        with _translated(self._path):
            found: pa.Table = self._connection.sql(statement).to_arrow_table()
            rows: list[dict[str, Any]] = found.to_pylist()
            return rows

    def stream(self, query: str, *, guarded: bool) -> tuple[Sequence[str], Iterator[Mapping[str, Any]]]:
        """Return the columns of a query and its rows, a few in memory at a time. From here on the file can only read.

        ``guarded``: it is one SELECT, and reaches nothing but this file.
        """
        for statement in _GUARDS:
            self.execute(statement)
        if guarded:
            with _query_errors():
                self._prove_select(query)
        with _translated(self._path), _query_errors() if guarded else nullcontext():
            reader = self._connection.sql(query).to_arrow_reader(_STREAMED_ROWS)
        return reader.schema.names, self._rows_of(reader, guarded=guarded)

    def _prove_select(self, query: str) -> None:
        statements = self._connection.extract_statements(query)
        if [each.type for each in statements] != [duckdb.StatementType.SELECT]:
            raise _refuse_query("It must be one query that begins with SELECT, FROM or WITH; nothing else is run.")
        if any(each.casefold() == self.schema.casefold() for each in self._schemas()):
            self.execute(f"SET search_path = '{self.schema}'")
        self.execute("SET lock_configuration = true")

    def _schemas(self) -> list[str]:
        return [name for (name,) in self.execute("SELECT schema_name FROM information_schema.schemata")]

    def _rows_of(self, reader: pa.RecordBatchReader, *, guarded: bool) -> Iterator[Mapping[str, Any]]:
        with _translated(self._path), _query_errors() if guarded else nullcontext():
            for batch in reader:
                yield from batch.to_pylist()

    def stage(self, name: str, table: pa.Table) -> None:
        """Make a table readable where it is."""
        with _translated(self._path):
            self._connection.register(name, table)
        self._staged.append(name)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit, or roll back."""
        self.execute("BEGIN TRANSACTION")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        finally:
            while self._staged:
                self._connection.unregister(self._staged.pop())

    def _roll_back(self) -> None:
        self._names = None
        with suppress(duckdb.Error):  # a failed commit has rolled back already
            self._connection.rollback()

    def place(self, table: str) -> str:
        """Return a whole name; with the catalogue, because a file can be called as a schema is."""
        return f"{self.home}.{quoted(table)}"

    def cast_or_null(self, text: str, kind: str) -> str:
        """Cast, or give null."""
        return text if kind == "text" else f"TRY_CAST({text} AS {TYPES[kind]})"

    def publish(self, names: Iterable[str]) -> None:
        """Nothing is to do: a commit shows everything."""

    def open_again(self) -> None:
        """Open the file once more, after it was closed."""
        self._connection = _connect(self._path, read_only=False)
        self._names = None
        self.execute("SET TimeZone = 'UTC'")

    def close(self) -> None:
        """Close the file."""
        with _translated(self._path):
            self._connection.close()


@contextmanager
def _query_errors() -> Iterator[None]:
    """Turn what is wrong with somebody's query into words for them."""
    try:
        yield
    except duckdb.PermissionException as error:
        raise _refuse_query("It may read the warehouse's tables, and nothing else.") from error
    except _ABOUT_QUERY as error:
        raise _refuse_query(f"DuckDB can't run it: {' '.join(str(error).split())[:300]}") from error


def _refuse_query(words: str) -> InvalidInput:
    return InvalidInput(FieldError(field="rows.sql", message=words), message=f"The query can't be run. {words}")


def _connect(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open a file, after a moment's patience with who has it open just now."""
    if not path.parent.is_dir():
        raise WarehouseRefused(
            f"The folder {path.parent} for the warehouse isn't there.",
            hint="Make the folder, or mount what it stands on; then run the source again.",
        )
    for _ in range(_TRIES):
        try:
            with _translated(path):
                return _open(path, read_only=read_only)
        except WarehouseBusy:
            time.sleep(_PAUSE_SECONDS)
    with _translated(path):
        return _open(path, read_only=read_only)


def _open(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path), read_only=read_only, config=_CONFIG)
    except duckdb.ConnectionException:
        if not read_only:
            raise
        return duckdb.connect(str(path), config=_CONFIG)  # this process has it open for writing


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, MemoryError) as error:
        raise _ours(error, path) from error


def _ours(error: Exception, path: Path) -> WarehouseBusy | WarehouseRefused:
    """Say whose move it is."""
    words = str(error).lower()
    if "lock" in words or isinstance(error, (duckdb.ConnectionException, duckdb.ResourceInUseException)):
        return WarehouseBusy(f"Another program has the warehouse {path} open.")
    if isinstance(error, duckdb.TransactionException):
        return WarehouseBusy(f"Somebody else is writing the same rows of the warehouse {path}.")
    if any(each in words for each in ("no space", "disk quota", "file too large")):
        return WarehouseBusy(
            f"The disk under the warehouse {path} is full.", hint="Make room there; the run goes on by itself."
        )
    if isinstance(error, (duckdb.OutOfMemoryException, MemoryError)):
        return WarehouseBusy(f"There is too little memory for the warehouse {path} just now.")
    if "permission denied" in words or "read-only" in words:
        return WarehouseRefused(
            f"Consentry may not write to the warehouse {path}.",
            hint="Let the user that Consentry runs as write to the file and its folder; then run the source again.",
        )
    if isinstance(error, (duckdb.CatalogException, duckdb.DependencyException, duckdb.BinderException)):
        return WarehouseRefused(
            f"Tables or views in the warehouse {path} were changed by somebody else.",
            hint="Drop the dataset's schema, and the next run fills it anew; or give the source another dataset.",
        )
    if isinstance(error, duckdb.IOException):
        return WarehouseRefused(
            f"The file {path} can't be read as a DuckDB database.",
            hint="Check the path, and the version that wrote the file; or move it away, and the next run begins anew.",
        )
    return WarehouseRefused(f"The warehouse {path} refused what was asked of it.")
