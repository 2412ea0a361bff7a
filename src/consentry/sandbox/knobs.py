"""What can be turned in the sandbox, as one frozen value. Where Capsule's way is unknown, a knob chooses."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Knobs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a world; `changed` gives a checked copy."""

    rotation: Annotated[
        Literal["rotate", "rotate_with_grace", "keep"],
        Meta(
            description="What a refresh does to the refresh token: replace it (using a replaced one ends the grant), "
            "replace it but accept the old one for grace_seconds, or keep it and answer without one."
        ),
    ] = "rotate"
    grace_seconds: Annotated[float, Meta(ge=0, description="How long a replaced refresh token still works.")] = 30
    pkce: Annotated[
        Literal["optional", "required"], Meta(description="Whether an authorise request may come without PKCE.")
    ] = "optional"
    iss: Annotated[
        Literal["absent", "right", "wrong"], Meta(description="The iss parameter of the callback (RFC 9207).")
    ] = "absent"
    revoke_endpoints: Annotated[
        Literal["both", "documented", "discovery"],
        Meta(description="Which exist: /oauth/token/revoke (documented), /oauth/revoke (discovery), or both."),
    ] = "both"
    revoke_reach: Annotated[
        Literal["token", "grant", "application"],
        Meta(description="What a revocation ends: the token alone, its grant, or all that user and application have."),
    ] = "grant"
    reauthorisation: Annotated[
        Literal["keeps_earlier", "ends_earlier"],
        Meta(description="What a new consent does to the earlier grants of the same application and user."),
    ] = "keeps_earlier"
    redirect_uri_again: Annotated[
        Literal["required", "optional"], Meta(description="Whether the code exchange must repeat redirect_uri.")
    ] = "required"
    access_token_seconds: Annotated[int, Meta(ge=1, description="Life of an access token.")] = 604_799
    refresh_token_seconds: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Life of a refresh token; null means that it doesn't end by itself."),
    ] = None
    code_seconds: Annotated[float, Meta(gt=0, description="Life of an authorisation code.")] = 60
    rate_limit: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="API calls that a user has in each window; null means no limit."),
    ] = 4000
    rate_window_seconds: Annotated[int, Meta(ge=1, description="Length of the window of the rate limit.")] = 3600
    since_inclusive: Annotated[
        bool, Meta(description="Whether since also gives the records changed in exactly that second.")
    ] = False
    since_on_tasks: Annotated[bool, Meta(description="Whether the list of tasks heeds since.")] = True
    list_order: Annotated[
        Literal["id", "updated", "shuffled"],
        Meta(description="Order of lists (entries always come newest first); shuffled is the same for each page."),
    ] = "id"
    unknown_fields: Annotated[
        Literal["ignored", "refused"], Meta(description="What a write does with fields that nobody knows.")
    ] = "ignored"
    written_shows: Annotated[
        Literal["asked", "everything"],
        Meta(description="Whether the answer to a write heeds embed, or holds tags and custom fields anyway."),
    ] = "asked"
    tag_deletion: Annotated[
        Literal["at_once", "job"], Meta(description="Whether deleting a tag answers 204, or 202 with a job.")
    ] = "at_once"
    project_start_on: Annotated[
        Literal["written", "ignored"], Meta(description="Whether startOn of a project can be written.")
    ] = "written"
    filter_order: Annotated[
        Literal["heeded", "ignored"], Meta(description="Whether filter results come in the order of orderBy.")
    ] = "heeded"

    hook_retries_seconds: Annotated[
        tuple[Annotated[float, Meta(ge=0)], ...],
        Meta(description="Pauses before a delivery to a hook is tried again; after the last one the hook is dropped."),
    ] = (5, 60, 300, 900, 900)

    def changed(self, changes: dict[str, object]) -> "Knobs":
        """Return a copy with these settings; raises msgspec.ValidationError for an unknown name or value."""
        return msgspec.convert({**msgspec.to_builtins(self), **changes}, Knobs)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnobNote:
    """What the page tells about one knob."""

    name: str
    default: object
    description: str
    choices: tuple[str, ...] = ()


def describe() -> list[KnobNote]:
    """Return a note for each knob, in the order of the class."""
    schema = msgspec.json.schema(Knobs)["$defs"]["Knobs"]["properties"]
    return [
        KnobNote(
            name=name,
            default=getattr(Knobs(), name),
            description=entry["description"],
            choices=tuple(entry.get("enum", ())),
        )
        for name, entry in schema.items()
    ]
