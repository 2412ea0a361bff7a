"""From a page's context to HTML: the templates, strict about every name, and the headers that go with a page."""

from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from consentry.web.frame import Frame, Page

STATIC: Final = Path(__file__).parent / "static"

_CONTENT: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("consentry.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def mark_of(name: str) -> str:
    """Return a few characters that change when a file of the stylesheet's folder does."""
    return sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def draw(page: Page, frame: Frame) -> str:
    """Return a page as HTML: whole, or the overlay's inside where that was asked for and the page has one."""
    url = _url_under(frame.prefix)

    def asset(name: str) -> str:
        return f"{url('/static/' + name)}?v={mark_of(name)}"

    environment = _environment()
    names: dict[str, object] = {"page": page, "frame": frame, "url": url, "asset": asset}
    names["pieces"] = environment.get_template("pieces.html").make_module(names)
    template = page.fragment if frame.is_fragment and page.fragment else page.template
    return environment.get_template(template).render(names)


def _url_under(prefix: str) -> Callable[[str], str]:
    def url(path: str) -> str:
        return prefix + path

    return url


def page_headers(*, is_secure: bool, form_targets: str = "'self'", keeps_opener: bool = False) -> Mapping[str, str]:
    """Return the headers of every page: nothing of others in it, no frame around it, no copy of it kept.

    ``form_targets``: Chromium holds form-action against every redirect that answers a form, so a form that leads to the
    provider, and from there perhaps to its sign-in, has to allow those.
    """
    headers = {
        "Content-Security-Policy": "; ".join((*_CONTENT, f"form-action {form_targets}")),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",  # not no-referrer: a form's Origin would then be sent as null
        "Cross-Origin-Opener-Policy": "unsafe-none" if keeps_opener else "same-origin-allow-popups",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "Cache-Control": "no-store",
    }
    if is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers
