"""What a value can't say about Capsule: whose account it is, how its lists go on, and what its errors mean."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from consentry.connectors.contract import Account, Answer, Page, Record, SignedInClient
from consentry.connectors.paging import link_pager, read_record
from consentry.errors import ScopeMissing

_SUBDOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_LONGEST_ERROR: Final = 200


def subdomain_of_reply(reply: Mapping[str, object]) -> str | None:
    """Return the account name that Capsule adds to its token reply; it tells when another account gave consent."""
    subdomain = reply.get("subdomain")
    return subdomain.lower() if isinstance(subdomain, str) and _SUBDOMAIN.fullmatch(subdomain) else None


async def find_account(client: SignedInClient) -> Account:
    """Return who gave consent and in which account; either half may be closed to this person, not both."""
    user = await _look(client, "/api/v2/users/current", "user")
    site = await _look(client, "/api/v2/site", "site")
    if user is None and site is None:
        raise ScopeMissing("Capsule shows this grant neither its user nor its account.")
    user, site = user or {}, site or {}
    subdomain = subdomain_of_reply(site)
    return Account(
        subdomain=subdomain,
        name=_text(site.get("name")) or _text(user.get("name")),
        url=_own_address(_text(site.get("url"))),
        user=_identity(user, subdomain),
    )


async def _look(client: SignedInClient, path: str, key: str) -> Record | None:
    try:
        return read_record((await client.get(path)).body, key)
    except ScopeMissing:
        return None


def _identity(user: Record, subdomain: str | None) -> str | None:
    """Name the user across accounts: ids of users are counted anew in every account, as far as is known."""
    number = user.get("id")
    return f"{subdomain or ''}/{number}" if isinstance(number, int) else None


def _text(value: object) -> str | None:
    return value.strip()[:255] or None if isinstance(value, str) else None


def _own_address(url: str | None) -> str | None:
    """Keep an address that a page may link to."""
    return url if url is not None and urlsplit(url).scheme == "https" else None


def pager(answer: Answer, *, records_key: str, base_url: str, asked: str) -> Page:
    """Follow the Link header; where there is none, count on from X-Pagination-Has-More, which is undocumented."""
    page = link_pager(answer, records_key=records_key, base_url=base_url, asked=asked)
    if "link" in answer.headers or answer.headers.get("x-pagination-has-more", "").lower() != "true":
        return page
    path, _, query = asked.partition("?")
    params = dict(parse_qsl(query))
    number = int(params["page"]) if params.get("page", "").isdecimal() else 1
    params["page"] = str(number + 1)
    return Page(records=page.records, next_path=f"{path}?{urlencode(params, safe=',')}")


def error_of_body(body: bytes) -> str:
    """Return what an error body says in one short sentence, or nothing when it isn't in one of Capsule's forms.

    A record's own error says more than the general message, and a message more than an error code.
    """
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if not isinstance(found, dict):
        return ""
    details = [_detail(error) for error in _list(found.get("errors"))]
    general = next((text for name in ("error_description", "message", "error") if (text := line(found.get(name)))), "")
    return ("; ".join(detail for detail in details[:3] if detail) or general)[:_LONGEST_ERROR]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _detail(error: object) -> str:
    return line(error.get("message")) if isinstance(error, dict) else ""


def line(value: object) -> str:
    """Make one printable line of a text, without what could be taken for markup."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(sign if sign.isprintable() and sign not in "<>" else " " for sign in value).split())
