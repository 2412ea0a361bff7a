"""Options that several commands share, so that they read and behave alike."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Which = Annotated[str, typer.Argument(metavar="CREDENTIAL", help="Name or id of the credential.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many, from the newest on.")]
