"""Who calls the API: the bearer token and its scope (RFC 6750)."""

from typing import Final

from consentry.sandbox.grants import Access, Grants

_REALM: Final = 'Bearer realm="Capsule sandbox"'


class Unauthorised(Exception):
    """The call has no valid token, or its scope doesn't reach."""

    def __init__(self, status: int, error: str, description: str, scope: str = "") -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description
        self.scope = scope

    def body(self) -> dict[str, str]:
        """Return the body of the answer. Capsule's own keys aren't published; these are the ones of OAuth."""
        return {"error": self.error, "error_description": self.description, "message": self.description}

    def headers(self) -> dict[str, str]:
        """Return the challenge of section 3; without a token it names no error."""
        if not self.error:
            return {"WWW-Authenticate": _REALM}
        scope = f', scope="{self.scope}"' if self.scope else ""
        challenge = f'{_REALM}, error="{self.error}", error_description="{self.description}"{scope}'
        return {"WWW-Authenticate": challenge}


def authorise(grants: Grants, header: str | None, scope: str) -> Access:
    """Return who stands behind the Authorization header; raises Unauthorised."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorised(401, "", "A bearer token is needed.")
    access = grants.find_access(token.strip())
    if access is None:
        raise Unauthorised(401, "invalid_token", "The access token is unknown, expired or revoked.")
    if scope not in access.scope:
        raise Unauthorised(403, "insufficient_scope", f"The access token lacks the scope {scope}.", scope)
    return access
