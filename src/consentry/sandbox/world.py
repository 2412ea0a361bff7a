"""The memory of the sandbox: applications, users, grants, records, knobs, faults, journal. No HTTP in here.

Tests look at it and turn it from their own thread while the server runs.
"""

import threading
from typing import Final

from consentry.core.clock import Clock, SystemClock
from consentry.core.ids import Randomness, SystemRandomness
from consentry.sandbox.accounts import ACCOUNTS, Account, User
from consentry.sandbox.applications import Application, Applications, Kind
from consentry.sandbox.budget import Budget
from consentry.sandbox.faults import Drop, Fail, Faults, Odd, Oddity, Slow, Target
from consentry.sandbox.grants import Grants
from consentry.sandbox.journal import Journal
from consentry.sandbox.knobs import Knobs
from consentry.sandbox.seed import Crm, Sizes, build

SCOPES: Final = ("read", "write", "user_preference", "openid", "profile", "email", "tenant")
DEFAULT_SCOPE: Final = ("read", "write")


class World:
    """Everything the sandbox remembers."""

    def __init__(
        self,
        *,
        seed: int = 1,
        sizes: Sizes | None = None,
        knobs: Knobs | None = None,
        clock: Clock | None = None,
        randomness: Randomness | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.knobs = knobs or Knobs()
        self.accounts = ACCOUNTS
        source = randomness or SystemRandomness()
        self.applications = Applications(source)
        self.grants = Grants(clock=self.clock, randomness=source, knobs=lambda: self.knobs)
        self.budget = Budget(clock=self.clock, knobs=lambda: self.knobs)
        self.faults = Faults()
        self.journal = Journal()
        self._seed = seed
        self._sizes = sizes or Sizes()
        self._crms: dict[str, Crm] = {}
        self._lock = threading.Lock()

    # -- people and records

    def find_user(self, username: str) -> User | None:
        """Return the active user with this name, if there is one."""
        known = (user for account in self.accounts for user in account.users if user.username == username)
        user = next(known, None)
        return user if user is not None and self.grants.is_active(username) else None

    def get_account(self, subdomain: str) -> Account:
        """Return an account; raises KeyError for an unknown subdomain."""
        return {account.subdomain: account for account in self.accounts}[subdomain]

    def crm(self, subdomain: str = "acme") -> Crm:
        """Return the records of an account, made on first use; raises KeyError for an unknown subdomain."""
        with self._lock:
            if subdomain not in self._crms:
                account = self.get_account(subdomain)
                sizes = self._sizes if account is self.accounts[0] else self._sizes.smaller()
                self._crms[subdomain] = build(account, seed=self._seed, sizes=sizes)
            return self._crms[subdomain]

    def restore(self, subdomain: str) -> None:
        """Set the records of an account back to how they began; raises KeyError for an unknown subdomain."""
        self.get_account(subdomain)
        with self._lock:
            self._crms.pop(subdomain, None)

    # -- what tests and people turn

    def turn(self, **settings: object) -> Knobs:
        """Set knobs by name; raises msgspec.ValidationError for an unknown name or value."""
        self.knobs = self.knobs.changed(settings)
        return self.knobs

    def register(self, *, name: str, redirect_uri: str, url: str = "", kind: Kind = "web") -> Application:
        """Register an application; raises ApplicationRefused."""
        return self.applications.register(name=name, redirect_uri=redirect_uri, url=url, kind=kind)

    def expire_access_tokens(self, token: str | None = None) -> int:
        """Let one access token, or all, expire now; return how many did."""
        return self.grants.expire_access(token)

    def withdraw(self, username: str) -> int:
        """Let a user withdraw every consent, as in their preferences; return how many grants ended."""
        self.get_user(username)
        return self.grants.end_of_user(username)

    def get_user(self, username: str) -> User:
        """Return a user, active or not; raises KeyError for an unknown name."""
        return {user.username: user for account in self.accounts for user in account.users}[username]

    def set_active(self, username: str, *, active: bool) -> None:
        """Deactivate or reactivate a user; raises KeyError for an unknown name."""
        self.grants.set_active(self.get_user(username).username, active=active)

    def slow(self, target: Target, seconds: float, *, calls: int = 1, path: str = "", processed: bool = False) -> None:
        """Make the next calls slow, before they are processed or after."""
        self.faults.order(Slow(target=target, seconds=seconds, calls=calls, path=path, processed=processed))

    def fail(self, target: Target, status: int = 503, *, calls: int = 1, path: str = "") -> None:
        """Let the next calls fail with a status; for anything more particular hand a Fail to `faults.order`."""
        self.faults.order(Fail(target=target, status=status, calls=calls, path=path))

    def drop(self, target: Target, *, calls: int = 1, path: str = "", processed: bool = True) -> None:
        """Close the connection of the next calls without an answer, by default after they had their effect."""
        self.faults.order(Drop(target=target, calls=calls, path=path, processed=processed))

    def answer_oddly(self, oddity: Oddity, *, calls: int = 1) -> None:
        """Let the next token replies break the contract in one way."""
        self.faults.order(Odd(oddity=oddity, calls=calls))

    def __repr__(self) -> str:
        return f"World(accounts={len(self.accounts)}, applications={len(self.applications.all())})"
