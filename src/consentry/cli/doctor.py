"""``consentry doctor``: looks at everything that has to be right, and says what isn't and whose move it is."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import typer
from rich.text import Text

from consentry.cli.options import Json
from consentry.cli.running import shown
from consentry.cli.screen import Screen, plain, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from consentry.cli.findings import Finding, Setting

STYLES: Final = {"ok": "green", "warn": "yellow", "bad": "bold red"}


def doctor(*, json: Json = False) -> None:
    """Look at settings, home, keyset, database, redirect URI, clock, connectors and trail; status 1 if one is bad."""
    with shown(json=json) as screen:
        from consentry.cli.examination import examine

        settings, findings = asyncio.run(examine())
        is_well = all(each.state != "bad" for each in findings)
        document = {"ok": is_well, "checks": findings, "settings": settings}
        screen.answer(document, _settings(settings), Text(), _findings(findings))
        if not is_well:
            _tell_the_worst(screen, findings)
            raise typer.Exit(1)


def _settings(settings: "Sequence[Setting]") -> "RenderableType":
    rows = [(each.variable, each.value, each.source) for each in settings]
    return table(("Setting", "Value", "From"), rows, nothing="The settings could not be read.")


def _findings(findings: "Sequence[Finding]") -> "RenderableType":
    rows = [
        (
            each.name,
            Text(each.state, STYLES[each.state]),
            plain(each.detail + (f"\n→ {each.hint}" if each.hint else "")),
        )
        for each in findings
    ]
    return table(("Check", "State", "What was found"), rows, nothing="Nothing was looked at.")


def _tell_the_worst(screen: Screen, findings: "Sequence[Finding]") -> None:
    bad = [each.name for each in findings if each.state == "bad"]
    screen.say(f"Something has to be done about: {', '.join(bad)}.")
