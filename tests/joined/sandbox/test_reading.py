"""The API over real HTTP: pages, embeds, since, deleted feeds, limits and refusals."""

import re
from typing import Any

import pytest

from consentry.sandbox import RunningSandbox
from consentry.sandbox.resources import RESOURCES
from ground.applicant import Answer, Applicant


class Reader:
    """Reads with a token of its own."""

    def __init__(self, applicant: Applicant, token: str) -> None:
        self._applicant = applicant
        self._token = token

    async def get(self, path: str) -> Answer:
        return await self._applicant.get(self._token, path)

    async def everything(self, path: str, key: str) -> list[dict[str, Any]]:
        """Follow the links to the end."""
        found: list[dict[str, Any]] = []
        address: str | None = path
        for _ in range(100):
            answer = await self.get(address or "")
            assert answer.status == 200, answer.text
            found += answer.json[key]
            following = re.search(r'<[^>]*/api/v2/([^>]*)>; rel="next"', answer.headers.get("Link", ""))
            assert answer.headers["X-Pagination-Has-More"] == ("true" if following else "false")
            if following is None:
                return found
            address = following[1]
        raise AssertionError("the links never end")


@pytest.fixture
async def reader(applicant: Applicant) -> Reader:
    return Reader(applicant, (await applicant.tokens(scope="read"))["access_token"])


async def test_the_links_lead_through_every_record_once(reader: Reader) -> None:
    parties = await reader.everything("parties?perPage=100", "parties")
    assert len(parties) == 260
    assert len({party["id"] for party in parties}) == 260


async def test_the_links_are_absolute_and_keep_every_other_parameter(running: RunningSandbox, reader: Reader) -> None:
    answer = await reader.get("parties?page=2&perPage=10&embed=tags,fields")
    address = running.url + "/api/v2/parties?page={}&perPage=10&embed=tags,fields"
    assert answer.headers["Link"] == f'<{address.format(3)}>; rel="next", <{address.format(1)}>; rel="prev"'


@pytest.mark.parametrize(
    ("query", "size"),
    [
        pytest.param("", 50, id="fifty by default"),
        pytest.param("?perPage=100", 100, id="a hundred at most"),
        pytest.param("?perPage=500", 100, id="more is brought down"),
        pytest.param("?perPage=0", 1, id="less is brought up"),
        pytest.param("?perPage=many&page=x", 50, id="nonsense is ignored"),
        pytest.param("?page=1000", 0, id="beyond the end is empty"),
    ],
)
async def test_a_page_has_its_size(reader: Reader, query: str, size: int) -> None:
    answer = await reader.get("parties" + query)
    assert len(answer.json["parties"]) == size


@pytest.mark.parametrize("entity", ["parties", "opportunities", "kases"])
async def test_tags_and_fields_are_absent_unless_embedded(reader: Reader, entity: str) -> None:
    plain = (await reader.get(f"{entity}?perPage=5")).json[entity]
    assert not any({"tags", "fields"} & set(record) for record in plain)
    whole = (await reader.get(f"{entity}?perPage=5&embed=tags,fields,nonsense")).json[entity]
    assert all({"tags", "fields"} <= set(record) for record in whole)
    one = (await reader.get(f"{entity}/{whole[0]['id']}?embed=tags")).json
    assert "tags" in next(iter(one.values()))


async def test_the_total_comes_only_on_request(reader: Reader) -> None:
    assert "meta" not in (await reader.get("parties?perPage=1")).json
    assert (await reader.get("parties?perPage=1&embed=meta")).json["meta"] == {"totalCount": 260}


async def test_every_resource_lists_and_shows_under_its_keys(reader: Reader) -> None:
    for resource in (each for each in RESOURCES if each.listed):
        answer = await reader.get(resource.path + "?perPage=3")
        records = answer.json[resource.plural]
        assert ("X-Pagination-Has-More" in answer.headers) == resource.paged
        if resource.singular is not None and records:
            shown = await reader.get(f"{resource.path}/{records[0]['id']}")
            assert shown.json == {resource.singular: records[0]}
            assert (await reader.get(f"{resource.path}/99999999")).status == 404


async def test_children_are_read_under_their_parent(reader: Reader) -> None:
    people = [party for party in await reader.everything("parties?perPage=100", "parties") if party.get("organisation")]
    employer = people[0]["organisation"]["id"]
    found = await reader.everything(f"parties/{employer}/people", "parties")
    assert {each["id"] for each in found} == {p["id"] for p in people if p["organisation"]["id"] == employer}
    for parent, child in (("parties", "opportunities"), ("parties", "kases")):
        record = (await reader.get(f"{child}?perPage=1")).json[child][0]
        nested = await reader.everything(f"{parent}/{record['party']['id']}/{child}", child)
        assert record["id"] in {each["id"] for each in nested}
    for path in ("parties/1/people", "parties/1/entries", "kases/1/tracks", "pipelines/1/milestones"):
        assert (await reader.get(path)).status == 404


