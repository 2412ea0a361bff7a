"""What dlt's destinations are given, by the address of a warehouse. Pure, and without dlt."""

import base64
import binascii
from typing import Any

import msgspec
from sqlalchemy import URL, make_url

from consentry.errors import WarehouseRefused
from consentry.flows.model import WarehouseKind


def arguments_of(kind: WarehouseKind, address: str) -> dict[str, Any]:
    """Return the arguments of the destination that is called as the kind is; raise WarehouseRefused."""
    url = make_url(address)
    match kind:
        case "bigquery":
            return _bigquery(url)
        case "databricks":
            return {"credentials": _databricks(url)}
        case "filesystem":
            return _filesystem(url)
        case "motherduck":
            token = url.password or _said(url, "motherduck_token") or _said(url, "token")
            plain = url.set(drivername="md", query={"motherduck_token": token or ""})
            return {"credentials": _text(plain._replace(username=None, password=None))}
        case "redshift":
            return {"credentials": _text(url.set(drivername="postgresql"))}
        case _ if url.host is None and "host" in url.query:  # a socket, which the driver goes by; dlt wants a name
            return {"credentials": _text(url.set(host="localhost"))}
        case _:
            return {"credentials": address}


def _bigquery(url: URL) -> dict[str, Any]:
    location = _said(url, "location")
    made: dict[str, Any] = {"credentials": _service_account(url), "project_id": url.host}
    return made | ({"location": location} if location else {})


def _databricks(url: URL) -> dict[str, Any]:
    return {
        "server_hostname": url.host,
        "http_path": _said(url, "http_path"),
        "catalog": url.database,
        "access_token": url.password,
    }


def _filesystem(url: URL) -> dict[str, Any]:
    scheme = url.get_backend_name()
    place = f"{scheme}://{url.host or ''}/{url.database or ''}"
    match scheme:
        case "s3":
            more = {name: _said(url, name) for name in ("region_name", "endpoint_url")}
            given = {"aws_access_key_id": url.username, "aws_secret_access_key": url.password, **more}
        case "gs":
            given = _service_account(url)
        case "az":
            given = {"azure_storage_account_name": url.username, "azure_storage_account_key": url.password}
        case _:
            return {"bucket_url": place}
    return {"bucket_url": place, "credentials": {name: value for name, value in given.items() if value is not None}}


def _service_account(url: URL) -> dict[str, Any]:
    """Read the key file of a service account, which stands in the place of the password."""
    try:
        found: dict[str, Any] = msgspec.json.decode(base64.b64decode(url.password or "", validate=True), type=dict)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise WarehouseRefused(
            "The password of the address isn't the key file of a service account, as JSON in Base64.",
            hint="Edit the source and enter the address again.",
        ) from error
    return found


def _said(url: URL, name: str) -> str | None:
    value = url.query.get(name)
    return value if isinstance(value, str) else None


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
