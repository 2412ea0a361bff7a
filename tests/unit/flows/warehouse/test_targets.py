"""What dlt's destinations are given by an address, and that each takes it and merges as the carrying needs it."""

import base64
import json
import subprocess
import sys
from typing import Any, Final, get_args

import pytest

from consentry.errors import WarehouseRefused
from consentry.flows.model import OWN_KINDS, WarehouseKind
from consentry.flows.warehouse.targets import arguments_of

ACCOUNT: Final = {"project_id": "crm", "client_email": "robot@crm", "private_key": "word", "type": "service_account"}
KEY_FILE: Final = base64.b64encode(json.dumps(ACCOUNT).encode()).decode()


@pytest.mark.parametrize(
    ("kind", "address", "given"),
    [
        ("sqlalchemy", "mysql+pymysql://ada:w@host/crm", {"credentials": "mysql+pymysql://ada:w@host/crm"}),
        ("snowflake", "snowflake://ada:w@account/crm?role=r", {"credentials": "snowflake://ada:w@account/crm?role=r"}),
        ("redshift", "redshift://ada:w@host/crm", {"credentials": "postgresql://ada:w@host/crm"}),
        ("motherduck", "motherduck://token:w@/crm", {"credentials": "md:///crm?motherduck_token=w"}),
        ("motherduck", "md:///crm?motherduck_token=w", {"credentials": "md:///crm?motherduck_token=w"}),
        (
            "databricks",
            "databricks://token:w@host/main?http_path=/sql/1",
            {
                "credentials": {
                    "server_hostname": "host",
                    "http_path": "/sql/1",
                    "catalog": "main",
                    "access_token": "w",
                }
            },
        ),
        (
            "bigquery",
            f"bigquery://key:{KEY_FILE}@crm?location=EU",
            {"credentials": ACCOUNT, "project_id": "crm", "location": "EU"},
        ),
        ("filesystem", "file:///data/crm", {"bucket_url": "file:///data/crm"}),
        (
            "filesystem",
            "s3://KEY:w@bucket/folder?endpoint_url=http://127.0.0.1:9000",
            {
                "bucket_url": "s3://bucket/folder",
                "credentials": {
                    "aws_access_key_id": "KEY",
                    "aws_secret_access_key": "w",
                    "endpoint_url": "http://127.0.0.1:9000",
                },
            },
        ),
        ("filesystem", f"gs://key:{KEY_FILE}@bucket/x", {"bucket_url": "gs://bucket/x", "credentials": ACCOUNT}),
        (
            "filesystem",
            "az://account:w@container/x",
            {
                "bucket_url": "az://container/x",
                "credentials": {"azure_storage_account_name": "account", "azure_storage_account_key": "w"},
            },
        ),
        # a socket, which the driver takes from the parameter
        (
            "sqlalchemy",
            "postgresql+psycopg://ada@/crm?host=/run",
            {"credentials": "postgresql+psycopg://ada@localhost/crm?host=%2Frun"},
        ),
    ],
)
def test_a_destination_is_given_what_the_address_says(kind: WarehouseKind, address: str, given: dict[str, Any]) -> None:
    assert arguments_of(kind, address) == given


def test_a_key_file_that_is_none_is_told_without_repeating_it() -> None:
    with pytest.raises(WarehouseRefused, match="key file") as refused:
        arguments_of("bigquery", "bigquery://key:a-long-word@crm")
    assert "a-long-word" not in refused.value.message


MERGES = """
import json, sys
import dlt
found = {}
for kind, arguments in json.load(sys.stdin).items():
    merges = getattr(dlt.destinations, kind)(**arguments)._raw_capabilities().supported_merge_strategies
    found[kind] = "delete-insert" in merges
print(json.dumps(found))
"""


def test_dlt_has_every_kind_and_merges_there_unless_it_writes_files() -> None:
    addresses: dict[WarehouseKind, str] = {
        "bigquery": f"bigquery://key:{KEY_FILE}@crm",
        "clickhouse": "clickhouse://ada@host/crm",
        "databricks": "databricks://token:w@host/main?http_path=/sql/1",
        "filesystem": "file:///data/crm",
        "motherduck": "motherduck://token:w@/crm",
        "mssql": "mssql://ada@host/crm",
        "redshift": "redshift://ada@host/crm",
        "snowflake": "snowflake://ada@account/crm",
        "sqlalchemy": "sqlite:////data/crm.db",
        "synapse": "synapse://ada@host/crm",
    }
    assert addresses.keys() == set(get_args(WarehouseKind)) - set(OWN_KINDS)
    asked = json.dumps({kind: arguments_of(kind, address) for kind, address in addresses.items()})
    done = subprocess.run(
        [sys.executable, "-c", MERGES], input=asked, capture_output=True, text=True, timeout=120, check=True
    )
    assert json.loads(done.stdout) == {kind: kind != "filesystem" for kind in addresses}