async def test_entries_come_newest_first_and_nested_ones_in_pages_of_fifty(
    running: RunningSandbox, reader: Reader
) -> None:
    entries = await reader.everything("entries?perPage=100", "entries")
    moments = [entry["entryAt"] for entry in entries]
    assert moments == sorted(moments, reverse=True)
    crm = running.world.crm()
    party = crm["parties"].all()[0].id
    for number in range(60):
        crm["entries"].add({**entries[0], "id": 9_000_000 + number}, parents=[("parties", party)])
    nested = await reader.get(f"parties/{party}/entries?perPage=100")
    assert len(nested.json["entries"]) == 50
    assert 'rel="next"' in nested.headers["Link"]


async def test_tasks_are_the_open_ones_unless_more_are_asked_for(reader: Reader) -> None:
    default = await reader.everything("tasks?perPage=100", "tasks")
    assert {task["status"] for task in default} == {"OPEN"}
    whole = await reader.everything("tasks?perPage=100&status=open,completed,pending", "tasks")
    assert {task["status"] for task in whole} == {"OPEN", "COMPLETED", "PENDING"}


async def test_milestones_are_those_of_the_oldest_active_pipeline_unless_all_are_asked_for(reader: Reader) -> None:
    assert {each["pipeline"]["name"] for each in (await reader.get("milestones")).json["milestones"]} == {"Sales"}
    everything = (await reader.get("milestones/all")).json["milestones"]
    assert {each["pipeline"]["name"] for each in everything} == {"Sales", "Renewals", "Fairs 2022"}
    pipelines = (await reader.get("pipelines?includeDeleted=true")).json["pipelines"]
    of_last = await reader.get(f"pipelines/{pipelines[-1]['id']}/milestones")
    assert {each["pipeline"]["name"] for each in of_last.json["milestones"]} == {"Fairs 2022"}


async def test_tracks_are_read_under_their_parent_only(running: RunningSandbox, reader: Reader) -> None:
    answer = await reader.get("tracks")
    assert (answer.status, answer.json) == (405, {"message": "Method not allowed"})
    track = running.world.crm()["tracks"].all()[0]
    path, parent = track.parents[0]
    nested = (await reader.get(f"{path}/{parent}/tracks?embed=tasks,task")).json["tracks"]
    assert (nested[0]["id"], len(nested[0]["tasks"])) == (track.id, 2)


async def test_data_tags_have_their_own_fields(reader: Reader) -> None:
    tag = next(each for each in (await reader.get("parties/tags")).json["tags"] if each["dataTag"])
    nested = (await reader.get(f"parties/tags/{tag['id']}/definitions")).json["definitions"]
    assert [each["tag"]["name"] for each in nested] == [tag["name"]]
    plain = (await reader.get("parties/fields/definitions")).json["definitions"]
    assert nested[0]["id"] not in {each["id"] for each in plain}
    more = (await reader.get("parties/fields/definitions?includeDataTagFields=true")).json["definitions"]
    assert nested[0]["id"] in {each["id"] for each in more}


async def test_since_gives_what_changed_after_it(running: RunningSandbox, reader: Reader) -> None:
    moments = sorted(record.updated_at for record in running.world.crm()["parties"].all())
    found = await reader.everything(f"parties?perPage=100&since={moments[200]}", "parties")
    assert len(found) == 59
    running.world.turn(since_inclusive=True)
    assert len(await reader.everything(f"parties?perPage=100&since={moments[200]}", "parties")) == 60
    assert len(await reader.everything("parties?perPage=100&since=2030-01-01T00:00:00Z", "parties")) == 0
    assert (await reader.get("parties?since=yesterday")).status == 422


async def test_since_is_ignored_where_capsule_doesnt_know_it(reader: Reader) -> None:
    everything = await reader.everything("entries?perPage=100&since=2030-01-01T00:00:00Z", "entries")
    assert len(everything) == 200


