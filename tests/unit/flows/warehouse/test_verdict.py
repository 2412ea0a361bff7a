"""Whose move it is when rows could not be carried over."""

import pytest
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, OperationalError

from consentry.errors import WarehouseRefused
from consentry.flows.warehouse.verdict import judge

VALUE = "a-value-of-somebody"


class LoadClientJobRetry(Exception):
    """As dlt calls what may pass."""


class DatabaseTransientException(Exception):
    """As dlt calls what may pass."""


class DatabaseTerminalException(Exception):
    """As dlt calls what doesn't pass."""


class DatabaseUndefinedRelation(Exception):
    """As dlt calls a table that isn't there."""


class ConfigFieldMissingException(KeyError):
    """As dlt calls a setting that it needs."""


@pytest.mark.parametrize(
    ("words", "is_busy", "told"),
    [
        ("database is locked", True, "locked"),  # SQLite
        ("connection to server at 127.0.0.1 failed: Connection refused", True, "can't be reached"),  # PostgreSQL
        ("(2003, \"Can't connect to MySQL server on 'db' (timed out)\")", True, "can't be reached"),  # MySQL
        ("could not translate host name", True, "can't be reached"),
        ("Deadlock found when trying to get lock", True, "locked"),
        ("database or disk is full", True, "full"),
        ('FATAL: password authentication failed for user "ada"', False, "password"),
        ('FATAL: role "ada" does not exist', False, "password"),
        ("(1045, \"Access denied for user 'ada'@'host' (using password: YES)\")", False, "password"),
        ("Login failed for user 'ada'.", False, "password"),  # SQL Server
        ("An error occurred (SignatureDoesNotMatch) when calling PutObject", False, "password"),  # S3
        ("Invalid access token: 401 Unauthorized", False, "password"),  # Databricks
        ("permission denied for database crm", False, "may not write"),
        ("attempt to write a readonly database", False, "may not write"),
        ("SQL access control error: Insufficient privileges to operate on schema", False, "may not write"),
        ('FATAL: database "crm" does not exist', False, "doesn't exist"),
        ("(1049, \"Unknown database 'crm'\")", False, "isn't there"),
        ("unable to open database file", False, "isn't there"),
    ],
)
def test_what_drivers_say_becomes_somebodys_move(words: str, is_busy: bool, told: str) -> None:
    reply = judge(OperationalError(f"INSERT '{VALUE} locked password'", {}, Exception(words)), "sqlalchemy")
    assert (reply.is_busy, told in reply.message) == (is_busy, True), reply.message
    assert VALUE not in f"{reply.message}{reply.hint}{reply.kinds}"


def test_what_a_record_says_is_not_taken_for_what_the_driver_says() -> None:
    reply = judge(DBAPIError("INSERT 'password locked disk is full'", {}, Exception("overflow")), "mssql")
    assert (reply.is_busy, "refused what was asked" in reply.message) == (False, True)


@pytest.mark.parametrize(
    ("error", "is_busy", "told"),
    [
        (ModuleNotFoundError("No module named 'pymysql'"), False, "isn't installed"),
        (NoSuchModuleError("Can't load plugin: sqlalchemy.dialects:nonsense"), False, "isn't installed"),
        (ConfigFieldMissingException("credentials"), False, "lacks something"),
        (DatabaseUndefinedRelation("relation things is missing"), False, "changed by somebody else"),
        (DatabaseTransientException(VALUE), True, "can't take rows right now"),
        (DatabaseTerminalException(VALUE), False, "refused what was asked"),
        (ConnectionAbortedError(VALUE), True, "can't take rows right now"),
        (ValueError(VALUE), False, "refused what was asked"),
        (WarehouseRefused("Ours.", hint="Do it."), False, "Ours."),
    ],
)
def test_the_kind_of_an_error_says_whose_move_it_is(error: Exception, is_busy: bool, told: str) -> None:
    try:
        raise LoadClientJobRetry("a job failed") from error
    except LoadClientJobRetry as outer:
        reply = judge(outer, "snowflake")
    assert (reply.is_busy, told in reply.message) == (is_busy, True), reply.message
    assert VALUE not in f"{reply.message}{reply.hint}"
    assert type(error).__name__ in reply.kinds
