"""The whole story with curl alone: from a new credential to the provider's having seen its end."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from consentry.sandbox import RunningSandbox
from ground.curl import Curl
from ground.processes import Running
from ground.waiting import eventually


def test_a_credential_lives_its_whole_life_by_curl_alone(
    node: Running, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    curl, key = Curl(), node.api_key()
    api = f"{node.url}/api/v1"

    # an application at the provider, as a person would register it
    registered = curl(
        f"{sandbox.url}/sandbox/applications",
        given={"name": "Data team", "redirect_uri": f"{node.url}/oauth/callback"},
    ).json()

    # create
    new = {
        "connector": "capsule",
        "name": "Sales CRM",
        "client_id": registered["client_id"],
        "client_secret": registered["client_secret"],
    }
    made = curl(f"{api}/credentials", key=key, given=new)
    assert made.status == 201
    credential = made.json()
    assert credential["status"] == "authorization_required"
    assert credential["redirect_uri"] == f"{node.url}/oauth/callback"
    mine = f"{api}/credentials/{credential['id']}"
    early = curl(f"{mine}/token", key=key, method="POST")
    assert (early.status, early.json()["code"]) == (409, "authorization_required")

    # the owner of the account opens the connect link and presses its button
    owner = Curl(jar=tmp_path / "owner.jar")
    page = owner(credential["connect_url"])
    assert page.status == 200
    assert all(words in page.text for words in ("Sales CRM", "Capsule", node.url))
    led = owner(credential["connect_url"], method="POST")
    assert led.status == 303
    asked = parse_qs(urlsplit(led.location).query)
    assert led.location.startswith(f"{sandbox.url}/oauth/authorise?")
    assert asked["redirect_uri"] == [credential["redirect_uri"]]
    assert (asked["code_challenge_method"], asked["scope"]) == (["S256"], ["read write"])

    # consent, callback, clean page
    assert "Approve" in owner(led.location).text
    back = owner(led.location, form={"decision": "approve", "user": "ada.marsh"})
    assert back.location.startswith(f"{credential['redirect_uri']}?")
    done = owner(back.location)
    assert done.status == 303
    assert urlsplit(done.location).query == ""
    assert "is connected" in owner(done.location).text
    assert curl(mine, key=key).json()["status"] == "authorized"

    # a token, and a call through the proxy
    first = curl(f"{mine}/token", key=key, method="POST")
    assert (first.status, first.headers["cache-control"]) == (200, ["no-store"])
    users = curl(f"{mine}/proxy/api/v2/users", key=key)
    assert users.status == 200
    direct = curl(f"{sandbox.url}/api/v2/users", key=first.json()["access_token"])
    assert users.json() == direct.json()

    # the provider forgets the token: the next call sees a 401, one refresh, and an answer
    assert curl(f"{sandbox.url}/sandbox/expire", method="POST").json()["expired"] == 1
    assert curl(f"{sandbox.url}/api/v2/users", key=first.json()["access_token"]).status == 401
    assert curl(f"{mine}/proxy/api/v2/users", key=key).status == 200
    second = curl(f"{mine}/token", key=key, method="POST").json()
    assert second["access_token"] != first.json()["access_token"]
    assert curl(f"{sandbox.url}/api/v2/users", key=second["access_token"]).status == 200
    assert curl(f"{sandbox.url}/sandbox/state").json()["token_requests"]["refresh_token"] == 1

    # delete: gone here at once, withdrawn there soon
    assert curl(mine, key=key, method="DELETE").status == 204
    assert curl(mine, key=key).status == 404
    assert eventually(lambda: curl(f"{sandbox.url}/sandbox/state").json()["revocations"] > 0)
    assert eventually(lambda: curl(f"{sandbox.url}/api/v2/users", key=second["access_token"]).status == 401)
    assert curl(f"{mine}/proxy/api/v2/users", key=key).status == 404
    assert node.stop() == 0


def test_a_link_serves_once_and_consent_counts_in_the_browser_that_asked(
    server: Running, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    curl, key = Curl(), server.api_key()
    application = sandbox.world.register(name="Data team", redirect_uri=f"{server.url}/oauth/callback")
    new = {
        "connector": "capsule", "name": "Sales CRM",
        "client_id": application.client_id, "client_secret": application.secrets[0],
    }  # fmt: skip
    credential = curl(f"{server.url}/api/v1/credentials", key=key, given=new).json()

    owner, stranger = Curl(jar=tmp_path / "owner.jar"), Curl(jar=tmp_path / "stranger.jar")
    led = owner(credential["connect_url"], method="POST")
    assert owner(credential["connect_url"], method="POST").status == 410
    assert stranger(credential["connect_url"]).status == 410
    back = owner(led.location, form={"decision": "approve", "user": "ada.marsh"})
    refused = stranger(back.location)
    assert refused.status == 303
    assert stranger(refused.location).status == 404  # the result is its browser's alone
    assert "another browser" in owner(refused.location).text
    assert owner(back.location).status == 400  # the state was used up

    mine = f"{server.url}/api/v1/credentials/{credential['id']}"
    assert curl(mine, key=key).json()["status"] == "authorization_required"
    assert sandbox.world.journal.counts("token_requests") == {}
    again = curl(f"{mine}/connect", key=key, method="POST").json()["connect_url"]
    led = owner(again, method="POST")
    denied = owner(led.location, form={"decision": "deny"})
    result = owner(owner(denied.location).location)
    assert "could not be connected" in result.text
    assert curl(mine, key=key).json()["status"] == "authorization_required"
