"""What the API shows of templates: the prepared ways to write, and the fields they take."""

from typing import Any, Literal

from pydantic import Field

from consentry import connectors, flows
from consentry.api.fields import View

_KIND = Literal["text", "integer", "decimal", "boolean", "date", "timestamp", "time", "reference", "tags", "json"]
_DEED = Literal["create", "update", "upsert", "delete", "note", "add_tags", "remove_tags", "set_fields", "manual"]


class TemplateFieldView(View):
    """One field, as a mapping names it."""

    name: str
    title: str
    kind: _KIND
    meaning: str
    required: bool = Field(description="To create a record.")
    repeats: bool = Field(description="Takes several values: a list, or a text with ; between them.")
    values: list[str] = Field(description="The only ones there are; empty where any fits.")
    chosen_from: str | None = Field(description="The stream whose records it names, by id or by name.")
    longest: int | None = Field(description="Characters.")
    parts: list[str] = Field(description="Members of an item that is given as an object.")


class AllowedView(View):
    """One value that a field takes."""

    value: str = Field(description="As a row or a mapping gives it; the name does too.")
    name: str


class LiveFieldView(TemplateFieldView):
    """One field, with what the account allows now."""

    allowed: list[AllowedView] = Field(description="As the provider has them now; empty where any value fits.")


class MatchView(View):
    """What a record can be found by."""

    field: str = Field(description="`fields.` stands for any custom field.")
    title: str


class TemplateFacts(View):
    """A prepared way to write, without its fields."""

    name: str
    title: str
    meaning: str
    deed: _DEED
    stream: str | None = Field(description="Whose records it writes.")
    one_of: list[list[str]] = Field(description="Of each group at least one field is needed to create.")
    matches: list[MatchView] = Field(description="The first one is used unless match_on names another.")
    takes_custom_fields: bool = Field(description="Whether it takes `fields.` and the name of a custom field.")


class TemplateView(TemplateFacts):
    """A prepared way to write."""

    fields: list[TemplateFieldView]


class LiveTemplateView(TemplateFacts):
    """A template with its custom fields and the values that are allowed now."""

    fields: list[LiveFieldView]


def show_template(template: connectors.Template) -> TemplateView:
    """Return a template as the catalogue shows it."""
    fields = [TemplateFieldView.model_validate(_field(each)) for each in template.fields]
    return TemplateView(**_facts(template), fields=fields)


def show_live_template(template: connectors.Template, fields: "tuple[flows.LiveField, ...]") -> LiveTemplateView:
    """Return a template as it is for one account."""
    shown = [LiveFieldView.model_validate(_field(each.field) | {"allowed": _allowed(each)}) for each in fields]
    return LiveTemplateView(**_facts(template), fields=shown)


def _allowed(field: flows.LiveField) -> list[AllowedView]:
    return [AllowedView(value=each.value, name=each.name) for each in field.allowed]


def _facts(template: connectors.Template) -> dict[str, Any]:
    return {
        **{name: getattr(template, name) for name in ("name", "title", "meaning", "deed", "stream")},
        "one_of": [list(group) for group in template.one_of],
        "matches": [MatchView.model_validate(each) for each in template.matches],
        "takes_custom_fields": template.custom_fields is not None,
    }


def _field(field: connectors.TemplateField) -> dict[str, Any]:
    same = ("name", "title", "kind", "meaning", "required", "repeats", "longest")
    return {
        **{name: getattr(field, name) for name in same},
        "values": list(field.values),
        "chosen_from": field.choices.stream if field.choices else None,
        "parts": list(field.parts),
    }
