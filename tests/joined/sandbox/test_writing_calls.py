"""What holds for every write: bodies, statuses, scopes, the rate limit, and answers that get lost."""

import asyncio

import aiohttp
import pytest

from consentry.sandbox import Drop, Fail
from ground.writer import Writer, complaints

PERSON = {"type": "person", "firstName": "A"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"party":', id="broken"),
        pytest.param(b"\xff\xfe", id="not text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"type":"person","firstName":"A"}', id="without the wrapper"),
        pytest.param(b'{"parties":{"type":"person","firstName":"A"}}', id="in the wrapper of lists"),
        pytest.param(b'{"party":[]}', id="with nothing that could be a record"),
        pytest.param(b'{"party":{"firstName":NaN}}', id="with what isn't JSON"),
    ],
)
async def test_a_body_that_cant_be_read_is_refused(writer: Writer, body: bytes) -> None:
    party = await writer.make("parties", **PERSON)
    for method, path in (("POST", "parties"), ("PUT", f"parties/{party['id']}")):
        answer = await writer.send(method, path, data=body)
        assert answer.status == 400, answer.text
        assert list(answer.json) == ["message"]
    assert len(writer.crm["parties"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("PUT", "parties/1", 404, id="no such party"),
        pytest.param("DELETE", "tasks/1", 404, id="no such task"),
        pytest.param("POST", "nonsense", 404, id="no such resource"),
        pytest.param("PUT", "parties", 405, id="a list can't be changed"),
        pytest.param("DELETE", "parties", 405, id="nor deleted"),
        pytest.param("POST", "parties/1", 405, id="nor is one record made in another"),
        pytest.param("PUT", "parties/1,2", 405, id="there is no bulk write"),
        pytest.param("PATCH", "parties/1", 405, id="there is no PATCH"),
        pytest.param("POST", "users", 405, id="users aren't made here"),
        pytest.param("DELETE", "teams/1", 405, id="teams are only read"),
        pytest.param("GET", "parties/filters/results", 405, id="a filter needs a body"),
    ],
)
async def test_what_isnt_there_or_isnt_done(writer: Writer, method: str, path: str, status: int) -> None:
    assert (await writer.send(method, path, json={"party": PERSON})).status == status


async def test_a_token_for_reading_writes_nothing_but_may_filter(writer: Writer) -> None:
    token = (await writer.applicant.tokens(user="ada.fresh", scope="read"))["access_token"]
    reader = Writer(writer.applicant, token)
    for method, path in (
        ("POST", "parties"),
        ("PUT", "parties/1"),
        ("DELETE", "parties/1"),
        ("POST", "attachments/upload"),
    ):
        answer = await reader.send(method, path, json={"party": PERSON})
        assert (answer.status, 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]) == (403, True)
    assert (await reader.send("POST", "parties/filters/results", json={"filter": {"conditions": []}})).status == 200


async def test_every_error_is_told_at_once(writer: Writer) -> None:
    answer = await writer.post("tasks", dueTime="late", category={"id": 1})
    assert sorted(complaints(answer)) == [
        ("task", "category", "category not found"),
        ("task", "description", "description is required"),
        ("task", "dueOn", "dueOn is required"),
        ("task", "dueTime", "dueTime is invalid"),
    ]


async def test_unknown_fields_are_ignored_or_refused_as_the_knob_says(writer: Writer) -> None:
    party = await writer.make("parties", **PERSON, mood="good")
    assert "mood" not in party
    writer.world.turn(unknown_fields="refused")
    assert complaints(await writer.put("parties", party["id"], mood="good")) == [("party", "mood", "mood is unknown")]
    back = {key: value for key, value in party.items() if key not in ("tags", "fields")}
    assert (await writer.put("parties", party["id"], **back)).status == 200, "a record may be sent as it was read"


async def test_what_only_capsule_sets_cant_be_written(writer: Writer) -> None:
    party = await writer.make("parties", **PERSON, id=5, createdAt="2020-01-01T00:00:00Z", pictureURL="x")
    assert party["id"] != 5
    assert party["createdAt"] > "2025"
    assert party["pictureURL"] != "x"


