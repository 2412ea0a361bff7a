"""The checks of ``consentry doctor``. They make nothing: no home, no database, no keyset."""

import os
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import httpx2
from pydantic import SecretStr

from consentry import accounts, audit, credentials, flows, settings
from consentry import app as composition
from consentry.app import App
from consentry.cli.findings import Finding, Setting, bad, failed, ok, warn
from consentry.connectors import Catalogue, Connector
from consentry.core.log import redact
from consentry.core.pages import every
from consentry.errors import ConsentryError
from consentry.outbound import Outbound
from consentry.settings import Settings, is_loopback
from consentry.storage import Database, connect, describe, find_version, head

_PATIENCE_SECONDS: Final = 8.0
_SKEW_WORTH_A_WORD: Final = timedelta(seconds=5)
_SKEW_THAT_HURTS: Final = timedelta(minutes=2)
_WAITS_TOO_LONG: Final = timedelta(minutes=15)


async def examine() -> tuple[list[Setting], list[Finding]]:
    """Return the settings and everything that was found."""
    try:
        found = settings.load()
    except ConsentryError as error:
        return [], [failed("settings", error)]
    checks = _examine_server(found) if found.url else _examine_home(found)
    return list_settings(found), [ok("settings", "Every setting can be used."), *[each async for each in checks]]


def list_settings(found: Settings) -> list[Setting]:
    """Return every setting; of a secret one only whether it is set."""
    listed = []
    for name in Settings.model_fields:
        variable = f"CONSENTRY_{name}".upper() if name != "base_urls" else "CONSENTRY_<CONNECTOR>_BASE_URL"
        is_given = name in found.model_fields_set and bool(getattr(found, name) or name != "base_urls")
        listed.append(
            Setting(
                variable=variable,
                value=_show(getattr(found, name)),
                source="environment" if is_given else "default",
            )
        )
    return listed


def _show(value: object) -> str:
    if isinstance(value, SecretStr):
        return "set, not shown"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {address}" for name, address in value.items()) or "-"
    return redact(str(value)) if value not in (None, "") else "-"


# --- a server


async def _examine_server(found: Settings) -> AsyncIterator[Finding]:
    from consentry.desk import open_desk

    try:
        async with open_desk(found, face="cli") as desk:
            known = await desk.list_connectors()
    except ConsentryError as error:
        yield failed("server", error)
        return
    yield ok(
        "server", f"{found.url} answers, and takes the API key; it knows {', '.join(each.name for each in known)}."
    )
    yield warn("home", "Nothing local was looked at, because CONSENTRY_URL names a server.", "Run doctor there too.")


# --- the home


async def _examine_home(found: Settings) -> AsyncIterator[Finding]:
    yield check_home(found)
    database = connect(found.database_address)
    try:
        stored = await _check_database(database)
        yield stored
    finally:
        await database.close()
    yield check_redirect(found)
    yield await _check_public_url(found)
    try:
        catalogue = Catalogue.load(found.base_urls)
    except ConsentryError as error:
        yield failed("connectors", error)
        return
    for connector in catalogue.list():
        if connector.hooks is not None:
            yield check_hooks(found, connector)
    async for finding in _check_connectors(found, catalogue):
        yield finding
    if stored.state == "ok":
        async for finding in _look_inside(found):
            yield finding
    else:
        yield warn("keyset", "Not looked at, because the database isn't ready.")


def check_home(found: Settings) -> Finding:
    """Judge the folder that everything rests in."""
    home = found.home
    if not home.exists():
        above = next(folder for folder in home.parents if folder.exists())
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            return bad("home", f"{home} doesn't exist, and can't be made in {above}.", "Set CONSENTRY_HOME.")
        return warn("home", f"{home} doesn't exist yet; the first start makes it.")
    if not home.is_dir() or not os.access(home, os.W_OK | os.X_OK):
        return bad("home", f"{home} can't be written to.", "Give Consentry the right to, or set CONSENTRY_HOME.")
    mode = stat.S_IMODE(home.stat().st_mode)
    if mode & 0o077:
        return warn("home", f"{home} is open to other users of this machine (mode {mode:04o}).", f"chmod 700 {home}")
    return ok("home", f"{home} can be written to.")


