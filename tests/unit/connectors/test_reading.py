from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from consentry.connectors import Answer, Catalogue, Connector, Stream, read
from consentry.errors import NotFound, ReplyNotUnderstood
from ground.replaying import Replaying, json_answer

BASE = "https://api.example.com"
THINGS = Stream(name="things", title="Things", meaning="All.", path="/v1/things", records_key="things")
PARTS = Stream(
    name="parts",
    title="Parts",
    meaning="All.",
    path="/v1/things/{parent}/parts",
    records_key="parts",
    parent="things",
    parent_where={"kind": "whole"},
    parent_field="thingId",
)


@pytest.fixture
def connector() -> Connector:
    known = Catalogue.load().list()[0]
    return replace(known, base_url=BASE, streams=(THINGS, PARTS), per_page_param="size")


def page(key: str, records: list[Mapping[str, object]], link: str | None = None) -> Answer:
    headers = {"link": f'<{BASE}{link}>; rel="next"'} if link else {}
    return json_answer(msgspec.json.encode({key: records}), **headers)


async def names(client: Replaying, connector: Connector, stream: Stream, **bounds: int) -> list[object]:
    return [record["id"] async for page in read(client, connector, stream, **bounds) for record in page.records]


async def test_pages_are_followed_as_the_provider_names_them(connector: Connector) -> None:
    client = Replaying(
        {
            "/v1/things?size=100": page("things", [{"id": 1}, {"id": 2}], "/v1/things?cursor=b&size=100"),
            "/v1/things?cursor=b&size=100": page("things", [{"id": 3}]),
        }
    )
    assert await names(client, connector, THINGS) == [1, 2, 3]


async def test_a_sample_asks_for_no_more_than_it_needs(connector: Connector) -> None:
    client = Replaying({"/v1/things": page("things", [{"id": n} for n in range(9)], "/v1/things?page=2")})
    assert await names(client, connector, THINGS, limit=5) == [0, 1, 2, 3, 4]
    assert client.asked == ["/v1/things?size=5"]


async def test_a_list_in_one_piece_is_asked_for_once_and_without_a_size(connector: Connector) -> None:
    whole = replace(THINGS, paginated=False, params={"embed": "a,b"})
    client = Replaying({"/v1/things": page("things", [{"id": 1}], "/v1/things?page=2")})
    assert await names(client, connector, whole) == [1]
    assert client.asked == ["/v1/things?embed=a,b"]


async def test_a_single_object_is_one_record(connector: Connector) -> None:
    single = replace(THINGS, single=True, paginated=False, records_key="thing")
    client = Replaying({"/v1/things": json_answer(b'{"thing": {"id": 7}}')})
    assert await names(client, connector, single) == [7]


async def test_children_are_read_from_the_parents_that_have_them_and_name_them(connector: Connector) -> None:
    client = Replaying(
        {
            "/v1/things": page(
                "things", [{"id": 1, "kind": "whole"}, {"id": 2, "kind": "half"}, {"id": "a/b", "kind": "whole"}]
            ),
            "/v1/things/1/parts": page("parts", [{"id": 10}]),
            "/v1/things/a%2Fb/parts": page("parts", [{"id": 20}]),
        }
    )
    records = [record async for found in read(client, connector, PARTS) for record in found.records]
    assert records == [{"id": 10, "thingId": 1}, {"id": 20, "thingId": "a/b"}]
    assert not any("/2/" in path for path in client.asked)


async def test_a_parent_that_is_gone_meanwhile_is_passed_over(connector: Connector) -> None:
    things = page("things", [{"id": n, "kind": "whole"} for n in range(4)])
    client = Replaying({"/v1/things": things, "/v1/things/3/parts": page("parts", [{"id": 30}])})
    assert await names(client, connector, PARTS) == [30]


async def test_when_no_parent_has_the_list_it_does_not_exist(connector: Connector) -> None:
    client = Replaying({"/v1/things": page("things", [{"id": n, "kind": "whole"} for n in range(50)])})
    with pytest.raises(NotFound):
        await names(client, connector, PARTS)
    assert len(client.asked) < 10


async def test_a_sample_walks_over_few_parents(connector: Connector) -> None:
    def answer(path: str) -> Answer | None:
        if path == "/v1/things":
            return page("things", [{"id": n, "kind": "whole"} for n in range(1000)])
        return page("parts", []) if path.endswith("/parts") else None

    client = Replaying(answer)
    assert await names(client, connector, PARTS, limit=5, most_parents=3) == []
    assert len(client.asked) == 4


async def test_a_next_page_that_was_read_already_is_an_endless_list(connector: Connector) -> None:
    client = Replaying({"/v1/things": page("things", [{"id": 1}], "/v1/things?page=2")})
    with pytest.raises(ReplyNotUnderstood, match="never ends"):
        await names(client, connector, THINGS)
    assert len(client.asked) == 2


async def test_empty_pages_without_end_are_an_endless_list(connector: Connector) -> None:
    def answer(path: str) -> Answer | None:
        number = int(parse_qs(urlsplit(path).query).get("page", ["1"])[0])
        return page("things", [], f"/v1/things?page={number + 1}") if "?" in path else None

    client = Replaying(answer)
    with pytest.raises(ReplyNotUnderstood, match="never ends"):
        await names(client, connector, THINGS)
    assert len(client.asked) < 20


async def test_an_empty_page_in_the_middle_ends_nothing(connector: Connector) -> None:
    client = Replaying(
        {
            "/v1/things?size=100": page("things", [], "/v1/things?page=2"),
            "/v1/things?page=2": page("things", [{"id": 2}]),
        }
    )
    assert await names(client, connector, THINGS) == [2]


async def test_a_next_page_elsewhere_is_refused(connector: Connector) -> None:
    away = json_answer(b'{"things": []}', link='<https://evil.example/v1/things?page=2>; rel="next"')
    client = Replaying({"/v1/things": away})
    with pytest.raises(ReplyNotUnderstood, match="another address"):
        await names(client, connector, THINGS)
    assert len(client.asked) == 1