async def test_the_answer_to_a_write_heeds_embed_or_holds_everything(writer: Writer) -> None:
    plain = await writer.post("parties", **PERSON, tags=[{"name": "VIP"}])
    assert "tags" not in plain.json["party"]
    asked = await writer.send("POST", "parties?embed=tags", json={"party": PERSON | {"tags": [{"name": "VIP"}]}})
    assert [tag["name"] for tag in asked.json["party"]["tags"]] == ["VIP"]
    writer.world.turn(written_shows="everything")
    assert {"tags", "fields"} <= set((await writer.post("parties", **PERSON)).json["party"])


async def test_writes_are_taken_from_the_budget_refused_ones_too(writer: Writer) -> None:
    writer.world.turn(rate_limit=3)
    answers = [await writer.post("parties", **PERSON), await writer.post("parties"), await writer.delete("parties", 1)]
    assert [(each.status, each.headers["X-RateLimit-Remaining"]) for each in answers] == [
        (201, "2"),
        (422, "1"),
        (404, "0"),
    ]
    assert (await writer.post("parties", **PERSON)).status == 429
    assert len(writer.crm["parties"]) == 1


async def test_accounts_are_apart(writer: Writer) -> None:
    await writer.make("parties", **PERSON)
    acme = Writer(writer.applicant, (await writer.applicant.tokens())["access_token"])
    assert (await acme.get("parties/search?q=A&perPage=1&embed=meta"))["meta"]["totalCount"] > 1
    assert [each["firstName"] for each in (await writer.get("parties"))["parties"]] == ["A"]
    assert (await writer.get("site"))["site"]["subdomain"] == "freshstart"


async def test_the_empty_account_has_settings_and_nothing_else(writer: Writer) -> None:
    for path in ("parties", "opportunities", "kases", "tasks?status=open,completed,pending", "entries"):
        assert next(iter((await writer.get(path)).values())) == []
    for path in ("users", "teams", "parties/tags", "parties/fields/definitions", "milestones/all", "stages", "titles"):
        assert next(iter((await writer.get(path)).values()))


async def test_an_account_is_set_back_to_how_it_began(writer: Writer) -> None:
    await writer.make("parties", **PERSON)
    restored = await writer.applicant.send("POST", "/sandbox/restore", json={"account": "freshstart"})
    assert restored.json == {"restored": "freshstart"}
    assert (await writer.get("parties"))["parties"] == []
    assert (await writer.applicant.send("POST", "/sandbox/restore", json={"account": "nowhere"})).status == 404


@pytest.mark.parametrize(("processed", "written"), [(True, 1), (False, 0)])
async def test_an_answer_is_lost_after_or_before_the_write(writer: Writer, *, processed: bool, written: int) -> None:
    writer.world.faults.order(Drop(target="api", methods=("POST",), processed=processed))
    assert (await writer.get("parties"))["parties"] == [], "reading isn't meant"
    with pytest.raises(aiohttp.ClientError):
        await writer.post("parties", **PERSON)
    assert len(writer.crm["parties"]) == written


async def test_a_write_that_failed_may_have_happened(writer: Writer) -> None:
    for status, processed in ((503, False), (502, True), (429, False)):
        writer.world.faults.order(Fail(target="api", status=status, processed=processed))
        assert (await writer.post("parties", **PERSON)).status == status
    assert len(writer.crm["parties"]) == 1


async def test_answers_are_lost_by_lot_and_repeatably(writer: Writer) -> None:
    async def lost(seed: int) -> list[int]:
        fault = {"kind": "drop", "target": "api", "methods": ["POST"], "probability": 0.3, "calls": 1000, "seed": seed}
        ordered = await writer.applicant.send("POST", "/sandbox/faults", json=fault)
        assert ordered.status == 201, ordered.text
        hit = []
        for number in range(40):
            try:
                await writer.post("parties", **PERSON)
            except aiohttp.ClientError:
                hit.append(number)
        writer.world.faults.clear()
        return hit

    first = await lost(7)
    assert 2 < len(first) < 30
    assert await lost(7) == first
    assert await lost(8) != first
    assert len(writer.crm["parties"]) == 120, "every one of them had its effect"


async def test_many_at_once_get_ids_of_their_own(writer: Writer) -> None:
    answers = await asyncio.gather(*(writer.post("parties", **PERSON, jobTitle=f"{n}") for n in range(50)))
    assert len({answer.json["party"]["id"] for answer in answers}) == 50
    names = await asyncio.gather(*(writer.post("parties", type="organisation", name="One") for _ in range(10)))
    assert sorted(answer.status for answer in names) == [201] + [422] * 9
