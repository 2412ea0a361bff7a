"""The real curl, and nothing else, for who has no browser and no library of ours."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

PATIENCE_SECONDS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What curl printed of the last answer."""

    url: str
    status: int
    headers: Mapping[str, list[str]]  # by name in lower case
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def location(self) -> str:
        """Where the answer leads, as a whole address."""
        return urljoin(self.url, self.headers["location"][0])

    def json(self) -> Any:
        """Return the body, parsed."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Curl:
    """A person at a terminal; with a jar, their curl keeps cookies as a browser does."""

    jar: Path | None = None
    options: tuple[str, ...] = ()
    answers: list[Answer] = field(default_factory=list)  # all that came, oldest first

    def __call__(
        self,
        url: str,
        *more: str,
        method: str = "",
        key: str = "",
        given: object = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request, never following a redirect; ``given`` goes as JSON and ``form`` as a form."""
        arguments = [*self.options, *more]
        if method:
            arguments += ["--head"] if method == "HEAD" else ["--request", method]
        if key:
            arguments += ["--header", f"Authorization: Bearer {key}"]
        if given is not None:
            arguments += ["--header", "Content-Type: application/json", "--data-binary", json.dumps(given)]
        for name, value in (form or {}).items():
            arguments += ["--data-urlencode", f"{name}={value}"]
        if self.jar is not None:
            arguments += ["--cookie", str(self.jar), "--cookie-jar", str(self.jar)]
        answer = _run(url, arguments)
        self.answers.append(answer)
        return answer


def _run(url: str, arguments: list[str]) -> Answer:
    with tempfile.NamedTemporaryFile() as head, tempfile.NamedTemporaryFile() as body:
        command = [
            _find(), "--disable", "--silent", "--show-error", "--noproxy", "*", "--globoff", "--path-as-is",
            "--max-time", str(PATIENCE_SECONDS), "--dump-header", head.name, "--output", body.name,
            *arguments, "--url", url,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS + 5)
        assert done.returncode == 0, f"curl ended with status {done.returncode}: {done.stderr}"
        status, headers = _read_head(Path(head.name).read_bytes().decode("latin-1"))
        return Answer(url=url, status=status, headers=headers, body=Path(body.name).read_bytes())


def _find() -> str:
    found = shutil.which("curl")
    if found is None:
        raise RuntimeError("This journey is made with curl, which is not on this machine. Install it, then try again.")
    return found


def _read_head(text: str) -> tuple[int, dict[str, list[str]]]:
    """Read the last head that came; before it there may be interim answers such as 100."""
    first, *lines = text.strip().split("\r\n\r\n")[-1].split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    return int(first.split()[1]), headers
