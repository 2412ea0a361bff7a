"""Consent and code exchange over real HTTP."""

import base64
from urllib.parse import quote_plus

import pytest

from consentry.sandbox import RunningSandbox
from consentry.sandbox.pkce import s256
from ground.applicant import REDIRECT_URI, Applicant

VERIFIER = "v" * 43


async def test_an_approved_request_comes_back_with_a_code_and_the_state(applicant: Applicant) -> None:
    callback = await applicant.consent(state="näive & odd")
    assert set(callback) == {"code", "state"}
    assert callback["state"] == "näive & odd"


async def test_a_code_becomes_the_tokens_that_capsule_documents(applicant: Applicant) -> None:
    callback = await applicant.consent()
    answer = await applicant.exchange(callback["code"])
    assert answer.status == 200
    assert set(answer.json) == {"access_token", "refresh_token", "token_type", "expires_in", "scope", "subdomain"}
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("bearer", 604_799)
    assert (answer.json["scope"], answer.json["subdomain"]) == ("read write", "acme")
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_user_of_another_account_gives_tokens_for_that_account(applicant: Applicant) -> None:
    reply = await applicant.tokens(user="emi.sato", scope="read")
    assert (reply["subdomain"], reply["scope"]) == ("globex", "read")
    site = await applicant.get(reply["access_token"], "site")
    assert site.json["site"]["subdomain"] == "globex"


async def test_a_denied_request_comes_back_with_access_denied(applicant: Applicant) -> None:
    callback = await applicant.consent(decision="deny")
    assert (callback["error"], callback["state"]) == ("access_denied", "a state")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"client_id": "nobody"}, id="unknown application"),
        pytest.param({"client_id": None}, id="no application"),
        pytest.param({"redirect_uri": REDIRECT_URI + "/"}, id="a slash too many"),
        pytest.param({"redirect_uri": REDIRECT_URI + "?next=1"}, id="a query too many"),
        pytest.param({"redirect_uri": "https://evil.example/"}, id="another host"),
        pytest.param({"redirect_uri": None}, id="no redirect address"),
    ],
)
async def test_an_untrusted_redirect_is_shown_and_never_followed(
    applicant: Applicant, changes: dict[str, str | None]
) -> None:
    for method in ("GET", "POST"):
        answer = await applicant.send(method, applicant.authorise_path(**changes))
        assert answer.status == 400
        assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "read everything"}, "invalid_scope"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": s256(VERIFIER), "code_challenge_method": "S512"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
    ],
)
async def test_a_wrong_request_is_sent_back_with_its_error(
    applicant: Applicant, changes: dict[str, str | None], error: str
) -> None:
    answer = await applicant.send("GET", applicant.authorise_path(**changes))
    assert answer.status == 302
    assert answer.headers["Location"].startswith(REDIRECT_URI + "?error=" + error)
    assert "state=a+state" in answer.headers["Location"]


async def test_a_parameter_that_comes_twice_is_refused(applicant: Applicant) -> None:
    answer = await applicant.send("GET", applicant.authorise_path() + "&state=another")
    assert answer.status == 400


async def test_pkce_is_checked_when_a_challenge_was_sent(applicant: Applicant) -> None:
    asked = {"code_challenge": s256(VERIFIER), "code_challenge_method": "S256"}
    refused = await applicant.exchange((await applicant.consent(**asked))["code"], code_verifier="w" * 43)
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")
    missing = await applicant.exchange((await applicant.consent(**asked))["code"])
    assert missing.json["error"] == "invalid_grant"
    taken = await applicant.exchange((await applicant.consent(**asked))["code"], code_verifier=VERIFIER)
    assert taken.status == 200


async def test_pkce_can_be_demanded(running: RunningSandbox, applicant: Applicant) -> None:
    running.world.turn(pkce="required")
    answer = await applicant.send("GET", applicant.authorise_path())
    assert "error=invalid_request" in answer.headers["Location"]