async def _check_database(database: Database) -> Finding:
    where = database.url.set(drivername=database.dialect).render_as_string(hide_password=True)
    if _has_no_file(database):
        return warn("database", f"There is none at {database.url.database} yet; the first start makes it.")
    try:
        version = await find_version(database)
        words = await describe(database)
    except ConsentryError as error:
        return failed("database", error)
    if version is None:
        return warn("database", f"{where} is empty; the first start fills it.")
    if version > head():
        return bad("database", f"{where} was made by a newer release.", "Start that release.")
    if version < head():
        return warn("database", f"{where} has form {version}; the next start brings it to {head()}.")
    return ok("database", f"{where} answers. {words}")


def _has_no_file(database: Database) -> bool:
    """Tell whether opening this database would make it."""
    return database.dialect == "sqlite" and not Path(database.url.database or "").exists()


def check_redirect(found: Settings) -> Finding:
    """Tell what has to be registered at the provider."""
    words = f"Register exactly this at the provider: {found.redirect_uri}"
    if is_loopback(httpx2.URL(found.public_url).host) and not is_loopback(found.host):
        return warn(
            "redirect URI",
            words,
            "It leads browsers of other machines to themselves. Set CONSENTRY_PUBLIC_URL to an https address.",
        )
    return ok("redirect URI", words)


def check_hooks(found: Settings, connector: Connector) -> Finding:
    """Tell whether the provider could call this Consentry, in principle; only it can tell whether it does."""
    name = f"hooks of {connector.name}"
    reason = flows.why_unreachable(found.public_url, connector.provider, connector.base_url)
    if reason:
        return warn(name, reason, "Sources go on by their schedules. For hooks, set CONSENTRY_PUBLIC_URL.")
    return ok(name, f"{connector.provider} can call {found.public_url}/hooks/, as far as an address tells.")


async def _check_public_url(found: Settings) -> Finding:
    """Ask through the public address, and straight, so that another Consentry there isn't taken for this one."""
    try:
        async with httpx2.AsyncClient(timeout=_PATIENCE_SECONDS) as http:
            answer = await http.get(f"{found.public_url}/healthz")
    except httpx2.HTTPError as error:
        return warn(
            "public URL",
            f"Nothing answers at {found.public_url} ({type(error).__name__}).",
            "Start Consentry with consentry up; if it runs, mend CONSENTRY_PUBLIC_URL or the reverse proxy.",
        )
    if answer.status_code != 200 or answer.headers.get("content-type") != "application/json":
        return bad(
            "public URL",
            f"Something answers at {found.public_url}, and it isn't Consentry (status {answer.status_code}).",
            "Mend CONSENTRY_PUBLIC_URL or the reverse proxy, so that /healthz leads to Consentry.",
        )
    return ok("public URL", f"Consentry answers at {found.public_url}.")


async def _check_connectors(found: Settings, catalogue: Catalogue) -> AsyncIterator[Finding]:
    """Knock at each provider by the way that all requests take; any answer will do, and tells the time too."""
    outbound = Outbound(found.base_urls.values())
    try:
        for connector in catalogue.list():
            for finding in await _knock(outbound, connector):
                yield finding
    finally:
        await outbound.close()


async def _knock(outbound: Outbound, connector: Connector) -> tuple[Finding, Finding]:
    name, clock = f"connector {connector.name}", f"clock against {connector.name}"
    try:
        reply = await outbound.fetch("GET", connector.base_url + "/", timeout=_PATIENCE_SECONDS)
    except ConsentryError as error:
        hint = "Let this machine reach that address; look at name service, firewall and network."
        unread = warn(clock, "Could not be compared, because the provider wasn't reached.")
        return bad(name, f"{connector.base_url}: {error.message}", hint), unread
    reached = ok(name, f"{connector.base_url} answers.")
    return reached, check_clock(clock, reply.headers.get("date", ""), datetime.now(UTC))


