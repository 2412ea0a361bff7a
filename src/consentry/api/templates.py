"""Templates as one account has them: their fields with the values allowed now, and which columns could fill them."""

from typing import Annotated, Final

from fastapi import APIRouter, Path

from consentry import credentials, flows
from consentry.api.answers import answers
from consentry.api.callers import Here, User
from consentry.api.destination_views import RowsBody
from consentry.api.fields import Body, Id
from consentry.api.given_rows import rows_of
from consentry.api.routing import StrictRoute
from consentry.api.row_views import SuggestionView, show_columns, show_mapping
from consentry.api.template_views import LiveTemplateView, show_live_template
from consentry.errors import NotFound

router: Final = APIRouter(prefix="/api/v1/credentials", tags=["templates"], route_class=StrictRoute)
TemplateName = Annotated[str, Path(max_length=100, description="The template's name.", examples=["upsert_person"])]


class SuggestBody(Body):
    """Rows to be mapped."""

    rows: RowsBody


@router.get(
    "/{credential_id:id}/templates/{name}",
    summary="Show a template for an account",
    responses=answers(404, 409, 502, 504),
)
async def show(here: Here, caller: User, credential_id: Id, name: TemplateName) -> LiveTemplateView:
    """The template's fields, custom ones included, and the values that the provider allows now: it is asked."""
    credential = await credentials.get(here.credentials, credential_id)
    writing = here.catalogue.get(credential.connector).writing
    template = writing.template(name) if writing else None
    if template is None:
        raise NotFound(f"There is no template named {name}.", hint="Look at the connector's templates.")
    fields = await flows.live_fields(here.flows, caller.actor, credential_id, name)
    return show_live_template(template, fields)


@router.post(
    "/{credential_id:id}/templates/{name}/suggest",
    summary="Suggest a mapping",
    responses=answers(404, 409, 502, 504),
)
async def suggest(here: Here, caller: User, credential_id: Id, name: TemplateName, body: SuggestBody) -> SuggestionView:
    """The columns of rows with the first ones, and the fields that these could fill by their names."""
    rows = rows_of(body.rows, caller)
    advice = await flows.advise(here.flows, caller.actor, credential_id, name, rows)
    return SuggestionView(
        columns=show_columns(advice.columns),
        rows=[dict(row.values) for row in advice.columns.rows],
        faults=list(advice.columns.faults),
        mapping=show_mapping(dict(advice.mapping)),
    )
