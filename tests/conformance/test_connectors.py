"""What every connector must hold to. A new folder is tested by being there."""

import ast
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from consentry.connectors import Answer, Catalogue, Connector, Stream, read
from consentry.errors import ConsentryError
from consentry.outbound.addresses import AddressRules
from ground.replaying import Replaying, json_answer

CONNECTORS = Catalogue.load().list()
STREAMS = [(connector, stream) for connector in CONNECTORS for stream in connector.streams]
SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
SCOPE_TOKEN = re.compile(r"[!#-\[\]-~]+")  # RFC 6749 §3.3

every_connector = pytest.mark.parametrize("connector", CONNECTORS, ids=lambda connector: connector.name)
every_stream = pytest.mark.parametrize(
    ("connector", "stream"), STREAMS, ids=[f"{connector.name}-{stream.name}" for connector, stream in STREAMS]
)


def sample(connector: Connector, stream: Stream) -> Any:
    return json.loads((connector.samples / f"{stream.name}.json").read_text())


def sampled_records(connector: Connector, stream: Stream) -> list[dict[str, Any]]:
    found = sample(connector, stream)[stream.records_key]
    return [found] if stream.single else found


# --- values


def test_there_is_a_connector() -> None:
    assert CONNECTORS


@every_connector
def test_names_and_addresses_are_sane(connector: Connector) -> None:
    assert SNAKE.fullmatch(connector.name)
    assert connector.title.strip() == connector.title != ""
    assert connector.description.endswith(".")
    assert len(connector.description) <= 120
    base = urlsplit(connector.base_url)
    assert (base.scheme, base.path, base.query) == ("https", "", "")
    assert not connector.api_prefix.startswith("/")
    assert connector.api_prefix.endswith("/")


@every_connector
def test_every_endpoint_lies_at_the_provider(connector: Connector) -> None:
    rules = AddressRules()
    endpoints = [connector.authorize_url, connector.token_url, *connector.revoke_urls]
    for endpoint in [*endpoints, connector.oauth.registration_url]:
        rules.check(endpoint)
    assert all(endpoint.startswith(connector.base_url + "/") for endpoint in endpoints)
    assert len(set(endpoints)) == len(endpoints)


@every_connector
def test_scopes_are_explained_and_the_default_is_among_them(connector: Connector) -> None:
    names = [scope.name for scope in connector.oauth.scopes]
    assert len(set(names)) == len(names)
    assert all(SCOPE_TOKEN.fullmatch(name) for name in names)
    assert all(scope.meaning.endswith(".") for scope in connector.oauth.scopes)
    assert set(connector.oauth.default_scope.split()) <= set(names)
    assert set(connector.oauth.write_scopes) <= set(names)
    assert connector.scope_to_ask("  ") == connector.oauth.default_scope


@every_connector
def test_an_unstated_lifetime_is_a_careful_guess(connector: Connector) -> None:
    assert 60 <= connector.oauth.unstated_lifetime.total_seconds() <= 86_400


@every_connector
def test_the_form_asks_for_all_that_a_credential_needs(connector: Connector) -> None:
    fields = {field.name: field for field in connector.form}
    assert list(fields) == ["name", "description", "client_id", "client_secret", "scope"]
    assert {name: field.label for name, field in fields.items()} == {
        "name": "Credential Name",
        "description": "Credential Description",
        "client_id": "Client ID",
        "client_secret": "Client Secret",
        "scope": "Access Scope",
    }
    assert [name for name, field in fields.items() if field.required] == ["name", "client_id", "client_secret"]
    assert [name for name, field in fields.items() if field.secret] == ["client_secret"]
    assert all(field.help for field in connector.form)
    assert connector.oauth.registration_steps


@every_connector
def test_a_rate_limit_is_stated_whole(connector: Connector) -> None:
    limit = connector.rate_limit
    if limit is None:
        return
    assert limit.calls > 0
    assert limit.window.total_seconds() > 0
    headers = [limit.limit_header, limit.remaining_header, limit.reset_header]
    assert headers == [header.lower() for header in headers]
    assert len(set(headers)) == 3