async def test_the_deleted_feed_needs_since_and_tells_deleted_from_restricted(
    running: RunningSandbox, reader: Reader
) -> None:
    for entity in ("parties", "opportunities", "kases"):
        missing = await reader.get(f"{entity}/deleted")
        assert (missing.status, missing.json["errors"][0]["message"]) == (422, "since is required")
    parties = running.world.crm()["parties"]
    gone, hidden = parties.all()[0].id, parties.all()[1].id
    parties.remove(gone, at="2026-02-01T00:00:00Z")
    parties.remove(hidden, at="2026-02-02T00:00:00Z", restricted=True)
    feed = await reader.get("parties/deleted?since=2026-01-01T00:00:00Z")
    assert feed.json == {
        "parties": [{"id": gone, "deletedAt": "2026-02-01T00:00:00Z"}],
        "restrictedParties": [{"id": hidden, "deletedAt": "2026-02-02T00:00:00Z", "isRestricted": True}],
    }
    assert (await reader.get(f"parties/{gone}")).status == 404


async def test_several_records_are_read_at_once_or_not_at_all(running: RunningSandbox, reader: Reader) -> None:
    ids = [record.id for record in running.world.crm()["parties"].all()[:11]]
    answer = await reader.get("parties/" + ",".join(map(str, ids[:10])))
    assert [party["id"] for party in answer.json["parties"]] == ids[:10]
    assert (await reader.get(f"parties/{ids[0]},99999999")).status == 404
    assert (await reader.get("parties/" + ",".join(map(str, ids)))).status == 422
    assert (await reader.get("entries/1,2")).status == 404


async def test_search_finds_by_name_and_address(running: RunningSandbox, reader: Reader) -> None:
    party = next(each.decode() for each in running.world.crm()["parties"].all() if each.decode()["emailAddresses"])
    address = party["emailAddresses"][0]["address"].upper()
    found = (await reader.get(f"parties/search?q={address}")).json["parties"]
    assert party["id"] in {each["id"] for each in found}
    assert (await reader.get("parties/search?q=no+such+thing+anywhere")).json == {"parties": []}


async def test_attachments_come_as_bytes_with_their_type(reader: Reader) -> None:
    entries = await reader.everything("entries?perPage=100", "entries")
    attachment = next(entry["attachments"][0] for entry in entries if entry["attachments"])
    answer = await reader.get(f"attachments/{attachment['id']}")
    assert answer.headers["Content-Type"].startswith(attachment["contentType"])
    assert int(answer.headers["Content-Length"]) == attachment["size"]


async def test_small_lists_and_the_current_user(reader: Reader) -> None:
    assert len((await reader.get("countries")).json["countries"]) == 250
    assert "EUR" in {each["code"] for each in (await reader.get("currencies")).json["currencies"]}
    assert (await reader.get("users/current")).json["user"]["username"] == "ada.marsh"
    assert (await reader.get("users/me")).status == 404
    assert "memberships" in (await reader.get("teams?embed=memberships")).json["teams"][0]


async def test_what_isnt_there_and_what_isnt_allowed_is_said_as_capsule_says_it(applicant: Applicant) -> None:
    token = (await applicant.tokens())["access_token"]
    missing = await applicant.get(token, "tasks/categories")
    assert (missing.status, missing.json) == (404, {"message": "Could not find resource"})
    header = {"Authorization": f"Bearer {token}"}
    wrong = await applicant.send("PATCH", "/api/v2/site", headers=header, json={})
    assert (wrong.status, wrong.json) == (405, {"message": "Method not allowed"})


async def test_a_token_for_reading_may_not_write(applicant: Applicant) -> None:
    token = (await applicant.tokens(scope="read"))["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    answer = await applicant.send("POST", "/api/v2/parties", headers=header, json={"party": {}})
    assert answer.status == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


async def test_the_limit_is_told_and_then_refused_per_user(running: RunningSandbox, applicant: Applicant) -> None:
    running.world.turn(rate_limit=2, rate_window_seconds=3600)
    ada, ben = await applicant.tokens(), await applicant.tokens(user="ben.okafor")
    remaining = [
        (await applicant.get(ada["access_token"], "site")).headers["X-RateLimit-Remaining"] for _ in range(2)
    ]  # fmt: skip
    assert remaining == ["1", "0"]
    refused = await applicant.get(ada["access_token"], "site")
    assert (refused.status, refused.json) == (429, {"error": "rate limit reached"})
    assert sum(running.world.journal.counts("over_the_limit").values()) == 1
    assert "Retry-After" not in refused.headers
    assert refused.headers["X-RateLimit-Limit"] == "2"
    assert 0 < int(refused.headers["X-RateLimit-Reset"]) - running.world.clock.now().timestamp() <= 3600
    assert (await applicant.get(ben["access_token"], "site")).status == 200
    running.world.turn(rate_limit=None)
    free = await applicant.get(ada["access_token"], "site")
    assert (free.status, free.headers.get("X-RateLimit-Limit")) == (200, None)
