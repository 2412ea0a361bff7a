"""A browser without script: it keeps cookies, reads pages, fills in their forms and presses their buttons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urljoin

import httpx2

_BOUNDARY = "a-line-that-stands-in-no-file"
VOID = frozenset(["input", "br", "img", "meta", "link", "hr", "use", "path", "circle", "rect"])


@dataclass(slots=True, kw_only=True)
class Form:
    """A form of a page, with what it would send."""

    action: str
    method: str
    id: str
    fields: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Finds the forms of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self.links: list[str] = []
        self._inside: Form | None = None
        self._silent = 0
        self._select: str | None = None
        self._option: tuple[str, bool] | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = Form(
                action=given.get("action", ""), method=given.get("method", "get"), id=given.get("id", "")
            )
            self.forms.append(self._inside)
        if tag in ("script", "style", "template"):
            self._silent += 1
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if self._inside is not None:
            self._read_field(self._inside, tag, given)

    def _read_field(self, form: Form, tag: str, given: Mapping[str, str]) -> None:
        name = given.get("name")
        if tag == "input" and name and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            form.fields.append((name, given.get("value", "on" if "checked" in given else "")))
        if tag == "textarea":
            self._area = name
        if tag == "select":
            self._select = name
        if tag == "option" and self._select and "selected" in given:
            form.fields.append((self._select, given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = None
        if tag in ("script", "style", "template"):
            self._silent -= 1
        if tag == "textarea":
            self._area = None
        if tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area is not None and self._inside is not None:
            self._inside.fields.append((self._area, data.removeprefix("\n")))
        if not self._silent and data.strip():
            self.words.append(" ".join(data.split()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A page as it came."""

    status: int
    url: str
    html: str
    headers: httpx2.Headers
    text: str
    forms: tuple[Form, ...]
    links: tuple[str, ...]

    def form(self, action: str, method: str = "post") -> Form:
        """Return the form that is sent to an address ending so."""
        found = [
            form for form in self.forms if form.action.partition("?")[0].endswith(action) and form.method == method
        ]
        assert found, f"no form for {action} among {[form.action for form in self.forms]}"
        return found[0]


class PlainBrowser:
    """One visitor with a cookie jar."""

    def __init__(self, address: str) -> None:
        self.http = httpx2.AsyncClient(base_url=address, timeout=30, follow_redirects=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()

    async def open(self, path: str, *, follow: bool = True) -> Sheet:
        """Open a page."""
        return _sheet(await self.http.get(path, follow_redirects=follow))

    async def submit(self, sheet: Sheet, action: str, *, follow: bool = True, **typed: str | list[str]) -> Sheet:
        """Fill in a form of a page, and send it."""
        form = sheet.form(action)
        kept = [(name, value) for name, value in form.fields if name not in typed]
        pairs = [
            (name, one) for name, value in typed.items() for one in (value if isinstance(value, list) else [value])
        ]
        return await self.post(urljoin(sheet.url, form.action), [*kept, *pairs], follow=follow)

    async def post(self, path: str, pairs: list[tuple[str, str]], *, follow: bool = False, **headers: str) -> Sheet:
        """Send a form as it is."""
        body = urlencode(pairs)
        sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return _sheet(await self.http.post(path, content=body, headers=sent, follow_redirects=follow))

    async def post_files(
        self,
        path: str,
        pairs: list[tuple[str, str]],
        file: tuple[str, bytes] | None,
        *,
        last: Sequence[tuple[str, str]] = (),
        follow: bool = False,
        **headers: str,
    ) -> Sheet:
        """Send a form that can bring a file, as browsers write it: fields in order, the file, ``last`` behind it."""
        name, content = file or ("", b"")
        escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        body = b"".join(_part(field, value) for field, value in pairs)
        body += f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{escaped}"\r\n'.encode()
        body += b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n"
        body += b"".join(_part(field, value) for field, value in last) + f"--{_BOUNDARY}--\r\n".encode()
        sent = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}", **headers}
        return _sheet(await self.http.post(path, content=body, headers=sent, follow_redirects=follow))

    async def sign_in(self, email: str, password: str) -> Sheet:
        """Sign in, or create the first administrator with the name Ada where there is none."""
        sheet = await self.open("/signin")
        asks_name = any(name == "name" for name, _ in sheet.form("/signin").fields)
        more = {"name": "Ada Marsh"} if asks_name else {}
        return await self.submit(sheet, "/signin", follow=True, email=email, password=password, **more)


def _part(name: str, value: str) -> bytes:
    return f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def _sheet(answer: httpx2.Response) -> Sheet:
    reader = _Reader()
    if "html" in answer.headers.get("content-type", ""):
        reader.feed(answer.text)
    return Sheet(
        status=answer.status_code,
        url=str(answer.url),
        html=answer.text,
        headers=answer.headers,
        text=" ".join(reader.words),
        forms=tuple(reader.forms),
        links=tuple(reader.links),
    )