@every_connector
def test_a_base_url_that_the_operator_sets_moves_everything(connector: Connector) -> None:
    moved = Catalogue.load({connector.name: "http://127.0.0.1:9/under/"}).get(connector.name)
    for url in (moved.authorize_url, moved.token_url, moved.issuer + "/", *moved.revoke_urls):
        assert url.startswith("http://127.0.0.1:9/under/")


# --- streams


@every_connector
def test_streams_have_names_of_their_own(connector: Connector) -> None:
    names = [stream.name for stream in connector.streams]
    assert len(set(names)) == len(names)
    assert all(SNAKE.fullmatch(name) for name in names)
    titles = [stream.title for stream in connector.streams]
    assert len(set(titles)) == len(titles)


@every_stream
def test_a_stream_stays_in_the_api_and_says_what_it_means(connector: Connector, stream: Stream) -> None:
    assert stream.path.startswith(f"/{connector.api_prefix}")
    assert stream.deleted_path is None or stream.deleted_path.startswith(f"/{connector.api_prefix}")
    assert all(part not in ("", ".", "..") for part in stream.path[1:].split("/"))
    assert "?" not in stream.path
    assert stream.meaning.endswith(".")
    assert stream.title
    assert stream.primary_key
    assert 1 <= stream.per_page <= 1000
    assert not (stream.single and stream.paginated)


@every_stream
def test_a_stream_under_a_parent_names_one_that_stands_by_itself(connector: Connector, stream: Stream) -> None:
    assert ("{parent}" in stream.path) == (stream.parent is not None)
    if stream.parent is None:
        assert stream.parent_field is None
        assert not stream.parent_where
        return
    parent = connector.stream(stream.parent)
    assert parent is not None
    assert parent.parent is None
    assert any(
        all(record.get(name) == value for name, value in stream.parent_where.items())
        for record in sampled_records(connector, parent)
    ), "no sample parent would be walked over"


@every_stream
async def test_a_stream_reads_its_sample(connector: Connector, stream: Stream) -> None:
    client = Replaying(lambda path: sampled_answer(connector, path))
    pages = [page async for page in read(client, connector, stream, most_parents=1)]
    records = [record for page in pages for record in page.records]
    assert records, "a sample without a record shows nothing"
    keys = [tuple(record[key] for key in stream.primary_key) for record in records]
    assert len(set(keys)) == len(keys)
    assert not any(part is None for key in keys for part in key)
    if stream.parent_field is not None:
        assert all(record[stream.parent_field] is not None for record in records)


def sampled_answer(connector: Connector, path: str) -> Answer | None:
    for stream in connector.streams:
        pattern = re.escape(stream.path).replace(re.escape("{parent}"), r"[^/]+")
        if re.fullmatch(pattern, path):
            return json_answer((connector.samples / f"{stream.name}.json").read_bytes())
    return None


@every_connector
def test_every_sample_belongs_to_a_stream(connector: Connector) -> None:
    samples = {path.stem for path in connector.samples.glob("*.json")}
    assert samples == {stream.name for stream in connector.streams}


@every_stream
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"KEY": null}',
        b'{"KEY": "text"}',
        b'{"KEY": [1]}',
        b'{"KEY": [{}',
        b"\xff",
    ],
)
async def test_an_answer_that_is_no_such_list_is_said_and_never_taken_for_an_empty_one(
    connector: Connector, stream: Stream, body: bytes
) -> None:
    wrong = json_answer(body.replace(b"KEY", stream.records_key.encode()))
    path = re.escape(stream.path).replace(re.escape("{parent}"), r"[^/]+")
    client = Replaying(
        lambda asked: wrong if re.fullmatch(path, asked.partition("?")[0]) else sampled_answer(connector, asked)
    )
    with pytest.raises(ConsentryError) as raised:
        [page async for page in read(client, connector, stream)]
    assert raised.value.code == "reply_not_understood"


