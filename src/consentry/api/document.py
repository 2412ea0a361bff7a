"""The OpenAPI document: what the framework knows of our operations, and by hand those that it doesn't run."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

import consentry
from consentry.api.answers import PROBLEM_SCHEMA, answer, answers
from consentry.api.fields import Json
from consentry.api.token import LONGEST_TTL

_DESCRIPTION: Final = (
    "Consentry keeps the OAuth 2.0 credentials of data integrations, and hands out tokens that are always fresh. "
    "Send an API key as bearer token. Errors are problem documents (RFC 9457) with a stable `code`, and a `hint` that "
    'says whose move it is. Lists come in pages; `Link: rel="next"` is the address of the next one.'
)
_ID: Final[Json] = {
    "name": "credential_id",
    "in": "path",
    "required": True,
    "description": "The id, a whole number.",
    "schema": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
}
_PATH: Final[Json] = {
    "name": "path",
    "in": "path",
    "required": True,
    "description": "The provider's path, such as `api/v2/users`; slashes are part of it.",
    "schema": {"type": "string"},
    "example": "api/v2/users",
}
_PREFER: Final[Json] = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`wait=N`: hold the call for up to N seconds when the rate budget is used up (RFC 7240).",
    "schema": {"type": "string", "pattern": "^wait=[0-9]{1,3}$"},
    "example": "wait=10",
}


def write_document(api: FastAPI, public_url: str, connectors: Sequence[str]) -> bytes:
    """Return the whole document; ``connectors`` are the names that a credential can be made for."""
    document = get_openapi(
        title="Consentry",
        version=consentry.__version__,
        summary="Keeps OAuth credentials, and puts them to work.",
        description=_DESCRIPTION,
        routes=api.routes,
        servers=[{"url": public_url, "description": "This Consentry."}],
        license_info={"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    )
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["NewCredentialBody"]["properties"]["connector"] |= {"enum": list(connectors)}
    schemas |= {"Problem": PROBLEM_SCHEMA, "TokenAsk": _TOKEN_ASK, "Token": _TOKEN}
    document["paths"] |= {
        "/api/v1/credentials/{credential_id}/token": {"post": _token_operation()},
        "/api/v1/credentials/{credential_id}/proxy/{path}": _proxy_operations(),
        "/healthz": {"get": _open("show_health", "Is it alive?", "The process lives.", {})},
        "/readyz": {"get": _open("show_readiness", "Is it ready?", "Requests can be sent here.", {503: answer(503)})},
        "/metrics": {"get": _metrics_operation()},
        "/hooks/{token}": {"post": _hook_operation()},
    }
    return msgspec.json.encode(document)


_TOKEN_ASK: Final[Json] = {
    "title": "TokenAsk",
    "description": "What may be asked; without a body, a token that is fresh.",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "min_ttl_seconds": {
            "type": "integer",
            "minimum": 0,
            "maximum": LONGEST_TTL,
            "default": 0,
            "description": "How long it must still live. More than the provider gives refreshes once.",
        },
        "force_refresh": {
            "type": "boolean",
            "default": False,
            "description": "Refresh first, whatever is there; callers who ask at once share one refresh.",
        },
    },
}
_TOKEN: Final[Json] = {
    "title": "Token",
    "description": "An access token for the provider's API.",
    "type": "object",
    "required": ["access_token", "token_type", "expires_at", "scope"],
    "properties": {
        "access_token": {"type": "string"},
        "token_type": {"type": "string", "const": "Bearer"},
        "expires_at": {"type": "string", "format": "date-time"},
        "scope": {"type": "string", "description": "What the provider granted, separated by spaces."},
    },
}


def _secured(scope: str) -> list[dict[str, list[str]]]:
    return [{"api_key": [scope]}, {"session": [scope]}]


def _named(statuses: dict[int | str, dict[str, Any]]) -> dict[str, Any]:
    return {str(status): documented for status, documented in statuses.items()}


def _token_operation() -> Json:
    example = {
        "access_token": "the provider's token",
        "token_type": "Bearer",
        "expires_at": "2026-12-01T09:30:00Z",
        "scope": "read write",
    }
    return {
        "tags": ["tokens"],
        "summary": "Get an access token",
        "description": "A token that is fresh; refreshed first where needed. Needs the scope `token`.",
        "operationId": "issue_token",
        "security": _secured("token"),
        "parameters": [_ID],
        "requestBody": {
            "required": False,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TokenAsk"}}},
        },
        "responses": {
            "200": {
                "description": "The token.",
                "headers": {"Cache-Control": {"description": "no-store", "schema": {"type": "string"}}},
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Token"}, "example": example}},
            },
            **_named(answers(404, 409, 502, 504)),
        },
    }


def _proxy_operations() -> Json:
    operations: Json = {"parameters": [_ID, _PATH, _PREFER]}
    for method in ("get", "head", "post", "put", "patch", "delete", "options"):
        operations[method] = _proxy_operation(method)
    return operations


def _proxy_operation(method: str) -> Json:
    operation: Json = {
        "tags": ["proxy"],
        "summary": f"Send {method.upper()} to the provider",
        "description": (
            "The provider's API with `Authorization: Bearer` attached, streamed both ways. The provider's answers pass "
            "through as they are; ours carry the header `Consentry-Error`. Needs the scope `use`."
        ),
        "operationId": f"proxy_{method}",
        "security": [{"api_key": ["use"]}],
        "responses": {
            "default": {
                "description": "Whatever the provider answers, or a problem of ours with the header Consentry-Error.",
                "headers": {
                    "Consentry-Error": {"description": "The code of a problem of ours.", "schema": {"type": "string"}}
                },
                "content": {"*/*": {}},
            },
            "401": answer(401),
        },
    }
    if method in ("post", "put", "patch"):
        operation["requestBody"] = {"required": False, "content": {"*/*": {}}}
    return operation


def _open(name: str, summary: str, meaning: str, more: dict[int | str, Json]) -> Json:
    schema = {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}
    return {
        "tags": ["operations"],
        "summary": summary,
        "description": meaning,
        "operationId": name,
        "security": [],
        "responses": {
            "200": {"description": meaning, "content": {"application/json": {"schema": schema}}},
            **_named(more),
        },
    }


def _metrics_operation() -> Json:
    return {
        "tags": ["operations"],
        "summary": "Show what was counted",
        "description": "Counters in the text form of Prometheus; no key is asked for on the machine itself.",
        "operationId": "show_metrics",
        "security": [{}, *_secured("read")],
        "responses": {
            "200": {"description": "The counters.", "content": {"text/plain": {"schema": {"type": "string"}}}},
            **_named({status: answer(status) for status in (400, 401, 403, 429, 503)}),
        },
    }


def _hook_operation() -> Json:
    return {
        "tags": ["operations"],
        "summary": "Tell of a change",
        "description": (
            "Where a provider tells of changes to a source that asked for it. The address is the secret, and no key is "
            "needed; the body is a hint at most: the records that it names are read again from the provider."
        ),
        "operationId": "tell_of_change",
        "security": [],
        "parameters": [
            {
                "name": "token",
                "in": "path",
                "required": True,
                "description": "What is secret in the address; an unknown or withdrawn one is answered with 410.",
                "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,200}$"},
            }
        ],
        "requestBody": {
            "required": True,
            "description": "Whatever the provider sends. Where no record is named, all changes are read.",
            "content": {"application/json": {"schema": {}}},
        },
        "responses": {
            "204": {"description": "The hint is stored."},
            **_named({status: answer(status) for status in (400, 404, 405, 410, 413, 415, 429, 500, 503)}),
        },
    }
