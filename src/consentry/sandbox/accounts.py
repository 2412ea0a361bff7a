"""The accounts of the sandbox and their users: who can give consent. Their CRM records live in `seed` and `records`.

Who signs in at the authorise page decides the account: `ada.fresh` gets the one that is empty but for its settings.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who can sign in to one account."""

    id: int
    username: str
    name: str
    subdomain: str
    administrator: bool = False
    locale: str = "en_GB"
    timezone: str = "Europe/London"
    currency: str = "GBP"

    @property
    def email(self) -> str:
        """Return the address of the user, in a domain that can't exist."""
        return f"{self.username}@{self.subdomain}.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One customer of Capsule: a subdomain with its users, and the number after which its records are counted."""

    subdomain: str
    name: str
    users: tuple[User, ...]
    former: User
    first_id: int
    empty: bool = False
    """Whether it has settings only: no people, opportunities, projects, tasks or entries."""

    @property
    def url(self) -> str:
        """Return the address at which people would open this account."""
        return f"https://{self.subdomain}.capsulecrm.com"


ACME: Final = Account(
    subdomain="acme",
    name="Acme Instruments Ltd",
    users=(
        User(id=1101, username="ada.marsh", name="Ada Marsh", subdomain="acme", administrator=True),
        User(id=1102, username="ben.okafor", name="Ben Okafor", subdomain="acme", timezone="Africa/Lagos"),
        User(id=1103, username="chiara.rossi", name="Chiara Rossi", subdomain="acme", timezone="Europe/Rome"),
        User(id=1104, username="jurgen.weiss", name="Jürgen Weiß", subdomain="acme", timezone="Europe/Berlin"),
    ),
    former=User(id=1199, username="frank.gone", name="Frank Gone", subdomain="acme"),
    first_id=1000,
)
GLOBEX: Final = Account(
    subdomain="globex",
    name="Globex Research GmbH",
    users=(
        User(
            id=2101,
            username="dana.petrov",
            name="Dana Petrov",
            subdomain="globex",
            administrator=True,
            locale="en_US",
            timezone="America/New_York",
            currency="USD",
        ),
        User(id=2102, username="emi.sato", name="佐藤 恵美", subdomain="globex", timezone="Asia/Tokyo", currency="JPY"),
    ),
    former=User(id=2199, username="gus.left", name="Gus Left", subdomain="globex"),
    first_id=5_000_000_000,  # ids of Capsule are 64 bits wide
)
FRESHSTART: Final = Account(
    subdomain="freshstart",
    name="Fresh Start Instruments Ltd",
    users=(
        # The people of the first account again, so that whoever owns a record there has a namesake here.
        User(id=3101, username="ada.fresh", name="Ada Marsh", subdomain="freshstart", administrator=True),
        User(id=3102, username="ben.fresh", name="Ben Okafor", subdomain="freshstart", timezone="Africa/Lagos"),
        User(id=3103, username="chiara.fresh", name="Chiara Rossi", subdomain="freshstart", timezone="Europe/Rome"),
        User(id=3104, username="jurgen.fresh", name="Jürgen Weiß", subdomain="freshstart", timezone="Europe/Berlin"),
    ),
    former=User(id=3199, username="frank.fresh", name="Frank Gone", subdomain="freshstart"),
    first_id=700_000,
    empty=True,
)
ACCOUNTS: Final = (ACME, GLOBEX, FRESHSTART)
