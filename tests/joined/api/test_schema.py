"""The OpenAPI document against what is really answered: schemathesis makes up requests, and judges the answers."""

import asyncio
import json
import os
import sys
from typing import Any

import httpx2
import pytest

from consentry import accounts
from consentry.accounts import KeyScope
from consentry.app import App
from consentry.sandbox import RunningSandbox
from ground.consenting import ADA, connected

JUDGED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
    "use_after_free",
)
LONG = bool(os.environ.get("CONSENTRY_SOAK"))
WIDTH = ("--max-examples", "25") if LONG else ("--phases", "examples,fuzzing", "--max-examples", "3")
SECONDS = 900 if LONG else 300


@pytest.fixture
async def document(nobody: httpx2.AsyncClient) -> dict[str, Any]:
    answer = await nobody.get("/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
async def key(app: App, sandbox: RunningSandbox) -> str:
    """Make an administrator's key that made-up requests don't soon revoke, and something to look at."""
    await connected(app, sandbox)
    for _ in range(30):
        await accounts.create_api_key(app.accounts, ADA, name="decoy", scopes=[KeyScope.READ])
    _, made = await accounts.create_api_key(app.accounts, ADA, name="schema", scopes=[KeyScope.ADMIN])
    return made.reveal()


async def judge(address: str, key: str, *options: str) -> tuple[int, str]:
    """Run schemathesis, and return its exit status and what it says."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json", "--seed", "1", "--no-color"]
    process = await asyncio.create_subprocess_exec(
        *command,
        *("-H", f"Authorization: Bearer {key}", "--checks", ",".join(JUDGED), *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    return process.returncode or 0, said.decode()


@pytest.mark.soak
@pytest.mark.timeout(2 * SECONDS)
@pytest.mark.parametrize(
    "part",
    [
        ("--include-path-regex", "/(sources|runs)"),
        ("--include-path-regex", "/(destinations|uploads|templates)"),
        ("--exclude-path-regex", "/(sources|runs|destinations|uploads|templates)"),
    ],
    ids=["flows", "writing", "others"],
)
async def test_no_answer_is_undocumented_and_none_is_a_fault(address: str, key: str, part: tuple[str, str]) -> None:
    # in parts: each operation is tried with unknown keys too, and who tries very many of those is slowed down
    status, said = await judge(address, key, *WIDTH, *part)
    assert "Tested: " in said, said
    assert status == 0, said


async def test_every_operation_is_named_described_and_documents_its_errors(document: dict[str, Any]) -> None:
    seen = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            place = f"{method} {path}"
            assert operation["summary"], place
            assert operation["description"], place
            assert operation["operationId"] not in seen, place
            seen.add(operation["operationId"])
            if path.startswith("/api/v1") and "proxy" not in path:
                wanted = {"400", "401", "403", "405", "413", "415", "422", "429", "500", "503"}
                assert operation["responses"].keys() >= wanted, place
                assert operation["security"], place


async def test_the_document_lists_every_route_that_the_design_names(document: dict[str, Any]) -> None:
    one = "/api/v1/credentials/{credential_id}"
    named = {
        "/api/v1/connectors": {"get"},
        "/api/v1/connectors/{name}": {"get"},
        "/api/v1/credentials": {"get", "post"},
        one: {"get", "patch", "delete"},
        f"{one}/connect": {"post"},
        f"{one}/test": {"post"},
        f"{one}/token": {"post"},
        f"{one}/copy": {"post"},
        f"{one}/confirm-account": {"post"},
        f"{one}/audit": {"get"},
        f"{one}/proxy/{{path}}": {"get", "head", "post", "put", "patch", "delete", "options"},
        f"{one}/templates/{{name}}": {"get"},
        "/api/v1/destinations": {"get", "post"},
        "/api/v1/destinations/{destination_id}": {"get", "patch", "delete"},
        **{
            f"/api/v1/destinations/{{destination_id}}/{verb}": {"post"}
            for verb in ("test", "run", "preview", "activate", "pause")
        },
        "/api/v1/uploads": {"post"},
        "/api/v1/runs/{run_id}/rows": {"get"},
        "/api/v1/runs/{run_id}/retry": {"post"},
        "/healthz": {"get"},
        "/readyz": {"get"},
        "/metrics": {"get"},
    }
    for path, methods in named.items():
        assert document["paths"][path].keys() - {"parameters"} == methods, path


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    wanted = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert wanted <= document["components"]["schemas"].keys()
