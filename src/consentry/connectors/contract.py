"""What a connector is: values about an outside system, and a few small functions for what a value can't say.

A connector never opens a connection; it is handed a client that is already signed in.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from consentry.oauth import ClientAuth

if TYPE_CHECKING:
    from consentry.connectors.writing import Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One access scope, and what it lets its holder do, in words for people."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthFacts:
    """The OAuth side of the outside system. Paths stand under the connector's base URL."""

    authorize_path: str
    token_path: str
    revoke_paths: tuple[str, ...]  # tried in this order until one of them knows the address
    scopes: tuple[Scope, ...]
    default_scope: str  # sent when the access scope is left empty
    write_scopes: tuple[str, ...] = ()  # one of them is needed for anything but reading; none named: nothing is known
    client_auth: ClientAuth = ClientAuth.POST
    always_sends_iss: bool = False  # RFC 9207: then its absence in the callback is refused
    revoke_replaced: bool = True  # whether the grant that a newer one replaced is withdrawn
    unstated_lifetime: timedelta = timedelta(hours=1)  # taken when the reply doesn't say how long the token lives
    registration_url: str = ""
    registration_steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """The provider's limit for one upstream user, and the headers that tell how much of it is left."""

    calls: int
    window: timedelta
    limit_header: str
    remaining_header: str
    reset_header: str  # epoch seconds, UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field of the Add New Credential overlay."""

    name: Literal["name", "description", "client_id", "client_secret", "scope"]
    label: str
    required: bool
    help: str = ""
    secret: bool = False
    max_length: int = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account at the provider that gave consent. ``user`` is the person whose rate limit counts."""

    subdomain: str | None
    name: str | None = None
    url: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An API answer: status, headers with lower-case names, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class SignedInClient(Protocol):
    """An HTTP client that keeps to the connector's API, and adds the bearer token and the rate budget itself."""

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Send GET to a path under the base URL, which may carry a query.

        Anything but a 2xx answer is raised as ours: ReauthorizationRequired for 401, ScopeMissing for 403, NotFound for
        404, RateLimited for 429, ProviderDown for 5xx, ReplyNotUnderstood for the rest.
        """


class WritingClient(SignedInClient, Protocol):
    """A signed-in client that can do more than read."""

    async def send(
        self, method: str, path: str, body: object | None = None, *, before: Callable[[], None] | None = None
    ) -> Answer:
        """Send a request with a JSON body, once, and return the answer, whatever its status below 500.

        ``before`` is called at the very last moment before it leaves, and stops it by raising. One that was answered
        401 is sent again with a fresh token, because nothing was done for it. Raises ReauthorizationRequired for a 401
        that stays, RateLimited for 429, ProviderDown when it surely wasn't received, and NoAnswer when it may have
        been: no answer came, or one with 5xx.
        """


Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Records as they came, and where the next page is, if there is one."""

    records: list[Record]
    next_path: str | None  # path and query under the base URL


class Pager(Protocol):
    """Reads a list answer of one kind."""

    def __call__(self, answer: Answer, *, records_key: str, base_url: str, asked: str) -> Page:
        """Return the records and the next page; raise ReplyNotUnderstood when the body isn't such a list.

        ``asked`` is the path and query that was answered.
        """


