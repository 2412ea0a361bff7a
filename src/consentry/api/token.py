"""The token endpoint, plain ASGI: everybody's reads pass here, so nothing stands in the way but what must."""

from datetime import timedelta
from typing import Annotated, Any, Final

import msgspec
from starlette.types import Receive, Scope, Send

from consentry import credentials
from consentry.accounts import KeyScope
from consentry.api.bodies import read_body
from consentry.api.callers import caller_of, header
from consentry.api.json_body import read_json
from consentry.api.media import is_json
from consentry.api.problems import MEDIA_TYPE, Problem, problem_of, unsupported_media_type
from consentry.app import App
from consentry.audit import Actor
from consentry.errors import ConsentryError, FieldError, InvalidInput

LONGEST_TTL: Final = 2**31 - 1


class TokenAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be asked of the token endpoint."""

    min_ttl_seconds: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_TTL)] = 0
    force_refresh: bool = False


class TokenAnswer(msgspec.Struct, frozen=True):
    """The access token, for who may have it."""

    access_token: str
    token_type: str
    expires_at: Any
    scope: str


_NOTHING_ASKED: Final = TokenAsk()
_encoder: Final = msgspec.json.Encoder()


class TokenEndpoint:
    """`POST /credentials/{id}/token`."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._from_memory = app.measures.token_reads.labels("memory")

    async def answer(self, scope: Scope, receive: Receive, send: Send, credential_id: int) -> None:
        """Answer with a fresh access token, or with a problem."""
        try:
            caller = await caller_of(self._app, scope)
            caller.require(KeyScope.TOKEN)
            body = await read_body(receive)
            if body and not is_json(header(scope, b"content-type")):
                await _send_problem(send, unsupported_media_type())
                return
            ask = _read_ask(body) if body else _NOTHING_ASKED
            self._app.accounts.token_reads.take(caller.actor.name)
            issued = await self._issue(caller.actor, credential_id, ask)
        except ConsentryError as error:
            await _send_problem(send, problem_of(error))
            return
        await _send(send, 200, "application/json", _encode(issued))

    async def _issue(self, actor: Actor, credential_id: int, ask: TokenAsk) -> credentials.IssuedToken:
        room, least = self._app.credentials, timedelta(seconds=ask.min_ttl_seconds)
        if not ask.force_refresh:
            issued = credentials.cached_token(room, actor, credential_id, least)
            if issued is not None:
                self._from_memory.inc()
                return issued
        elif room.flights.find(credential_id) is None:  # who joins a refresh under way spends nothing
            self._app.accounts.forced_refreshes.take(str(credential_id))
        return await credentials.token(room, actor, credential_id, min_ttl=least, force=ask.force_refresh)


def _read_ask(body: bytes) -> TokenAsk:
    wish = read_json(body)
    if isinstance(wish, dict) and isinstance(seconds := wish.get("min_ttl_seconds"), float) and seconds.is_integer():
        wish["min_ttl_seconds"] = int(seconds)  # 60.0 is a whole number too, in JSON
    try:
        return msgspec.convert(wish, TokenAsk)
    except msgspec.ValidationError as error:
        raise InvalidInput(_field_error(str(error))) from None


def _field_error(said: str) -> FieldError:
    """Return what the decoder says in our form: "Expected `int`, got `str` - at `$.min_ttl_seconds`"."""
    what, _, place = said.partition(" - at ")
    field = place.strip("`").removeprefix("$.").removeprefix("$") or "body"
    if what.startswith("Object contains unknown field"):
        return FieldError(field=what.split("`")[1], message="There is no such field.")
    return FieldError(field=field, message=f"{what.replace('`', '')}.")


def _encode(issued: credentials.IssuedToken) -> bytes:
    return _encoder.encode(
        TokenAnswer(
            access_token=issued.access_token.reveal(),
            token_type="Bearer",
            expires_at=issued.expires_at,
            scope=issued.scope,
        )
    )


async def _send_problem(send: Send, problem: Problem) -> None:
    more = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    await _send(send, problem.status, MEDIA_TYPE, problem.body(), more)


async def _send(
    send: Send, status: int, media_type: str, body: bytes, more: list[tuple[bytes, bytes]] | None = None
) -> None:
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *(more or ()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
