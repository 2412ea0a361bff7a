"""Which desk it is: a server's when one is named, else the local home's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from consentry.desk.contract import Desk
from consentry.desk.naming import Face, actor_of
from consentry.errors import SettingWrong
from consentry.settings import Settings


@asynccontextmanager
async def open_desk(settings: Settings, *, face: Face) -> AsyncIterator[Desk]:
    """Open the desk that the settings name; what it does stands in the audit trail under the face's name."""
    if settings.url is not None:
        from consentry.desk.remote import RemoteDesk

        if settings.api_key is None:
            raise SettingWrong(
                f"CONSENTRY_URL names {settings.url}, and there is no API key for it.",
                hint="Set CONSENTRY_API_KEY to a key of that server, made by consentry apikey create there.",
            )
        async with RemoteDesk(settings.url, settings.api_key.get_secret_value()) as remote:
            yield remote
        return
    from consentry import app
    from consentry.desk.local import LocalDesk
    from consentry.desk.runners import Runners

    async with app.open(settings) as opened:
        runners = Runners(settings)
        try:
            yield LocalDesk(opened, actor_of(face), runners)
        finally:
            await runners.close()
