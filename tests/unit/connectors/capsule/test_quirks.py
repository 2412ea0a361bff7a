import pytest

from consentry.connectors import Account, Answer
from consentry.connectors.capsule.quirks import error_of_body, find_account, pager, subdomain_of_reply
from consentry.errors import ConsentryError, ReauthorizationRequired, ReplyNotUnderstood, ScopeMissing
from ground.replaying import Replaying, json_answer

BASE = "https://api.capsulecrm.com"
USER = json_answer(b'{"user": {"id": 101, "username": "ada", "name": "Ada Lovelace"}}')
SITE = json_answer(b'{"site": {"url": "https://acme.capsulecrm.com", "subdomain": "acme", "name": "Acme Solar"}}')


class Closed:
    """A client for whom some paths are closed."""

    def __init__(self, answers: dict[str, Answer], error: ConsentryError) -> None:
        self._open = Replaying(answers)
        self._answers = answers
        self._error = error

    async def get(self, path: str, params: object = None) -> Answer:
        if path not in self._answers:
            raise self._error
        return await self._open.get(path)


async def test_the_account_is_the_site_and_the_user_counts_for_the_rate_limit() -> None:
    client = Replaying({"/api/v2/users/current": USER, "/api/v2/site": SITE})
    assert await find_account(client) == Account(
        subdomain="acme", name="Acme Solar", url="https://acme.capsulecrm.com", user="acme/101"
    )


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"/api/v2/users/current": USER}, Account(subdomain=None, name="Ada Lovelace", url=None, user="/101")),
        (
            {"/api/v2/site": SITE},
            Account(subdomain="acme", name="Acme Solar", url="https://acme.capsulecrm.com", user=None),
        ),
    ],
)
async def test_one_half_may_be_closed(answers: dict[str, Answer], expected: Account) -> None:
    assert await find_account(Closed(answers, ScopeMissing())) == expected


async def test_both_halves_closed_is_a_scope_that_is_missing() -> None:
    with pytest.raises(ScopeMissing):
        await find_account(Closed({}, ScopeMissing()))


async def test_a_grant_that_is_gone_is_said_at_once() -> None:
    with pytest.raises(ReauthorizationRequired):
        await find_account(Closed({"/api/v2/users/current": USER}, ReauthorizationRequired()))


async def test_an_answer_in_another_shape_is_not_understood() -> None:
    with pytest.raises(ReplyNotUnderstood):
        await find_account(Replaying({"/api/v2/users/current": json_answer(b'{"users": []}'), "/api/v2/site": SITE}))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://acme.capsulecrm.com", "", 5])
async def test_an_address_that_no_page_should_link_to_is_left_out(url: object) -> None:
    site = json_answer(f'{{"site": {{"url": {url!r}, "subdomain": "acme"}}}}'.replace("'", '"').encode())
    found = await find_account(Replaying({"/api/v2/users/current": USER, "/api/v2/site": site}))
    assert found.url is None
    assert found.subdomain == "acme"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ({"subdomain": "acme"}, "acme"),
        ({"subdomain": "Acme-2"}, "acme-2"),
        ({"subdomain": "acme/../x"}, None),
        ({"subdomain": "-acme"}, None),
        ({"subdomain": ""}, None),
        ({}, None),
    ],
)
def test_the_token_reply_names_the_account(reply: dict[str, object], expected: str | None) -> None:
    assert subdomain_of_reply(reply) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"message":"Could not find resource"}', "Could not find resource"),
        ('{"error":"rate limit reached"}', "rate limit reached"),
        ('{"error":"invalid_grant","error_description":"The token was withdrawn."}', "The token was withdrawn."),
        (
            '{"message":"Validation Failed","errors":[{"message":"name must be unique","field":"name"}]}',
            "name must be unique",
        ),
        ('{"message":"Validation Failed","errors":[{"field":"name"}, 5]}', "Validation Failed"),
        ('{"errors":[{"message":"one"},{"message":"two"},{"message":"three"},{"message":"four"}]}', "one; two; three"),
        ('{"message":["no text"],"error":"text"}', "text"),
        ("<h1>Bad gateway</h1>", ""),
        ('{"message": "cut o', ""),
    ],
)
def test_an_error_body_is_read_in_all_its_forms(body: str, expected: str) -> None:
    assert error_of_body(body.encode()) == expected


@pytest.mark.parametrize(
    ("headers", "asked", "expected", "reason"),
    [
        (
            {"link": f'<{BASE}/api/v2/parties?page=3&perPage=100&embed=tags,fields>; rel="next"'},
            "/api/v2/parties?page=2",
            "/api/v2/parties?page=3&perPage=100&embed=tags,fields",
            "the link as it stands",
        ),
        (
            {"x-pagination-has-more": "true"},
            "/api/v2/parties?embed=tags,fields&perPage=100",
            "/api/v2/parties?embed=tags,fields&perPage=100&page=2",
            "without a link it is counted on",
        ),
        ({"x-pagination-has-more": "true"}, "/api/v2/parties?page=7", "/api/v2/parties?page=8", "from where it was"),
        ({"x-pagination-has-more": "false"}, "/api/v2/parties?page=7", None, "the end"),
        (
            {"x-pagination-has-more": "true", "link": f'<{BASE}/x?page=1>; rel="prev"'},
            "/api/v2/parties?page=2",
            None,
            "a Link header without a next page is the end",
        ),
        ({}, "/api/v2/parties", None, "nothing said"),
    ],
)
def test_lists_go_on(headers: dict[str, str], asked: str, expected: str | None, reason: str) -> None:
    answer = Answer(status=200, headers=headers, body=b'{"parties": []}')
    assert pager(answer, records_key="parties", base_url=BASE, asked=asked).next_path == expected, reason
