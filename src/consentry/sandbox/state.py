"""A picture of the world for tests, people and other processes: counts, grants, knobs. No secrets."""

from typing import Any

import msgspec

from consentry.sandbox.world import World


def picture_of(world: World) -> dict[str, Any]:
    """Return what happened so far and how the knobs stand."""
    journal = world.journal
    grants = world.grants.all()
    now = world.clock.now()
    return {
        "token_requests": {"authorization_code": 0, "refresh_token": 0, **journal.counts("token_requests")},
        "tokens_issued": {"authorization_code": 0, "refresh_token": 0, **journal.counts("tokens_issued")},
        "token_refusals": journal.counts("token_refusals"),
        "revocations": sum(journal.counts("revocations").values()),
        "revocations_by_path": journal.counts("revocations"),
        "reuses_detected": world.grants.reuses_detected,
        "decisions": {"approve": 0, "deny": 0, **journal.counts("decisions")},
        # These are counted as they come in, also when a fault hits them; the counts above only when they are processed.
        "api_calls": journal.counts("api_calls"),
        "oauth_calls": journal.counts("oauth_calls"),
        "over_the_limit": journal.counts("over_the_limit"),
        "grants": [
            {
                "id": grant.id,
                "client_id": grant.client_id,
                "user": grant.user.username,
                "subdomain": grant.user.subdomain,
                "scope": " ".join(grant.scope),
                "created_at": grant.created_at.isoformat(),
                "refreshes": grant.refreshes,
                "valid_access_tokens": sum(token.expires_at > now for token in tuple(grant.access.values())),
                "ended": grant.ended,
            }
            for grant in grants
        ],
        "applications": [
            {"client_id": each.client_id, "name": each.name, "kind": each.kind, "secrets": len(each.secrets)}
            for each in world.applications.all()
        ],
        "hooks": world.hooks.picture(),
        "deliveries": {"taken": 0, "failed": 0, **journal.counts("deliveries")},
        "faults": [msgspec.to_builtins(fault) | {"left": left} for fault, left in world.faults.waiting()],
        "knobs": msgspec.to_builtins(world.knobs),
    }
