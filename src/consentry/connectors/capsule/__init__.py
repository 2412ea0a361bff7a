"""Capsule CRM (API v2), as values. Where its documentation is silent, the README says what was chosen and why."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from consentry.connectors.capsule.hooks import HOOKS
from consentry.connectors.capsule.quirks import error_of_body, find_account, pager, subdomain_of_reply
from consentry.connectors.capsule.streams import STREAMS
from consentry.connectors.capsule.writing import WRITING
from consentry.connectors.contract import Connector, FormField, OAuthFacts, RateLimit, Scope
from consentry.oauth import ClientAuth

_OAUTH: Final = OAuthFacts(
    authorize_path="/oauth/authorise",
    token_path="/oauth/token",
    # the documentation and the server's own discovery document disagree, so both are tried
    revoke_paths=("/oauth/token/revoke", "/oauth/revoke"),
    scopes=(
        Scope(name="read", meaning="Read everything that the person who gives consent can see."),
        Scope(name="write", meaning="Create, change and delete records. Ask for it together with read."),
        Scope(name="user_preference", meaning="Change the preferences of users, such as their time zone."),
    ),
    default_scope="read write",
    write_scopes=("write", "user_preference"),
    client_auth=ClientAuth.POST,
    # an hour too early costs a refresh, a day too late costs failed calls; so the documented week isn't assumed
    unstated_lifetime=timedelta(hours=1),
    registration_url="https://developer.capsulecrm.com/clients/new",
    registration_steps=(
        "Sign in to Capsule's developer site and register a new application.",
        "Give it a name and the address of your own website; people see both when they are asked for consent.",
        "Choose Web application as its type, because only these get a client secret.",
        "Paste the redirect URI shown here as its redirect URL, exactly as it stands.",
        "Save, then copy its client ID and client secret over here.",
    ),
)

_FORM: Final = (
    FormField(
        name="name",
        label="Credential Name",
        required=True,
        help="What people here will know it by, such as Sales CRM.",
    ),
    FormField(
        name="description",
        label="Credential Description",
        required=False,
        help="What it is for, and whom to ask about it.",
        max_length=1000,
    ),
    FormField(
        name="client_id",
        label="Client ID",
        required=True,
        help="Capsule shows it on the page of your application.",
    ),
    FormField(
        name="client_secret",
        label="Client Secret",
        required=True,
        help="It stands next to the client ID. Here it is sealed, and never shown again.",
        secret=True,
        max_length=1000,
    ),
    FormField(
        name="scope",
        label="Access Scope",
        required=False,
        help="Left empty, read write is asked for. To read only, read is enough.",
        max_length=500,
    ),
)

connector: Final = Connector(
    name="capsule",
    title="Capsule CRM",
    provider="Capsule",
    description="Contacts, opportunities, projects and tasks of a Capsule account.",
    base_url="https://api.capsulecrm.com",
    api_prefix="api/v2/",
    oauth=_OAUTH,
    rate_limit=RateLimit(
        calls=4000,
        window=timedelta(hours=1),
        limit_header="x-ratelimit-limit",
        remaining_header="x-ratelimit-remaining",
        reset_header="x-ratelimit-reset",
    ),
    form=_FORM,
    streams=STREAMS,
    pager=pager,
    find_account=find_account,
    account_of_reply=subdomain_of_reply,
    error_of_body=error_of_body,
    folder=Path(__file__).parent,
    per_page_param="perPage",
    writing=WRITING,
    hooks=HOOKS,
)
