"""Each connector's templates, as docs/reference/templates.md lists them: what they write and which fields they take."""

from collections.abc import Iterable
from typing import Final

from consentry.connectors import CUSTOM, Catalogue, Connector, Template, TemplateField

MOST_VALUES: Final = 12


def write_templates() -> str:
    """Return every template of every connector that writes."""
    return "\n\n".join(_of_connector(each) for each in Catalogue.load().list() if each.writing is not None)


def _of_connector(connector: Connector) -> str:
    templates = connector.writing.templates if connector.writing is not None else ()
    together: dict[tuple[str, ...], list[Template]] = {}
    for template in templates:
        shared = (str(template.stream), *(field.name for field in template.fields if field.name != "id"))
        together.setdefault(shared, []).append(template)
    overview = _table(
        ("template", "writes", "does", "a record is identified by"),
        [(f"`{each.name}`", each.title, each.meaning, _identified(each)) for each in templates],
    )
    return "\n\n".join([f"## {connector.title}", overview, *(_of_fields(several) for several in together.values())])


def _identified(template: Template) -> str:
    ways = [f"{match.title.lower()} ({match.at_once} a request)" for match in template.matches]
    return "; ".join(ways) or "nothing: every row makes one"


def _of_fields(templates: list[Template]) -> str:
    widest = max(templates, key=lambda template: len(template.fields))
    names = ", ".join(f"`{template.name}`" for template in templates)
    lists = [field.name for field in widest.fields if field.parts]
    plain = [field for field in widest.fields if not any(field.name.startswith(f"{root}.") for root in lists)]
    rows = [(f"`{field.name}`", field.title, _takes(field), _says(widest, field)) for field in plain]
    if widest.custom_fields is not None and any(template.deed != "delete" for template in templates):
        rows.append(
            (f"`{CUSTOM}…`", "Custom fields", "as defined", f"Those that the stream `{widest.custom_fields}` defines.")
        )
    lines = [f"### Fields of {names}", _table(("field", "title", "takes", "meaning"), rows)]
    one_by_one = [_one_by_one(root, widest.fields) for root in lists]
    return "\n\n".join([*lines, *(line for line in one_by_one if line)])


def _one_by_one(root: str, fields: Iterable[TemplateField]) -> str:
    """Return the fields that name one item of a list, in short."""
    names = [field.name.removeprefix(f"{root}.").split(".") for field in fields if field.name.startswith(f"{root}.")]
    if not names:
        return ""
    steps = [list(dict.fromkeys(name[depth] for name in names if len(name) > depth)) for depth in range(len(names[0]))]
    spelled = " . ".join(" \\| ".join(f"`{each}`" for each in step) for step in steps)
    return f"One item of `{root}` by itself: `{root}` . {spelled}"


def _takes(field: TemplateField) -> str:
    if field.values:
        return ", ".join(f"`{value}`" for value in field.values[:MOST_VALUES])
    kind = f"one of the stream `{field.choices.stream}`" if field.choices is not None else field.kind
    return f"several: {kind}" if field.repeats else kind


def _says(template: Template, field: TemplateField) -> str:
    group = next((group for group in template.one_of if field.name in group), ())
    need = "Needed to make a record." if field.required else ""
    either = f"One of {', '.join(f'`{name}`' for name in group)} is needed to make a record." if group else ""
    return " ".join(word for word in (field.meaning, need, either) if word)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
