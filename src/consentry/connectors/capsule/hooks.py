"""Capsule's REST hooks: every event it has, and the stream that each is about."""

from datetime import timedelta
from typing import Final

from consentry.connectors.contract import HookEvent, Hooks

HOOKS: Final = Hooks(
    path="/api/v2/resthooks",
    list_key="restHooks",
    item_key="restHook",
    records_key="payload",
    address_key="targetUrl",
    description_key="description",
    # no "embed": a delivery is only a hint, and the record is read again with all that belongs to it
    most=20,
    needs="In Capsule only an administrator's consent can set up hooks.",
    gives_up_after=timedelta(minutes=36, seconds=5),  # after 5 s, 1 min, 5 min, 15 min and 15 min
    events=(
        HookEvent(name="party/created", stream="parties"),
        HookEvent(name="party/updated", stream="parties"),
        HookEvent(name="party/deleted", stream="parties"),
        HookEvent(name="opportunity/created", stream="opportunities"),
        HookEvent(name="opportunity/updated", stream="opportunities"),
        HookEvent(name="opportunity/deleted", stream="opportunities"),
        HookEvent(name="kase/created", stream="projects"),
        HookEvent(name="kase/updated", stream="projects"),
        HookEvent(name="kase/deleted", stream="projects"),
        HookEvent(name="task/created", stream="tasks"),
        HookEvent(name="task/updated", stream="tasks"),
        HookEvent(name="task/completed", stream="tasks"),  # there is none for a deleted task
        # whether these come with an update of their own isn't documented
        HookEvent(name="opportunity/moved", stream="opportunities"),
        HookEvent(name="opportunity/closed", stream="opportunities"),
        HookEvent(name="kase/moved", stream="projects"),
        HookEvent(name="kase/closed", stream="projects"),
        HookEvent(name="user/created", stream="users"),
        HookEvent(name="user/updated", stream="users"),
        HookEvent(name="user/deleted", stream="users"),
    ),
)
