"""People who may sign in: list, add, rename, give another password, shut out."""

from typing import Final

from fastapi import APIRouter, Response
from pydantic import StrictBool

from consentry import accounts
from consentry.api.answers import answers
from consentry.api.callers import Admin, Here, ProvedAdmin
from consentry.api.fields import Body, Email, Id, Name, PageNumber, Password, PerPage
from consentry.api.lists import link_next
from consentry.api.routing import StrictRoute
from consentry.api.views import PersonView
from consentry.core.secret import Secret

router: Final = APIRouter(prefix="/api/v1/people", tags=["people"], route_class=StrictRoute)


class NewPersonBody(Body):
    """A person to add."""

    name: Name
    email: Email
    password: Password


class PersonEditBody(Body):
    """What to change; a field that is left out or null stays."""

    name: Name | None = None
    password: Password | None = None
    disabled: StrictBool | None = None


@router.get("", summary="List people", responses=answers())
async def list_people(
    here: Here, _: Admin, response: Response, page: PageNumber = 1, per_page: PerPage = 50
) -> list[PersonView]:
    """Everybody who may sign in, in the order in which they were added."""
    found, has_more = await accounts.list_people(here.accounts, page=page, per_page=per_page)
    address = f"{here.settings.public_url}/api/v1/people"
    link_next(response, address, page=page, per_page=per_page, has_more=has_more, filters={})
    return [PersonView.model_validate(each) for each in found]


@router.post("", status_code=201, summary="Add a person", responses=answers(409))
async def create(here: Here, caller: ProvedAdmin, body: NewPersonBody) -> PersonView:
    """Add an administrator."""
    password = Secret(body.password.get_secret_value())
    person = await accounts.create_person(
        here.accounts, caller.actor, name=body.name, email=body.email, password=password
    )
    return PersonView.model_validate(person)


@router.get("/{person_id:id}", summary="Show a person", responses=answers(404))
async def show(here: Here, _: Admin, person_id: Id) -> PersonView:
    """One person."""
    return PersonView.model_validate(await accounts.get_person(here.accounts, person_id))


@router.patch("/{person_id:id}", summary="Change a person", responses=answers(404, 409))
async def edit(here: Here, caller: ProvedAdmin, person_id: Id, body: PersonEditBody) -> PersonView:
    """Rename a person, give them another password, shut them out or let them in again."""
    person = await accounts.get_person(here.accounts, person_id)
    if body.disabled is not None:  # first, because it alone can be refused for what others are
        switch = accounts.disable_person if body.disabled else accounts.enable_person
        await switch(here.accounts, caller.actor, person.id)
    if body.name is not None:
        await accounts.rename_person(here.accounts, caller.actor, person.id, body.name)
    if body.password is not None:
        password = Secret(body.password.get_secret_value())
        await accounts.set_password(here.accounts, caller.actor, person.id, password)
    return PersonView.model_validate(await accounts.get_person(here.accounts, person.id))