async def test_a_verifier_without_a_challenge_is_refused(applicant: Applicant) -> None:
    callback = await applicant.consent()
    answer = await applicant.exchange(callback["code"], code_verifier=VERIFIER)
    assert answer.json["error"] == "invalid_grant"


async def test_a_code_used_twice_takes_back_what_it_gave(applicant: Applicant) -> None:
    code = (await applicant.consent())["code"]
    first = await applicant.exchange(code)
    second = await applicant.exchange(code)
    assert (second.status, second.json["error"]) == (400, "invalid_grant")
    assert (await applicant.get(first.json["access_token"], "site")).status == 401
    assert (await applicant.refresh(first.json["refresh_token"])).json["error"] == "invalid_grant"


async def test_the_exchange_must_repeat_the_redirect_address(running: RunningSandbox, applicant: Applicant) -> None:
    other = await applicant.exchange((await applicant.consent())["code"], redirect_uri="https://other.example/")
    assert other.json["error"] == "invalid_grant"
    missing = await applicant.exchange((await applicant.consent())["code"], redirect_uri=None)
    assert missing.json["error"] == "invalid_request"
    running.world.turn(redirect_uri_again="optional")
    tolerated = await applicant.exchange((await applicant.consent())["code"], redirect_uri=None)
    assert tolerated.status == 200


async def test_a_wrong_secret_is_401_and_leaves_the_code_usable(applicant: Applicant) -> None:
    code = (await applicant.consent())["code"]
    refused = await applicant.exchange(code, client_secret="wrong")
    assert (refused.status, refused.json["error"]) == (401, "invalid_client")
    assert (await applicant.exchange(code)).status == 200


async def test_the_secret_may_come_in_a_header_but_not_in_both_places(applicant: Applicant) -> None:
    application = applicant.application
    pair = f"{quote_plus(application.client_id)}:{quote_plus(application.client_secret or '')}"
    header = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    for client_secret, status in ((application.client_secret, 400), (None, 200)):
        form = {
            "grant_type": "authorization_code",
            "code": (await applicant.consent())["code"],
            "redirect_uri": REDIRECT_URI,
            **({"client_secret": client_secret} if client_secret else {}),
        }
        answer = await applicant.send("POST", "/oauth/token", data=form, headers=header)
        assert answer.status == status
    wrong = {"Authorization": "Basic " + base64.b64encode(b"nobody:wrong").decode()}
    answer = await applicant.send("POST", "/oauth/token", data={"grant_type": "refresh_token"}, headers=wrong)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


async def test_the_token_request_may_be_json(applicant: Applicant) -> None:
    code = (await applicant.consent())["code"]
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI, **applicant.identity()}
    assert (await applicant.send("POST", "/oauth/token", json=body)).status == 200


async def test_an_installed_application_needs_no_secret(running: RunningSandbox) -> None:
    application = running.world.register(name="Desk", redirect_uri=REDIRECT_URI, kind="installed")
    async with Applicant(running, application) as desk:
        assert application.client_secret is None
        assert (await desk.tokens())["access_token"]


@pytest.mark.parametrize(("knob", "expected"), [("absent", None), ("right", "own"), ("wrong", "other")])
async def test_the_callback_names_the_issuer_as_the_knob_says(
    running: RunningSandbox, applicant: Applicant, knob: str, expected: str | None
) -> None:
    running.world.turn(iss=knob)
    given = (await applicant.consent()).get("iss")
    assert {None: None, running.url: "own"}.get(given, "other") == expected


async def test_the_metadata_tells_the_addresses(running: RunningSandbox, applicant: Applicant) -> None:
    answer = await applicant.send("GET", "/.well-known/oauth-authorization-server")
    assert answer.json["issuer"] == running.url
    assert answer.json["authorization_endpoint"] == running.url + "/oauth/authorise"
    assert answer.json["revocation_endpoint"] == running.url + "/oauth/revoke"
    same = await applicant.send("GET", "/.well-known/openid-configuration")
    assert same.json == answer.json
