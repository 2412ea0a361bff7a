"""Options that several commands share, so that they read and behave alike."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Which = Annotated[str, typer.Argument(metavar="CREDENTIAL", help="Name or id of the credential.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many, from the newest on.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Begin it, and don't wait for its end.")]

# --- when a source or destination runs by itself

Every = Annotated[str, typer.Option(metavar="LENGTH", help="Run by itself so often, such as 15m or 2h.")]
DailyAt = Annotated[str, typer.Option(metavar="HH:MM", help="Run by itself every day at this time.")]
Cron = Annotated[str, typer.Option(metavar="LINE", help="Run by itself by a cron line of five fields.")]
Timezone = Annotated[str, typer.Option(help="Time zone of --daily-at and --cron.")]