def check_clock(name: str, date: str, now: datetime) -> Finding:
    """Judge this machine's clock by the Date header of an answer."""
    try:
        skew = abs(now - parsedate_to_datetime(date))
    except (ValueError, TypeError):
        return warn(name, "Could not be compared, because the answer bears no date.")
    seconds = f"{skew.total_seconds():.0f} seconds apart"
    if skew > _SKEW_THAT_HURTS:
        return bad(name, f"The clocks are {seconds}.", "Set this machine's clock; let it follow NTP.")
    if skew > _SKEW_WORTH_A_WORD:
        return warn(name, f"The clocks are {seconds}.", "Let this machine's clock follow NTP.")
    return ok(name, f"The clocks agree, as far as a header of whole seconds tells ({seconds}).")


# --- what needs the keyset


async def _look_inside(found: Settings) -> AsyncIterator[Finding]:
    try:
        async with composition.open(found) as app:
            yield _describe_keyset(found)
            async for finding in _look_at(app):
                yield finding
    except ConsentryError as error:
        yield failed("keyset", error)


def _describe_keyset(found: Settings) -> Finding:
    if found.keyset is not None:
        return ok("keyset", "CONSENTRY_KEYSET holds it, and it belongs to this database.")
    mode = stat.S_IMODE(found.keyset_path.stat().st_mode)
    return ok("keyset", f"{found.keyset_path} (mode {mode:04o}) belongs to this database.")


async def _look_at(app: App) -> AsyncIterator[Finding]:
    yield await _check_people(app)
    yield await _check_credentials(app)
    for finding in await _check_waiting(app):
        yield finding
    carried = await _check_warehouses(app)
    if carried is not None:
        yield carried
    verdict = await audit.verify(app.database)
    if verdict.ok:
        yield ok("audit trail", f"The chain holds: {verdict.entries} entries.")
    else:
        yield bad(
            "audit trail",
            f"The chain is broken at entry {verdict.first_broken_id}.",
            "Somebody changed the table, or a backup was restored in part. Compare with a backup.",
        )


async def _check_people(app: App) -> Finding:
    if await accounts.has_people(app.accounts):
        return ok("people", "Somebody can sign in.")
    return warn(
        "people", "Nobody can sign in yet.", f"Open {app.settings.public_url}, or run consentry user add EMAIL."
    )


async def _check_credentials(app: App) -> Finding:
    counted = dict.fromkeys(credentials.Status, 0)
    for each in await every(partial(credentials.list_credentials, app.credentials)):
        counted[each.status] += 1
    words = ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in counted.items() if number)
    stuck = counted[credentials.Status.REAUTHORIZATION_REQUIRED] + counted[credentials.Status.REFRESH_FAILING]
    if stuck:
        return warn("credentials", f"{words}.", "Look with consentry credential list.")
    return ok("credentials", f"{words}." if words else "There are none yet.")


async def _check_warehouses(app: App) -> Finding | None:
    """Say whether the library is there that some sources' warehouses need; nothing where none does."""
    sources = await every(partial(flows.list_sources, app.flows))
    names = [each.name for each in sources if each.warehouse.kind not in flows.OWN_KINDS]
    if not names:
        return None
    if find_spec("dlt") is None:
        words = f"dlt isn't installed, which the warehouses of these sources need: {', '.join(names)}."
        return bad("warehouses", words, 'Install it here: pip install "consentry[warehouses]".')
    return ok("warehouses", "dlt is installed, which the warehouses of some sources need.")


async def _check_waiting(app: App) -> tuple[Finding, Finding, Finding]:
    waiting = await credentials.find_waiting(app.credentials)
    now = app.clock.now()
    hint = "A worker takes care of it: start consentry up or consentry worker; its log says what keeps it."
    return (
        _judge("journal", waiting.journal, waiting.journal_since, now, "token requests are unsettled", hint),
        _judge("withdrawals", waiting.revocations, waiting.revocations_since, now, "tokens wait to be withdrawn", hint),
        warn("spool", f"{waiting.spooled} replies of providers wait on this disk.", hint)
        if waiting.spooled
        else ok("spool", "No reply of a provider waits on this disk."),
    )


def _judge(name: str, number: int, since: datetime | None, now: datetime, words: str, hint: str) -> Finding:
    if since is not None and now - since > _WAITS_TOO_LONG:
        return warn(name, f"{number} {words}, the oldest since {since:%Y-%m-%d %H:%M} UTC.", hint)
    return ok(name, f"{number} {words}.")
