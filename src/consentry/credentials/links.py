"""Connect links: with such an address the owner of the outside account gives consent, once, without an account here."""

from consentry.audit import Action, Actor, Outcome
from consentry.core.secret import Secret
from consentry.credentials import pending, store
from consentry.credentials.authorize import begin, hashed
from consentry.credentials.model import LINK_LIFE, Begun, ConnectLink, LinkView
from consentry.credentials.room import Room
from consentry.errors import Gone, NotFound


async def make_link(room: Room, actor: Actor, credential_id: int) -> ConnectLink:
    """Make a one-time address with which consent can be given without an account here."""
    secret = Secret(room.randomness.token(32))
    now = room.clock.now()
    async with room.database.transaction() as connection:
        credential = await store.get(connection, credential_id)
        values = {
            "credential_id": credential.id,
            "token_hash": hashed(secret.reveal()),
            "created_by": actor.name,
            "created_at": now,
            "expires_at": now + LINK_LIFE,
        }
        await pending.add_link(connection, values)
        await room.trail.record(connection, actor, Action.LINK_CREATE, Outcome.DONE, credential_id=credential.id)
    return ConnectLink(url=f"{room.public_url}/connect/{secret.reveal()}", expires_at=now + LINK_LIFE)


async def look_at_link(room: Room, link_token: str) -> LinkView:
    """Return what a connect link asks for; raise NotFound, or Gone when it was used or is too old."""
    async with room.database.reading() as connection:
        link = await pending.find_link(connection, hashed(link_token))
        if link is None:
            raise NotFound("This connect link is not known here.", hint="Ask whoever sent it for a fresh one.")
        if link.used_at is not None or link.expires_at <= room.clock.now():
            raise Gone("This connect link was used already or has expired.")
        credential = await store.get(connection, link.credential_id)
        change = await pending.find_change(connection, credential.id)
    asked = change.scope if change else credential.scope
    scope = room.catalogue.get(credential.connector).scope_to_ask(asked)
    return LinkView(credential=credential, asked_by=link.created_by, scope=scope, expires_at=link.expires_at)


async def begin_by_link(room: Room, link_token: str, ip: str) -> Begun:
    """Use up a connect link, and begin an authorization bound to the browser that pressed its button."""
    async with room.database.transaction() as connection:
        link = await pending.take_link(connection, hashed(link_token), room.clock.now())
        if link is not None:
            actor = Actor(name=f"link of {link.created_by}", ip=ip)
            return await begin(room, connection, actor, link.credential_id, session_id=None, return_to="")
    await look_at_link(room, link_token)  # says why
    raise Gone("This connect link was used already or has expired.")
