"""Client authentication at the token endpoint."""

import base64

import pytest

from consentry.core.ids import SeededRandomness
from consentry.sandbox.applications import Application, Applications
from consentry.sandbox.client_auth import authenticate
from consentry.sandbox.grants import Refused

WEB = Application(
    client_id="web id", name="Web", url="", redirect_uri="https://a.example/", kind="web", secrets=("old:+ü", "new")
)
DESK = Application(client_id="desk", name="Desk", url="", redirect_uri="x.y:/z", kind="installed", secrets=())


@pytest.fixture
def applications() -> Applications:
    applications = Applications(SeededRandomness(1))
    applications.put(WEB)
    applications.put(DESK)
    return applications


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "form", "expected"),
    [
        pytest.param(None, {"client_id": "web id", "client_secret": "new"}, WEB, id="in the body"),
        pytest.param(None, {"client_id": "web id", "client_secret": "old:+ü"}, WEB, id="the older secret"),
        pytest.param(basic("web+id:old%3A%2B%C3%BC"), {}, WEB, id="in the header, form-encoded as RFC 6749 says"),
        pytest.param(basic("web+id:new"), {"client_id": "web id"}, WEB, id="the id in both places"),
        pytest.param(None, {"client_id": "desk"}, DESK, id="installed, no secret"),
        pytest.param(None, {"client_id": "desk", "client_secret": ""}, DESK, id="installed, empty secret"),
    ],
)
def test_an_application_proves_who_it_is(
    applications: Applications, header: str | None, form: dict[str, str], expected: Application
) -> None:
    assert authenticate(applications, header, form) == expected


@pytest.mark.parametrize(
    ("header", "form", "error", "status"),
    [
        pytest.param(None, {}, "invalid_request", 400, id="nothing"),
        pytest.param(None, {"client_id": "web id"}, "invalid_client", 401, id="no secret"),
        pytest.param(None, {"client_id": "web id", "client_secret": "NEW"}, "invalid_client", 401, id="wrong secret"),
        pytest.param(None, {"client_id": "who", "client_secret": "new"}, "invalid_client", 401, id="unknown"),
        pytest.param(None, {"client_id": "desk", "client_secret": "x"}, "invalid_client", 401, id="installed, secret"),
        pytest.param(basic("web+id:new"), {"client_secret": "new"}, "invalid_request", 400, id="both ways"),
        pytest.param(basic("web+id:new"), {"client_id": "desk"}, "invalid_request", 400, id="two ids"),
        pytest.param("Bearer new", {}, "invalid_client", 401, id="another scheme"),
        pytest.param("Basic %%%", {}, "invalid_client", 401, id="not base64"),
        pytest.param(basic("no colon"), {}, "invalid_client", 401, id="no colon"),
    ],
)
def test_everything_else_is_refused(
    applications: Applications, header: str | None, form: dict[str, str], error: str, status: int
) -> None:
    with pytest.raises(Refused) as caught:
        authenticate(applications, header, form)
    assert (caught.value.error, caught.value.status) == (error, status)
