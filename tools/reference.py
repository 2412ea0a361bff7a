"""Write the generated parts of docs/reference anew, a page for each of PAGES. `--check` only compares.

A part stands between two comment lines and is written from the code; what stands around it is written by hand.
"""

import asyncio
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import typer

from consentry import app, settings
from consentry.api import create_api, problems
from consentry.cli import commands
from consentry.errors import ConsentryError
from consentry.settings import Settings
from dataset_page import write_datasets
from template_page import write_templates

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "docs" / "reference"
PART: Final = re.compile(r"(?<=<!-- generated -->\n).*?(?=\n<!-- end -->)", re.DOTALL)


def cell(text: object) -> str:
    """Return text that doesn't break out of a table's cell."""
    return re.sub(r"\s+", " ", str(text)).replace("|", "\\|").strip()


def table(heads: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """Return a table in Markdown."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


# --- settings


def write_settings() -> str:
    """Return the table of settings."""
    rows: list[tuple[object, ...]] = []
    for name, field in Settings.model_fields.items():
        meaning, _, default = (field.description or "").partition(" Default: ")
        if name == "base_urls":
            variable, _, meaning = meaning.partition(" ")
            rows.append((f"`{variable}`", meaning[:1].upper() + meaning[1:], "the connector's own"))
            continue
        if not default:
            default = f"`{field.default}`" if isinstance(field.default, str | int) and field.default != "" else "none"
        if name == "home":
            default = "the platform's folder for data"
        rows.append((f"`CONSENTRY_{name.upper()}`", meaning, default.rstrip(".")))
    return table(("variable", "meaning", "default"), rows)


# --- commands


def leaves(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Walk over the commands that do something, with the words that call them."""
    children = getattr(command, "commands", None)
    if children is None:
        yield words, command
        return
    for name in sorted(children):
        yield from leaves(children[name], (*words, name))


def write_commands() -> str:
    """Return every command with its arguments and options."""
    sections = []
    for words, command in leaves(typer.main.get_command(commands), ("consentry",)):
        lines = [f"### {' '.join(words)}", "", (command.help or "").strip()]
        rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            lines += ["", table(("argument or option", "meaning"), rows)]
        sections.append("\n".join(lines))
    return "\n\n".join(sections)


def _parameter(parameter: Any) -> tuple[object, ...]:
    if parameter.param_type_name == "argument":
        return f"`{(parameter.metavar or parameter.name).upper()}`", getattr(parameter, "help", None) or ""
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    return names, parameter.help or ""


# --- errors

WHOSE_MOVE: Final = {
    "CallerError": "The caller asks differently",
    "OwnerError": "The owner of the outside account acts",
    "OperatorError": "Whoever runs Consentry acts",
    "PassingError": "Nobody acts; it passes",
    "ProviderError": "The provider broke its word",
    "DataError": "One record, not the rest",
}


def write_errors() -> str:
    """Return the codes, by whose move it is, and those that only the API can answer."""
    heads = ("code", "status", "meaning", "hint")
    sections = [
        f"### {WHOSE_MOVE[family.__name__]}\n\n" + table(heads, [_error(kind) for kind in _below(family)])
        for family in ConsentryError.__subclasses__()
    ]
    alone = [
        problems.method_not_allowed(["GET"]),
        problems.unsupported_media_type(),
        problems.not_ready("The worker has just begun."),
        problems.unexpected(),
    ]
    rows: list[tuple[object, ...]] = [(f"`{one.code}`", one.status, one.detail, one.hint) for one in alone]
    return "\n\n".join([*sections, "### Of the API alone\n\n" + table(heads, rows)])


def _below(kind: type[ConsentryError]) -> Iterator[type[ConsentryError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.code != kind.code and child.__module__.startswith("consentry."):
            yield from _below(child)


def _error(kind: type[ConsentryError]) -> tuple[object, ...]:
    bare = kind.__new__(kind)  # without its words: only its class counts here
    meaning = (kind.__doc__ or "").strip().split("\n")[0]
    return f"`{kind.code}`", problems.status_of(bare), meaning, kind.default_hint


# --- the API


def write_api() -> str:
    """Return the operations by what they are about, with the scope they need and the statuses of their own."""
    document = asyncio.run(_read_document())
    calls = {
        (path, method.upper()): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
    }
    everywhere = set.intersection(*(set(call["responses"]) for call in calls.values() if _is_plain(call)))
    by_tag: dict[str, dict[str, tuple[object, ...]]] = {}
    for (path, method), call in calls.items():
        same = [one for (other, one), twin in calls.items() if other == path and _does(twin) == _does(call)]
        name = f"`{'ANY' if len(same) > 4 else method} {path}`"
        statuses = ", ".join(status for status in call["responses"] if status not in everywhere)
        by_tag.setdefault(call["tags"][0], {})[name] = (name, _does(call), _scope(call), statuses)
    tables = [
        f"### {tag.capitalize().replace('Api', 'API')}\n\n"
        + table(("call", "does", "scope", "answers"), [*rows.values()])
        for tag, rows in by_tag.items()
    ]
    note = f"Beside its own answers, every call under `/api/v1` can answer {', '.join(sorted(everywhere))}."
    return "\n\n".join([note, *tables])


def _is_plain(call: Any) -> bool:
    return call["tags"][0] not in ("proxy", "operations")


def _does(call: Any) -> str:
    return str(call.get("description") or call["summary"])


def _scope(call: Any) -> str:
    scopes = [scope for way in call["security"] for scope in way.get("api_key", [])]
    return f"`{scopes[0]}`" if scopes else ""


async def _read_document() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        read = settings.load(home=Path(folder), database_url=None, keyset=None, keyset_file=None, base_urls={})
        async with app.open(read) as opened:
            transport = httpx2.ASGITransport(create_api(opened))
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
                document: dict[str, Any] = (await http.get("/openapi.json")).json()
    return document


PAGES: Final[dict[str, Callable[[], str]]] = {
    "settings.md": write_settings,
    "commands.md": write_commands,
    "errors.md": write_errors,
    "api.md": write_api,
    "dataset.md": write_datasets,
    "templates.md": write_templates,
}


def renewed(name: str) -> str:
    """Return a page with its generated part as the code has it."""
    part = PAGES[name]()
    text = (FOLDER / name).read_text()
    if not PART.search(text):
        raise ValueError(f"{name} has no line <!-- generated --> with a line <!-- end --> below it")
    return PART.sub(lambda _: part, text)


def main(*, only_check: bool) -> int:
    """Write the pages, or tell which are not as the code has them."""
    stale = 0
    for name in PAGES:
        text = renewed(name)
        if text == (FOLDER / name).read_text():
            continue
        stale += 1
        if only_check:
            print(f"docs/reference/{name} is not as the code has it. `make docs` writes it.")
        else:
            (FOLDER / name).write_text(text)
            print(f"docs/reference/{name} is written anew.")
    return 1 if only_check and stale else 0


if __name__ == "__main__":
    sys.exit(main(only_check="--check" in sys.argv))
