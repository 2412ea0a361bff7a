"""The catalogue of connectors."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from consentry.api.answers import answers
from consentry.api.callers import Here, Reader
from consentry.api.fields import PageNumber, PerPage
from consentry.api.lists import link_next
from consentry.api.routing import StrictRoute
from consentry.api.views import ConnectorView, ListedConnectorView, show_connector, show_listed
from consentry.connectors import list_names

router: Final = APIRouter(prefix="/api/v1/connectors", tags=["connectors"], route_class=StrictRoute)


@router.get("", summary="List the connectors", responses=answers())
async def list_connectors(
    here: Here, _: Reader, response: Response, page: PageNumber = 1, per_page: PerPage = 50
) -> list[ListedConnectorView]:
    """What credentials can be made for: form fields, scopes with their meaning, fixed URLs, streams and templates."""
    every = here.catalogue.list()
    first = (page - 1) * per_page
    address = f"{here.settings.public_url}/api/v1/connectors"
    has_more = len(every) > first + per_page
    link_next(response, address, page=page, per_page=per_page, has_more=has_more, filters={})
    return [show_listed(each, here.settings.redirect_uri) for each in every[first : first + per_page]]


@router.get("/{name}", summary="Show a connector", responses=answers(404))
async def show(
    here: Here, _: Reader, name: Annotated[str, Path(max_length=100, examples=list_names()[:1])]
) -> ConnectorView:
    """One connector of the catalogue, with the fields of its templates."""
    return show_connector(here.catalogue.get(name), here.settings.redirect_uri)