# --- small functions


@every_connector
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"<html><body>Bad gateway</body></html>",
        b"\xff\xfe",
        b'{"error": 5}',
        b'{"errors": {}}',
    ],
)
def test_an_error_body_that_says_nothing_gives_nothing(connector: Connector, body: bytes) -> None:
    assert connector.error_of_body(body) == ""


@every_connector
def test_an_error_body_gives_one_short_plain_line(connector: Connector) -> None:
    nasty = json.dumps({"error": "<script>alert(1)</script>\r\n\x00\u202e" + "x" * 5000}).encode()
    said = connector.error_of_body(nasty)
    assert len(said) <= 200
    assert said.isprintable() or said == ""
    assert not set(said) & set("<>\r\n")


@every_connector
@pytest.mark.parametrize(
    "reply", [{}, {"subdomain": None}, {"subdomain": 5}, {"subdomain": "a/b"}, {"subdomain": "<b>"}]
)
def test_a_token_reply_that_names_no_account_gives_none(connector: Connector, reply: dict[str, object]) -> None:
    assert connector.account_of_reply(reply) is None


# --- the folder


@every_connector
def test_the_logo_is_a_small_drawing_and_nothing_else(connector: Connector) -> None:
    text = connector.logo.read_text()
    assert len(text) < 8_000
    assert "<!" not in text, "no document type, no entities, no comments"
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("viewBox") == "0 0 32 32"
    drawing = {"svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "title", "defs"}
    gradients = {"linearGradient", "radialGradient", "stop", "clipPath"}
    for element in root.iter():
        assert element.tag.removeprefix("{http://www.w3.org/2000/svg}") in drawing | gradients
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            assert "href" not in name
            assert name != "style", "a strict content security policy would drop it"
            assert "url(" not in value or value.startswith("url(#")
            assert "http" not in value


@every_connector
def test_the_readme_leads_from_registering_to_consent(connector: Connector) -> None:
    text = connector.docs.read_text()
    assert text.startswith(f"# {connector.title}\n")
    for needed in (
        "redirect URI",
        "/oauth/callback",
        "client ID",
        "client secret",
        "## Access scopes",
        connector.base_url,
    ):
        assert needed in text
    assert connector.oauth.registration_url in text
    for path in (connector.oauth.authorize_path, connector.oauth.token_path, *connector.oauth.revoke_paths):
        assert path in text
    for scope in connector.oauth.scopes:
        assert f"`{scope.name}`" in text
    assert f"CONSENTRY_{connector.name.upper()}_BASE_URL" in text


@every_connector
def test_the_readmes_headings_go_down_one_step_at_a_time(connector: Connector) -> None:
    levels = [
        len(line) - len(line.lstrip("#")) for line in connector.docs.read_text().splitlines() if line.startswith("#")
    ]
    assert levels[0] == 1
    assert all(second - first <= 1 for first, second in pairwise(levels))


@every_connector
def test_a_connector_opens_no_connection_and_knows_no_other(connector: Connector) -> None:
    allowed = (
        f"consentry.connectors.{connector.name}",
        "consentry.connectors.comparing",
        "consentry.connectors.contract",
        "consentry.connectors.paging",
        "consentry.connectors.resolving",
        "consentry.connectors.writing",
        "consentry.core",
        "consentry.errors",
        "consentry.oauth",
    )
    for path in connector.folder.rglob("*.py"):
        for module in imported(path):
            assert not module.startswith("consentry") or module.startswith(allowed), f"{path.name} imports {module}"
            assert module.partition(".")[0] not in {
                "aiohttp",
                "httpx",
                "httpx2",
                "socket",
                "asyncio",
                "subprocess",
                "os",
            }


def imported(path: Path) -> list[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return names + [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
