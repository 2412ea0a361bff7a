"""Pagers that more than one provider may need. The next page is taken by path and query only, never by host."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin, urlsplit

import msgspec

from consentry.connectors.contract import Answer, Page, Record
from consentry.errors import ReplyNotUnderstood

_LINK: Final = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w*!-]+\s*(?:=\s*(?:"(?:[^"\\]|\\.)*"|[^\s,;"]+))?)*)\s*(?:,|$)')
_PARAMETER: Final = re.compile(r';\s*([\w*!-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]+)))?')


def link_pager(answer: Answer, *, records_key: str, base_url: str, asked: str) -> Page:
    """Read a list whose Link header (RFC 8288) names the next page; raise ReplyNotUnderstood for anything else."""
    link = find_link(answer.headers.get("link", ""), "next")
    next_path = path_under(base_url, link) if link is not None else None
    return Page(records=read_records(answer.body, records_key), next_path=next_path)


def find_link(header: str, relation: str) -> str | None:
    """Return the target of the first link with this relation type."""
    for target, parameters in _LINK.findall(header):
        for name, quoted, plain in _PARAMETER.findall(parameters):
            if name.lower() == "rel" and relation in (quoted or plain).lower().split():
                return str(target)
    return None


def path_under(base_url: str, target: str) -> str:
    """Return path and query of a link; raise ReplyNotUnderstood when it leads away from the base URL.

    A token would otherwise follow the link to whoever it names.
    """
    try:
        joined = urljoin(base_url + "/", target)
        home, there = urlsplit(base_url), urlsplit(joined)
        at_home = (there.scheme, there.netloc) == (home.scheme, home.netloc)
    except ValueError:
        at_home = False
    if not at_home or not there.path.startswith(home.path.rstrip("/") + "/"):
        raise ReplyNotUnderstood("The provider's list names a next page at another address than its own.")
    path = there.path.removeprefix(home.path.rstrip("/"))
    return f"{path}?{there.query}" if there.query else path


def read_records(body: bytes, key: str) -> list[Record]:
    """Return the records that a list answer holds under a key; raise ReplyNotUnderstood when there is no such list."""
    records = read_object(body).get(key)
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ReplyNotUnderstood(f"The provider's answer has no list named {key}.")
    return records


def read_record(body: bytes, key: str) -> Record:
    """Return the one record that an answer holds under a key; raise ReplyNotUnderstood when there is none."""
    record = read_object(body).get(key)
    if not isinstance(record, dict):
        raise ReplyNotUnderstood(f"The provider's answer has no {key}.")
    return record


def read_object(body: bytes) -> Mapping[str, object]:
    """Return the JSON object that a body is; raise ReplyNotUnderstood when it isn't one."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ReplyNotUnderstood("The provider sent something that isn't JSON.") from None
    if not isinstance(found, dict):
        raise ReplyNotUnderstood("The provider's answer isn't a JSON object.")
    return found
