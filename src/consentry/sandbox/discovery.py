"""What the server says about itself (RFC 8414, OpenID Connect Discovery) and about the user (`/oauth/userinfo`)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from consentry.sandbox.bearer import Unauthorised, authorise
from consentry.sandbox.revoke import DISCOVERY, DOCUMENTED, exists
from consentry.sandbox.world import SCOPES, World


def issuer_of(request: Request) -> str:
    """Return the address of the sandbox as the caller used it, without a slash at the end."""
    return str(request.base_url).rstrip("/")


async def answer_metadata(request: Request) -> Response:
    """Answer with the metadata of the authorization server."""
    world: World = request.app.state.world
    issuer = issuer_of(request)
    return JSONResponse(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/oauth/authorise",
            "token_endpoint": f"{issuer}/oauth/token",
            "revocation_endpoint": issuer + (DISCOVERY if exists(world, DISCOVERY) else DOCUMENTED),
            "userinfo_endpoint": f"{issuer}/oauth/userinfo",
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "ui_locales_supported": ["en-US", "en-GB", "fr-FR", "pt-BR", "es-ES"],
            "authorization_response_iss_parameter_supported": world.knobs.iss != "absent",
        }
    )


async def answer_keys(_request: Request) -> Response:
    """Answer with no keys: the sandbox signs no ID tokens."""
    return JSONResponse({"keys": []})


async def answer_userinfo(request: Request) -> Response:
    """Answer who the user is, to a token with the scope `openid`."""
    world: World = request.app.state.world
    try:
        user = authorise(world.grants, request.headers.get("authorization"), "openid").grant.user
    except Unauthorised as error:
        return JSONResponse(error.body(), status_code=error.status, headers=error.headers())
    given, _, family = user.name.partition(" ")
    return JSONResponse(
        {
            "sub": str(user.id),
            "name": user.name,
            "given_name": given,
            "family_name": family,
            "email": user.email,
            "locale": user.locale.replace("_", "-"),
            "tenant": user.subdomain,
            "subdomain": user.subdomain,
        }
    )
