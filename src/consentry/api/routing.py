"""How every JSON operation is entered: who is asking first, then the query and the body, each read strictly."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor

from consentry.api.bodies import LARGEST_JSON, CallerLeft, read_body
from consentry.api.callers import caller_of, header
from consentry.api.json_body import read_json
from consentry.api.media import is_form, is_json
from consentry.api.problems import form_refused, unsupported_media_type
from consentry.errors import FieldError, InvalidInput

LARGEST_ID: Final = 2**63 - 1


class IdConvertor(Convertor[int]):
    """An id in a path; one that no row can have becomes 0, which names nothing."""

    regex = "[0-9]{1,30}"

    def convert(self, value: str) -> int:
        """Return the id."""
        return int(value) if int(value) <= LARGEST_ID else 0

    def to_string(self, value: int) -> str:
        """Return the id as it stands in a path."""
        return str(value)


register_url_convertor("id", IdConvertor())


class StrictRequest(Request):
    """A request whose body is bounded, and read as strictly as we promise."""

    async def body(self) -> bytes:
        """Return the body; raise TooLarge before more than the limit is held."""
        if not hasattr(self, "_whole"):
            self._whole = await read_body(self.receive, LARGEST_JSON)
        return self._whole

    async def json(self) -> Any:
        """Return what the body says; raise Unreadable."""
        return read_json(await self.body())


class StrictRoute(APIRoute):
    """An operation that knows its caller before it reads anything else."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the operation, with what comes before it."""
        operate = super().get_route_handler()

        async def handle(request: Request) -> Response:
            request.state.caller = await caller_of(request.app.state.consentry, request.scope)
            strict = StrictRequest(request.scope, request.receive)
            _check_single(strict)
            if await strict.body() and not is_json(header(strict.scope, b"content-type")):
                return unsupported_media_type().response()
            return await operate(strict)

        return handle


class RawRoute(APIRoute):
    """An operation that knows its caller first, and takes the body as it comes, a form excepted."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the operation, with what comes before it."""
        operate = super().get_route_handler()

        async def handle(request: Request) -> Response:
            request.state.caller = await caller_of(request.app.state.consentry, request.scope)
            _check_single(request)
            if is_form(header(request.scope, b"content-type")):
                return form_refused().response()
            try:
                return await operate(request)
            except CallerLeft:
                return Response(status_code=400)  # nobody reads it

        return handle


def _check_single(request: Request) -> None:
    """Refuse a parameter that stands twice, because it is anybody's guess which one counts."""
    names = [name for name, _ in request.query_params.multi_items()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(*(FieldError(field=name, message="Give this parameter once.") for name in twice))


def field_errors(error: RequestValidationError) -> tuple[FieldError, ...]:
    """Return what the schema found wrong, in our form."""
    return tuple(FieldError(field=_place(wrong["loc"]), message=_sentence(wrong)) for wrong in error.errors())


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location[1:]) or str(location[0])


_WORDS: Final = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "string_type": "Use text.",
    "bool_type": "Use true or false.",
    "int_type": "Use a whole number.",
    "model_attributes_type": "Send a JSON object.",
    "dict_type": "Send a JSON object.",
    "list_type": "Use a list.",
}


def _sentence(wrong: dict[str, Any]) -> str:
    said = str(wrong["msg"]).removeprefix("Value error, ")
    return _WORDS.get(wrong["type"], said if said.endswith(".") else f"{said}.")
