"""Lay out the folder of a new connector: `make connector N=name`. The conformance suite fails until it is filled in."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "src" / "consentry" / "connectors"

_VALUES: Final = '''"""NAME, as values. Where its documentation is silent, the README says what was chosen and why."""

from pathlib import Path
from typing import Final

from consentry.connectors.NAME.quirks import account_of_reply, error_of_body, find_account
from consentry.connectors.NAME.streams import STREAMS
from consentry.connectors.contract import Connector, FormField, OAuthFacts, Scope
from consentry.connectors.paging import link_pager

_OAUTH: Final = OAuthFacts(
    authorize_path="/oauth/authorize",
    token_path="/oauth/token",
    revoke_paths=("/oauth/revoke",),
    scopes=(Scope(name="read", meaning="Read what the person who gives consent can see."),),
    default_scope="read",
)

_FORM: Final = (
    FormField(name="name", label="Credential Name", required=True),
    FormField(name="description", label="Credential Description", required=False, max_length=1000),
    FormField(name="client_id", label="Client ID", required=True),
    FormField(name="client_secret", label="Client Secret", required=True, secret=True, max_length=1000),
    FormField(name="scope", label="Access Scope", required=False, max_length=500),
)

connector: Final = Connector(
    name="NAME",
    title="NAME",
    provider="NAME",
    description="One line: what it is for.",
    base_url="https://NAME.example.com",
    api_prefix="api/",
    oauth=_OAUTH,
    rate_limit=None,
    form=_FORM,
    streams=STREAMS,
    pager=link_pager,
    find_account=find_account,
    account_of_reply=account_of_reply,
    error_of_body=error_of_body,
    folder=Path(__file__).parent,
)
'''
_STREAMS: Final = '''"""Every list that the API gives, one declaration each."""

from typing import Final

from consentry.connectors.contract import Stream

STREAMS: Final[tuple[Stream, ...]] = ()
'''
_QUIRKS: Final = '''"""What a value can't say about NAME: whose account it is, and what its errors mean."""

from collections.abc import Mapping

from consentry.connectors.contract import Account, SignedInClient
from consentry.connectors.paging import read_record


def account_of_reply(_reply: Mapping[str, object]) -> str | None:
    """Return the account that the token reply names, or None when it names none."""
    return None


async def find_account(client: SignedInClient) -> Account:
    """Return whose account a grant belongs to."""
    user = read_record((await client.get("/api/me")).body, "user")
    return Account(subdomain=None, name=str(user["name"]), user=str(user["id"]))


def error_of_body(_body: bytes) -> str:
    """Return what an error body says, in one short sentence, or nothing."""
    return ""
'''
_README: Final = """# NAME

## Register an application

How to register an OAuth application there, step by step, up to the redirect URI, the client ID and the client secret.

## Access scopes

| scope | lets the credential |
|---|---|
| `read` | read what the user can see |

## Where NAME differs or is silent

Each point with a link and the date it was seen.
"""
_LOGO: Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" role="img" aria-label="NAME">
  <circle cx="16" cy="16" r="12" fill="#3346c8"/>
</svg>
"""
FILES: Final = {
    "__init__.py": _VALUES,
    "streams.py": _STREAMS,
    "quirks.py": _QUIRKS,
    "README.md": _README,
    "logo.svg": _LOGO,
}


def lay_out(name: str, folder: Path) -> Path:
    """Write the files; raise ValueError for a name that won't do or is taken."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError("A connector's name is one lower-case word, such as: make connector N=pipedrive")
    target = folder / name
    if target.exists():
        raise ValueError(f"There is a folder {name} already.")
    (target / "samples").mkdir(parents=True)
    for file, text in FILES.items():
        (target / file).write_text(text.replace("NAME", name))
    ruff = str(Path(sys.executable).with_name("ruff"))  # where the name falls in the order of imports, it knows
    settings = ["--quiet", "--config", str(ROOT / "pyproject.toml"), str(target)]
    subprocess.run([ruff, "check", "--fix", *settings], check=False)
    subprocess.run([ruff, "format", *settings], check=False)
    return target


def main() -> int:
    """Lay out the folder that the command line names."""
    try:
        target = lay_out(sys.argv[1] if len(sys.argv) > 1 else "", FOLDER)
    except ValueError as error:
        print(error)
        return 2
    print(f"{target.relative_to(ROOT)} is laid out. docs/how-to/add-a-connector.md says how to go on.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
