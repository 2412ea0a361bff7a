"""`/api/v2`: token, rate limit, path, method, then the reader or writer that these name."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from consentry.sandbox.bearer import Unauthorised, authorise
from consentry.sandbox.discovery import issuer_of
from consentry.sandbox.filtering import filterer
from consentry.sandbox.query import Invalid, parse_query
from consentry.sandbox.readers import (
    NOT_FOUND,
    Call,
    Reader,
    Reply,
    children,
    contacts,
    deleted,
    fixed,
    lister,
    read_all_milestones,
    read_attachment,
    read_current_user,
    read_job,
    read_site,
    searcher,
    several,
    shower,
)
from consentry.sandbox.records import stamp
from consentry.sandbox.resources import (
    DEFINITIONS,
    ENTITIES,
    ENTRIES,
    KASES,
    MILESTONES,
    OPPORTUNITIES,
    PARTIES,
    PERIODS,
    RESOURCES,
    STAGES,
    TRACKS,
)
from consentry.sandbox.seed.countries import COUNTRIES
from consentry.sandbox.seed.currencies import CURRENCIES
from consentry.sandbox.world import World
from consentry.sandbox.writing import MOST_BYTES, WRITERS, Absent, Malformed, NotEntitled, Refused

_NOT_ALLOWED: Final = Reply(status=405, body=b'{"message":"Method not allowed"}')
_OVER_THE_LIMIT: Final = Reply(status=429, body=b'{"error":"rate limit reached"}')
_TOO_LARGE: Final = Reply(status=413, body=b'{"message":"The body is too large"}')
_ENTRIES_PER_PAGE: Final = 50
Path = tuple[str, ...]


def _readers() -> Iterator[tuple[str, Reader | None]]:
    """Yield each known path; `{id}` stands for one id and `{ids}` for several. No reader: it can't be read."""
    for resource in RESOURCES:
        yield resource.path, lister(resource) if resource.listed else None
        if resource.singular is not None:
            yield f"{resource.path}/{{id}}", shower(resource)
        if resource.several:
            yield f"{resource.path}/{{ids}}", several(resource)
        if resource.searched:
            yield f"{resource.path}/search", searcher(resource)
        if resource.has_deleted_feed:
            yield f"{resource.path}/deleted", deleted(resource)
    for path in (entity.path for entity in ENTITIES):
        yield f"{path}/{{id}}/entries", children(path, ENTRIES, most=_ENTRIES_PER_PAGE)
        yield f"{path}/{{id}}/tracks", children(path, TRACKS)
        yield f"{path}/tags/{{id}}/definitions", children(f"{path}/tags", DEFINITIONS[path], link="tag")
    yield "parties/{id}/people", children("parties", PARTIES)
    yield "parties/{id}/opportunities", children("parties", OPPORTUNITIES)
    yield "parties/{id}/kases", children("parties", KASES)
    yield "opportunities/{id}/parties", contacts("opportunities")
    yield "kases/{id}/parties", contacts("kases")
    yield "pipelines/{id}/milestones", children("pipelines", MILESTONES)
    yield "milestones/all", read_all_milestones
    yield "boards/{id}/stages", children("boards", STAGES)
    yield "goals/{id}/periods", children("goals", PERIODS)
    yield "users/current", read_current_user
    yield "attachments/{id}", read_attachment
    yield "titles/{id}", None
    yield "jobs/{uuid}", read_job
    yield "countries", fixed(msgspec.json.encode({"countries": COUNTRIES}))
    yield "currencies", fixed(msgspec.json.encode({"currencies": CURRENCIES}))
    yield "site", read_site


def _by_shape() -> dict[Path, Reader | None]:
    """Return the readers by path segments, where ids are placeholders; a path that is listed twice is a mistake."""
    shapes: dict[Path, Reader | None] = {}
    for path, reader in _readers():
        shape = tuple(path.split("/"))
        if shape in shapes:
            raise ValueError(f"two readers for {path}")
        shapes[shape] = reader
    return shapes


