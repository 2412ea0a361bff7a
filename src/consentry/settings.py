"""Every setting, with its meaning and default. Read once at the edge, then handed down as a value."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from consentry.errors import SettingWrong

CALLBACK_PATH: Final = "/oauth/callback"


def is_loopback(host: str | None) -> bool:
    """Tell whether a host name can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _check_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an address such as https://consentry.example.com or https://example.com/consentry")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must begin with https://; plain http is taken for this machine's loopback only")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_check_address)]


class Settings(BaseSettings):
    """The settings of one Consentry, from the environment."""

    model_config = SettingsConfigDict(env_prefix="CONSENTRY_", env_ignore_empty=True, frozen=True, extra="ignore")

    home: Path = Field(
        default_factory=lambda: user_data_path("consentry"),
        description="Folder for the database, keyset and warehouse.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="SQLAlchemy-style URL; PostgreSQL makes several nodes possible. Default: SQLite, in the home.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8400, ge=0, le=65535, description="Port to listen on.")
    public_url: Address = Field(
        default_factory=lambda found: f"http://127.0.0.1:{found.get('port', 8400)}",
        description="The address people and providers see; the redirect URI is this + /oauth/callback. "
        "Default: http://127.0.0.1:8400, or another port if one is set.",
    )
    keyset_file: Path | None = Field(
        default=None,
        description="File of the vault's keyset. Default: keyset.json in the home, made for a fresh home only.",
    )
    keyset: SecretStr | None = Field(default=None, description="The keyset itself, instead of a file.")
    admin_email: str | None = Field(
        default=None, description="E-mail address of the first administrator, for unattended installs."
    )
    admin_password: SecretStr | None = Field(default=None, description="Password of the first administrator.")
    url: Address | None = Field(
        default=None, description="For CLI and library: the server to talk to instead of the local home."
    )
    api_key: SecretStr | None = Field(default=None, description="For CLI and library: the API key for that server.")
    base_urls: dict[str, Address] = Field(
        default_factory=dict,
        description="CONSENTRY_<CONNECTOR>_BASE_URL replaces a connector's authorise, token, revoke and API address.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Reverse proxies, comma separated, whose X-Forwarded-For names the caller; never used for URLs.",
    )
    log_format: Literal["lines", "json"] = Field(
        default="lines", description="How log lines look: lines for people, json for machines."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The least level that is logged."
    )

    @property
    def redirect_uri(self) -> str:
        """The one redirect URI, exactly as it must be registered at the provider."""
        return self.public_url + CALLBACK_PATH

    @property
    def is_secure(self) -> bool:
        """Whether people reach this Consentry over TLS, so that cookies can be bound to the host."""
        return self.public_url.startswith("https://")

    @property
    def database_address(self) -> str:
        """The database URL in SQLAlchemy's form, with the async driver; it may hold a password."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.home / 'consentry.db'}"
        return self.database_url.get_secret_value()

    @property
    def keyset_path(self) -> Path:
        """Where the keyset file is or will be."""
        return self.keyset_file or self.home / "keyset.json"

    def as_environment(self) -> dict[str, str]:
        """Return the variables from which a process that we start reads the same home, rooms and addresses again."""
        named: dict[str, object] = {
            "home": self.home,
            "database_url": self.database_url.get_secret_value() if self.database_url else None,
            "public_url": self.public_url,
            "keyset_file": self.keyset_file,
            "keyset": self.keyset.get_secret_value() if self.keyset else None,
            "log_format": self.log_format,
            "log_level": self.log_level,
        }
        named |= {f"{connector}_base_url": address for connector, address in self.base_urls.items()}
        return {f"CONSENTRY_{name.upper()}": str(value) for name, value in named.items() if value is not None}


def load(**overrides: object) -> Settings:
    """Read the settings from the environment; raise SettingWrong with the variable's name when one can't be used."""
    overrides.setdefault("base_urls", _base_urls())
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them, that is the point
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = _variable(first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise SettingWrong(f"{name}: {reason}.", hint=f"Set {name} to a value that fits, then start again.") from None


def _variable(place: tuple[int | str, ...]) -> str:
    if place[0] == "base_urls":
        return f"CONSENTRY_{place[1]}_BASE_URL".upper()
    return f"CONSENTRY_{place[0]}".upper()


def _base_urls() -> dict[str, str]:
    """Collect CONSENTRY_<CONNECTOR>_BASE_URL, whatever connectors there are."""
    found = (re.fullmatch(r"CONSENTRY_([A-Z0-9_]+)_BASE_URL", name) for name in os.environ)
    return {match[1].lower(): os.environ[match[0]] for match in found if match and os.environ[match[0]]}
