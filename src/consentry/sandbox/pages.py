"""The pages of the sandbox: templates, their one stylesheet, and the headers that each page carries."""

from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

_TEMPLATES: Final = Environment(
    loader=PackageLoader("consentry.sandbox"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE: Final = files(__package__).joinpath("templates", "sandbox.css").read_text("utf-8")
# No form-action here: browsers apply it to the redirect after the decision too, and that leads to the application.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def show(template: str, *, status: int = 200, **context: object) -> Response:
    """Return a page."""
    page = _TEMPLATES.get_template(template).render(context)
    return HTMLResponse(page, status_code=status, headers=_HEADERS)


async def answer_style(_request: Request) -> Response:
    """Return the stylesheet."""
    return Response(_STYLE, media_type="text/css", headers={"X-Content-Type-Options": "nosniff"})