FieldKind = Literal[
    "integer", "decimal", "double", "boolean", "text", "timestamp", "date", "time", "json", "object", "list"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One member of a stream's records, as the API spells it."""

    name: str
    kind: FieldKind  # decimal is for money; json for what has no settled form: a text as it is, all else as JSON text
    members: tuple["Field", ...] = ()  # of an object, or of a list's items; items that are scalars have one: "value"
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A readable collection of the connector."""

    name: str  # snake_case, the table's name
    title: str
    meaning: str
    path: str  # under the base URL; {parent} stands for the parent's id
    records_key: str
    params: Mapping[str, str] = field(default_factory=dict)
    primary_key: tuple[str, ...] = ("id",)
    paginated: bool = True
    per_page: int = 100
    parent: str | None = None  # the stream whose records are walked over for {parent}, by their first key
    parent_where: Mapping[str, object] = field(default_factory=dict)  # members that such a parent record must have
    parent_field: str | None = None  # where the parent's id is put, when the records themselves don't name it
    single: bool = False  # one object instead of a list
    changed_since: bool = False  # understands the parameter ``since``
    deleted_path: str | None = None  # the feed that tells of deletions; it wants ``since``
    deleted_keys: tuple[str, ...] = ()  # the feed's lists: what was deleted, and what was withdrawn from this user
    newest_first: bool = False  # what is new stands at the beginning of the list
    by_ids: int = 0  # how many records one GET of {path}/{id},{id} takes; 0: the API has no such read
    fields: tuple[Field, ...] = ()  # what the records are known to hold; others may come and are kept too
    definitions: str | None = None  # the stream that defines its custom fields, whose values stand in the list "fields"
    note: str = ""

    @property
    def cost(self) -> str:
        """How changes and deletions are found and what that takes in requests, in one sentence for people."""
        if self.parent is not None:
            return "One request for each parent in a full listing; in between, only for parents that changed."
        if self.changed_since and self.deleted_path is not None:
            return "Lists all once, then asks what changed and what was deleted: two requests when nothing did."
        if self.newest_first:
            return "Newest first until known ground: one request. A full listing shows older changes and deletions."
        if not self.paginated:
            return "One request tells everything; what is missing from it was deleted."
        whole = f"A full listing takes a request for every {self.per_page} records and shows deletions"
        return f"{whole}; in between, only what changed is asked for." if self.changed_since else f"{whole}."


@dataclass(frozen=True, slots=True, kw_only=True)
class HookEvent:
    """An event that the provider tells of by calling an address, and the stream whose records it is about."""

    name: str
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """How the provider is asked to tell of events: one hook is one event and one address (REST hooks)."""

    path: str  # under the base URL: GET lists, POST adds, DELETE {path}/{id} removes
    events: tuple[HookEvent, ...]  # those that matter most first: they go first where there isn't room for all
    list_key: str  # where the list of hooks is in its answer
    item_key: str  # what one hook is called, in the request that adds it and in its answer
    records_key: str  # where a delivery's records are
    most: int  # hooks that one account may have at once
    needs: str  # who may set hooks up, in a sentence for people
    id_key: str = "id"
    event_key: str = "event"
    address_key: str = "address"
    description_key: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)  # further members of the request that adds a hook
    gives_up_after: timedelta = timedelta(hours=1)  # so long deliveries may fail before the provider drops the hook


class FindAccount(Protocol):
    """Asks the provider whose account a grant belongs to: the connector's test call."""

    async def __call__(self, client: SignedInClient) -> Account:
        """Return the account; raise ours when the provider doesn't let us in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """Everything Consentry knows about one outside system."""

    name: str
    title: str
    provider: str  # what people call the system in a sentence: "Authorize with …"
    description: str  # one line of what the connector is for
    base_url: str
    api_prefix: str  # the only part of the API that can be reached, such as "api/v2/"
    oauth: OAuthFacts
    rate_limit: RateLimit | None
    form: tuple[FormField, ...]
    streams: tuple[Stream, ...]
    pager: Pager
    find_account: FindAccount
    account_of_reply: Callable[[Mapping[str, object]], str | None]  # the subdomain, where the token reply names it
    error_of_body: Callable[[bytes], str]  # one short sentence for people out of an error body, or ""
    folder: Path  # with the logo (SVG of our own drawing), the samples and the README
    per_page_param: str | None = None  # the query parameter that asks for a page's size
    writing: "Writing | None" = None  # None: it can only be read
    hooks: Hooks | None = None  # how it tells of changes as they happen, where it does

    @property
    def issuer(self) -> str:
        """The issuer identifier (RFC 9207), compared as a plain string."""
        return self.base_url

    @property
    def authorize_url(self) -> str:
        """The authorization endpoint."""
        return self.base_url + self.oauth.authorize_path

    @property
    def token_url(self) -> str:
        """The token endpoint."""
        return self.base_url + self.oauth.token_path

    @property
    def revoke_urls(self) -> tuple[str, ...]:
        """The revocation endpoints, in the order in which they are tried."""
        return tuple(self.base_url + path for path in self.oauth.revoke_paths)

    @property
    def logo(self) -> Path:
        """The logo, an SVG of our own drawing."""
        return self.folder / "logo.svg"

    @property
    def docs(self) -> Path:
        """The page for people who set up the connector."""
        return self.folder / "README.md"

    @property
    def samples(self) -> Path:
        """Replies in the documented shape, one file a stream."""
        return self.folder / "samples"

    def scope_to_ask(self, scope: str) -> str:
        """Return the scope that is sent for what the person entered."""
        return " ".join(scope.split()) or self.oauth.default_scope

    def stream(self, name: str) -> Stream | None:
        """Return the stream of this name, if there is one."""
        return next((stream for stream in self.streams if stream.name == name), None)


Records = AsyncIterator[Page]
