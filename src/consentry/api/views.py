"""What the API shows of connectors, credentials, API keys, people and the trail; no secret has a field here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from consentry import connectors, credentials
from consentry.accounts import KeyScope
from consentry.api.fields import View
from consentry.api.problems import group_uses
from consentry.api.template_views import TemplateView, show_template


class FormFieldView(View):
    """One field of the form that adds a credential."""

    name: str
    label: str
    required: bool
    help: str
    secret: bool
    max_length: int


class ScopeView(View):
    """An access scope, and what it lets its holder do."""

    name: str
    meaning: str


class StreamView(View):
    """A collection that can be read."""

    name: str
    title: str
    meaning: str


class RateLimitView(View):
    """The provider's limit for one upstream user."""

    calls: int
    window_seconds: int


class ConnectorFacts(View):
    """What is known about an outside system before anybody has given consent."""

    name: str
    title: str
    description: str
    base_url: str = Field(description="Where the provider's API stands.")
    authorize_url: str
    token_url: str
    revoke_urls: list[str]
    redirect_uri: str = Field(description="Register it at the provider exactly as it stands.")
    registration_url: str = Field(description="Where an application is registered at the provider.")
    registration_steps: list[str]
    form: list[FormFieldView]
    scopes: list[ScopeView]
    default_scope: str
    rate_limit: RateLimitView | None
    streams: list[StreamView]


class ListedConnectorView(ConnectorFacts):
    """A connector, with the names of its templates."""

    templates: list[str] = Field(description="Prepared ways to write; the connector itself shows their fields.")


class ConnectorView(ConnectorFacts):
    """A connector, with its templates."""

    templates: list[TemplateView] = Field(description="Prepared ways to write, for destinations.")


class AccountView(View):
    """The account at the provider that gave consent."""

    subdomain: str | None
    name: str | None
    url: str | None


class UseView(View):
    """A source or destination that uses the credential."""

    id: int
    name: str


class UsedByView(View):
    """Who would break without the credential."""

    sources: list[UseView]
    destinations: list[UseView]


class CredentialView(View):
    """A credential. Its client secret and its tokens are never shown."""

    id: int
    connector: str
    name: str
    description: str
    created_by: str
    client_id: str
    redirect_uri: str
    scope: str = Field(description="As it was asked for; empty means the connector's default.")
    granted_scope: str = Field(description="What the provider granted; empty without a grant.")
    status: credentials.Status
    status_reason: str
    status_since: datetime
    verified_status: Literal["success", "failed"] | None
    verified_at: datetime | None
    account: AccountView | None
    pending_account: AccountView | None = Field(
        description="Consent came from this other account; nothing is replaced until somebody decides."
    )
    pending_authorization: bool = Field(description="A change waits for consent; the old grant serves until then.")
    access_token_expires_at: datetime | None
    used_at: datetime | None
    used_by: UsedByView
    created_at: datetime
    updated_at: datetime


class CredentialWithLinkView(CredentialView):
    """A credential, with the one-time link that asks for consent where consent is needed."""

    connect_url: str | None


class LinkView(View):
    """A one-time address with which the owner of the outside account gives consent."""

    connect_url: str
    expires_at: datetime


class CheckView(View):
    """What the provider said when it was asked just now."""

    status: Literal["success", "failed"]
    detail: str
    hint: str
    account: AccountView | None
    checked_at: datetime


class EntryView(View):
    """One line of the audit trail."""

    id: int
    at: datetime
    actor: str
    action: str
    outcome: str
    credential_id: int | None
    detail: str
    ip: str


class VerdictView(View):
    """Whether the chain of the audit trail holds."""

    ok: bool
    entries: int
    first_broken_id: int | None


class ApiKeyView(View):
    """An API key, without the key itself."""

    id: int
    name: str
    prefix: str
    scopes: list[KeyScope]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None


class NewApiKeyView(ApiKeyView):
    """An API key that was just made, with the key: it is shown this once."""

    key: str


class PersonView(View):
    """Somebody who may sign in."""

    id: int
    email: str
    name: str
    created_at: datetime
    signed_in_at: datetime | None
    disabled_at: datetime | None


def show_account(account: connectors.Account | None) -> AccountView | None:
    """Return an account as it is shown."""
    return None if account is None else AccountView.model_validate(account)


def show_credential(credential: credentials.Credential, redirect_uri: str) -> CredentialView:
    """Return a credential as it is shown."""
    return CredentialView.model_validate(_facts(credential, redirect_uri))


def show_with_link(
    credential: credentials.Credential, redirect_uri: str, connect_url: str | None
) -> CredentialWithLinkView:
    """Return a credential as it is shown after a step that may need consent."""
    return CredentialWithLinkView.model_validate(_facts(credential, redirect_uri) | {"connect_url": connect_url})


def _facts(credential: credentials.Credential, redirect_uri: str) -> dict[str, object]:
    grant, pending = credential.grant, credential.pending_grant
    same = (
        "id connector name description created_by client_id scope status status_reason status_since verified_status "
        "verified_at used_at created_at updated_at"
    )
    return {field: getattr(credential, field) for field in same.split()} | {
        "redirect_uri": redirect_uri,
        "granted_scope": grant.granted_scope if grant else "",
        "account": show_account(grant.account if grant else None),
        "pending_account": show_account(pending.account if pending else None),
        "pending_authorization": credential.pending_change,
        "access_token_expires_at": grant.expires_at if grant else None,
        "used_by": group_uses(credential.used_by),
    }


def show_listed(connector: connectors.Connector, redirect_uri: str) -> ListedConnectorView:
    """Return a connector as the list shows it."""
    return ListedConnectorView(
        **_connector(connector, redirect_uri), templates=[each.name for each in _templates(connector)]
    )


def show_connector(connector: connectors.Connector, redirect_uri: str) -> ConnectorView:
    """Return a connector as the catalogue shows it."""
    templates = [show_template(each) for each in _templates(connector)]
    return ConnectorView(**_connector(connector, redirect_uri), templates=templates)


def _templates(connector: connectors.Connector) -> Sequence[connectors.Template]:
    return connector.writing.templates if connector.writing else ()


def _connector(connector: connectors.Connector, redirect_uri: str) -> dict[str, Any]:
    oauth, limit = connector.oauth, connector.rate_limit
    return {
        **{name: getattr(connector, name) for name in ("name", "title", "description", "base_url")},
        "authorize_url": connector.authorize_url,
        "token_url": connector.token_url,
        "revoke_urls": [connector.base_url + path for path in oauth.revoke_paths],
        "redirect_uri": redirect_uri,
        "registration_url": oauth.registration_url,
        "registration_steps": list(oauth.registration_steps),
        "form": [FormFieldView.model_validate(field) for field in connector.form],
        "scopes": [ScopeView.model_validate(scope) for scope in oauth.scopes],
        "default_scope": oauth.default_scope,
        "rate_limit": limit and RateLimitView(calls=limit.calls, window_seconds=int(limit.window.total_seconds())),
        "streams": [StreamView.model_validate(stream) for stream in connector.streams],
    }
