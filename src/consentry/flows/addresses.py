"""Addresses of warehouses: which can be, what of one everybody may see, and which place it names. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from consentry.core.secret import Secret
from consentry.flows.model import WarehouseKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the addresses of one kind of warehouse look like."""

    title: str
    example: str
    schemes: tuple[str, ...] = ()  # empty: any that SQLAlchemy may know
    has_host: bool = True
    has_database: bool = True


FORMS: Final[Mapping[WarehouseKind, Form]] = {
    "postgres": Form(
        title="PostgreSQL",
        example="postgresql://user:password@host/database",
        schemes=("postgresql", "postgres"),
        has_host=False,  # a socket of this machine has none
    ),
    "bigquery": Form(
        title="BigQuery",
        example="bigquery://key:SERVICE_ACCOUNT_JSON_IN_BASE64@project?location=EU",
        schemes=("bigquery",),
        has_database=False,
    ),
    "clickhouse": Form(
        title="ClickHouse",
        example="clickhouse://user:password@host:9440/database?http_port=8443",
        schemes=("clickhouse",),
    ),
    "databricks": Form(
        title="Databricks",
        example="databricks://token:TOKEN@host/catalog?http_path=/sql/1.0/warehouses/ID",
        schemes=("databricks",),
    ),
    "filesystem": Form(
        title="Files in a folder or bucket",
        example="s3://KEY:SECRET@bucket/folder, or file:///folder",
        schemes=("file", "s3", "gs", "az"),
        has_host=False,  # a folder has none
        has_database=False,
    ),
    "motherduck": Form(
        title="MotherDuck",
        example="motherduck://token:TOKEN@/database",
        schemes=("motherduck", "md"),
        has_host=False,
    ),
    "mssql": Form(
        title="Microsoft SQL Server",
        example="mssql://user:password@host:1433/database",
        schemes=("mssql",),
    ),
    "redshift": Form(
        title="Redshift",
        example="redshift://user:password@host:5439/database",
        schemes=("redshift",),
    ),
    "snowflake": Form(
        title="Snowflake",
        example="snowflake://user:password@account/database?warehouse=NAME&role=NAME",
        schemes=("snowflake",),
    ),
    "sqlalchemy": Form(
        title="Another SQL database",
        example="mysql+pymysql://user:password@host/database, or sqlite:////folder/file.db",
        has_host=False,  # a file has none
    ),
    "synapse": Form(
        title="Azure Synapse",
        example="synapse://user:password@host:1433/database",
        schemes=("synapse",),
    ),
}
"""The kinds of warehouses that are named by an address."""
_IN_FILES: Final = ("file", "sqlite", "duckdb")
_SECRET_PARTS: Final = ("password", "sslpassword")


def is_possible(kind: WarehouseKind, url: str) -> bool:
    """Tell whether a kind of warehouse can have this address."""
    form, found = FORMS[kind], _read(url)
    if found is None or not url.isprintable():
        return False
    scheme = found.get_backend_name()
    if form.schemes and scheme not in form.schemes:
        return False
    if scheme in _IN_FILES:
        return not found.host and len(found.database or "") > 1 and _path(found).is_absolute()
    needs_host = form.has_host or kind == "filesystem"
    return (bool(found.host) or not needs_host) and (bool(found.database) or not form.has_database)


def without_secrets(kind: WarehouseKind, url: str) -> tuple[str, Secret]:
    """Return an address as everybody may see it, and the whole of it as a secret.

    Of PostgreSQL's parameters those are left out that are secret; of all others', all: there anything may be.
    """
    whole = make_url(url)
    if kind == "postgres":
        whole = whole.set(drivername="postgresql")
        bare = whole._replace(password=None).difference_update_query(_SECRET_PARTS)
        return _text(bare), Secret(_text(whole))
    return _text(whole._replace(password=None).set(query={})), Secret(url)


def place_of(kind: WarehouseKind, url: str) -> str:
    """Name the place that an address means, whoever goes there by it."""
    found = make_url(url)
    if kind == "postgres":
        return f"postgres:{found.host}:{found.port or 5432}/{found.database}"
    scheme = found.get_backend_name()
    if scheme in _IN_FILES:
        return f"{kind}:{scheme}:{_path(found).resolve()}"
    return f"{kind}:{scheme}:{(found.host or '').lower()}:{found.port or ''}/{(found.database or '').strip('/')}"


def _path(url: URL) -> Path:
    return Path(f"/{url.database}" if url.drivername == "file" else url.database or "")


def _read(url: str) -> URL | None:
    try:
        return make_url(url)
    except (SQLAlchemyError, ValueError):
        return None


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