_SHAPES: Final = _by_shape()
_POSTED: Final[dict[tuple[str, Path], Reader]] = {
    **WRITERS,
    **{("POST", (entity.path, "filters", "results")): filterer(entity) for entity in ENTITIES},
}
_ANSWERED: Final = frozenset(_SHAPES) | frozenset(shape for _, shape in _POSTED)


async def answer_api(request: Request) -> Response:
    """Answer a call to the API."""
    world: World = request.app.state.world
    path = request.path_params["path"]
    body = await _read_body(request)
    if body is None:
        return _respond(_TOO_LARGE)
    try:
        user = authorise(world.grants, request.headers.get("authorization"), _scope(request.method, path)).grant.user
    except Unauthorised as error:
        return _respond(Reply(status=error.status, body=msgspec.json.encode(error.body()), headers=error.headers()))
    allowance = world.budget.spend(user.username)
    headers = allowance.headers() if allowance is not None else {}
    if allowance is not None and not allowance.allowed:
        world.journal.count("over_the_limit", user.username)
        return _respond(_OVER_THE_LIMIT, headers)
    shape, ids = shape_of(path)
    handler = _find(request.method, shape)
    if isinstance(handler, Reply):
        return _respond(handler, headers)
    call = Call(
        crm=world.crm(user.subdomain),
        user=user,
        query=parse_query(request.url.query),
        knobs=world.knobs,
        address=f"{issuer_of(request)}/api/v2/{path}",
        ids=ids,
        now=stamp(world.clock.now()),
        body=body,
        headers=request.headers,
        token=world.applications.token,
    )
    return _respond(_carry_out(handler, call), headers)


async def _read_body(request: Request) -> bytes | None:
    """Return the body, or None when it is larger than any file that can be uploaded."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _scope(method: str, path: str) -> str:
    if method in ("GET", "HEAD") or path.endswith("/filters/results"):
        return "read"
    return "user_preference" if path.startswith("users/") else "write"


def _find(method: str, shape: Path) -> Reader | Reply:
    """Return who answers, or the refusal where nobody does."""
    reading = method in ("GET", "HEAD")
    found = _SHAPES.get(shape) if reading else _POSTED.get((method, shape))
    if found is not None:
        return found
    return _NOT_ALLOWED if shape in _ANSWERED else NOT_FOUND


def _carry_out(handler: Reader, call: Call) -> Reply:
    try:
        return handler(call)
    except Invalid as error:
        body = {"message": "Validation Failed", "errors": [{"message": error.message, "field": error.field}]}
        return Reply(status=422, body=msgspec.json.encode(body))
    except Refused as error:
        return Reply(status=422, body=error.body())
    except Malformed as error:
        return Reply(status=400, body=msgspec.json.encode({"message": str(error)}))
    except NotEntitled as error:
        return Reply(status=403, body=msgspec.json.encode({"message": str(error)}))
    except Absent:
        return NOT_FOUND


def shape_of(path: str) -> tuple[Path, tuple[int, ...]]:
    """Return a path's segments with ids replaced by placeholders, and the ids."""
    shape: list[str] = []
    ids: list[int] = []
    for segment in path.split("/"):
        numbers = segment.split(",")
        if shape[-1:] == ["jobs"] and _is_uuid(segment):
            ids.append(UUID(segment).int)
            shape.append("{uuid}")
        elif all(_is_id(number) for number in numbers):
            ids.extend(int(number) for number in numbers)
            shape.append("{id}" if len(numbers) == 1 else "{ids}")
        else:
            shape.append(segment)
    return tuple(shape), tuple(ids)


def _is_id(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and len(text) < 20


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _respond(reply: Reply, headers: dict[str, str] | None = None) -> Response:
    return Response(
        reply.body,
        status_code=reply.status,
        headers={**(headers or {}), **reply.headers},
        media_type=reply.media_type if reply.body else None,
    )
