"""The fields of bodies and queries as types: what the schema says about them, and what is refused."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, StrictStr

_LINE: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"
_FILLED_LINE: Final = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
_LINES: Final = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"
_VISIBLE: Final = r"^[\x21-\x7e]+$"
_PRINTABLE: Final = r"^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$"
_ADDRESS: Final = r"[^@\s\x00-\x1f\x7f-\x9f]+"
_SCOPE: Final = r"^[\x20\x21\x23-\x5b\x5d-\x7e]*$"


def _text_only(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("Use a moment as text, such as 2026-12-31T23:59:59Z.")
    return value


Name = Annotated[StrictStr, Field(min_length=1, max_length=100, pattern=_FILLED_LINE)]
Description = Annotated[StrictStr, Field(max_length=1000, pattern=_LINES)]
ClientId = Annotated[StrictStr, Field(min_length=1, max_length=255, pattern=_VISIBLE)]
ClientSecret = Annotated[
    SecretStr,
    Field(
        min_length=1,
        max_length=1024,
        json_schema_extra={"pattern": _PRINTABLE, "examples": ["the secret of your application"]},
    ),
]
KeptClientSecret = Annotated[SecretStr, Field(max_length=1024, json_schema_extra={"pattern": r"^[\x20-\x7e]*$"})]
ScopeText = Annotated[StrictStr, Field(max_length=1000, pattern=_SCOPE, examples=["read write"])]
Email = Annotated[StrictStr, Field(max_length=254, pattern=rf"^{_ADDRESS}@{_ADDRESS}$")]
Password = Annotated[SecretStr, Field(min_length=8, max_length=1024, examples=["a sentence is fine"])]
Moment = Annotated[AwareDatetime, BeforeValidator(_text_only), Field(examples=["2027-06-30T00:00:00Z"])]

Id = Annotated[int, Path(ge=0, le=2**63 - 1, description="The id, a whole number.")]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=1_000_000, description="Which page of the list, from 1.")]
PerPage = Annotated[int, Query(ge=1, le=100, description="How many on a page.")]
Search = Annotated[str | None, Query(max_length=200, pattern=_LINE, description="Text to look for.")]


class Body(BaseModel):
    """A JSON object that may hold these fields and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    """What an answer shows."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


Json = dict[str, Any]
When = datetime
