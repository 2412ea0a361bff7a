"""The seeded records: repeatable, believable, quick."""

import json
import time
from datetime import UTC, datetime

import pytest

from consentry.sandbox.accounts import ACCOUNTS, ACME, FRESHSTART, GLOBEX
from consentry.sandbox.seed import Crm, Sizes, build
from consentry.sandbox.seed.countries import COUNTRIES

SMALL = Sizes(parties=120, opportunities=40, projects=30, tasks=60, entries=80)
EVERYTHING = frozenset({"tags", "fields", "missingImportantFields", "memberships", "tasks"})


def dump(crm: Crm) -> dict[str, list[bytes]]:
    return {path: [record.render(EVERYTHING) for record in each.all()] for path, each in crm.collections.items()}


def test_the_same_seed_gives_the_same_records() -> None:
    assert dump(build(ACME, seed=4, sizes=SMALL)) == dump(build(ACME, seed=4, sizes=SMALL))
    assert dump(build(ACME, seed=4, sizes=SMALL)) != dump(build(ACME, seed=5, sizes=SMALL))


def test_sizes_are_kept() -> None:
    crm = build(ACME, seed=1, sizes=SMALL)
    counts = [len(crm[path]) for path in ("parties", "opportunities", "kases", "entries")]
    assert counts == [120, 40, 30, 80]
    assert len(crm["tasks"]) >= 60
    empty = build(ACME, seed=1, sizes=Sizes(parties=0, opportunities=9, projects=9, tasks=9, entries=9))
    assert (len(empty["parties"]), len(empty["opportunities"])) == (0, 0)


def test_accounts_differ_and_the_second_needs_wide_ids() -> None:
    acme, globex = build(ACME, seed=1, sizes=SMALL), build(GLOBEX, seed=1, sizes=SMALL)
    assert not {record.id for record in acme["parties"].all()} & {record.id for record in globex["parties"].all()}
    assert globex["parties"].all()[0].id > 2**32
    assert (acme.site["subdomain"], globex.site["subdomain"]) == ("acme", "globex")


def test_every_moment_is_in_the_past_and_in_order() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for path in ("parties", "opportunities", "kases", "tasks", "entries", "pipelines", "milestones"):
        for values in (record.decode() for record in build(ACME, seed=1, sizes=SMALL)[path].all()):
            created, updated = (datetime.fromisoformat(values[key]) for key in ("createdAt", "updatedAt"))
            assert created <= updated < now


def test_references_lead_somewhere() -> None:
    crm = build(ACME, seed=1, sizes=SMALL)
    targets = {"party": "parties", "organisation": "parties", "opportunity": "opportunities", "kase": "kases"}
    targets |= {"milestone": "milestones", "stage": "stages", "category": "categories", "lostReason": "lostreasons"}
    for path in ("parties", "opportunities", "kases", "tasks", "entries"):
        for values in (record.decode() for record in crm[path].all()):
            for key, target in targets.items():
                assert not values.get(key) or crm[target].find(values[key]["id"]), (path, key)


def test_organisation_names_are_unique() -> None:
    parties = [record.decode() for record in build(ACME, seed=1, sizes=Sizes(parties=900))["parties"].all()]
    names = [party["name"].casefold() for party in parties if party["type"] == "organisation"]
    assert len(names) == len(set(names)) == 300


def test_the_records_hold_what_makes_life_hard() -> None:
    crm = build(ACME, seed=1, sizes=Sizes())
    text = json.dumps(
        [record.decode() for each in crm.collections.values() for record in each.all()], ensure_ascii=False
    )
    for sample in ("ü", "営", "فاطمة", "🙂", "\\n", "null"):
        assert sample in text
    people = [values for values in (r.decode() for r in crm["parties"].all()) if values["type"] == "person"]
    assert {bool(person["organisation"]) for person in people} == {True, False}
    assert any(person["firstName"] is None for person in people)
    assert {entry["type"] for entry in (r.decode() for r in crm["entries"].all())} == {"note", "email", "task"}


def test_custom_fields_of_every_type_have_values_of_their_kind() -> None:
    crm = build(ACME, seed=1, sizes=Sizes())
    types = {record.id: record.decode()["type"] for record in crm["parties/fields/definitions"].all()}
    seen: dict[str, set[type]] = {}
    for party in (record.decode() for record in crm["parties"].all()):
        tags = {tag["id"] for tag in party["tags"]}
        for field in party["fields"]:
            seen.setdefault(types[field["definition"]["id"]], set()).add(type(field["value"]))
            assert field["tagId"] is None or field["tagId"] in tags
    assert seen == {
        kind: {bool if kind == "boolean" else str}
        for kind in ("text", "date", "list", "boolean", "number", "link", "multiselect", "largetext")
    }


def test_countries_are_complete_and_unambiguous() -> None:
    assert len(COUNTRIES) == 250
    for key in ("name", "alpha2Code", "alpha3Code", "numericCode"):
        assert len({country[key] for country in COUNTRIES}) == 250


@pytest.mark.parametrize("count", [20_000])
def test_many_records_are_made_and_read_quickly(count: int) -> None:
    began = time.process_time()
    crm = build(ACME, seed=1, sizes=Sizes(parties=count))
    made = time.process_time()
    page = crm["parties"].all()[10_000:10_100]
    body = b",".join([record.render(EVERYTHING) for record in page])
    first = time.process_time()
    for _ in range(20):
        body = b",".join([record.render(EVERYTHING) for record in crm["parties"].all()[10_000:10_100]])
    assert len(body) > 50_000
    assert made - began < 15, "seeding must stay a matter of seconds"
    assert (time.process_time() - first) / 20 < 0.01, "a page is joined from ready bytes"


def test_the_empty_account_has_the_settings_of_the_first_one_and_no_records() -> None:
    full, empty = build(ACME, seed=1, sizes=SMALL), build(FRESHSTART, seed=1, sizes=SMALL)
    for path in ("parties", "opportunities", "kases", "tasks", "entries", "tracks"):
        assert (len(full[path]) > 0, len(empty[path])) == (True, 0)
    for path in ("parties/tags", "kases/fields/definitions", "pipelines", "milestones", "stages", "users", "teams"):
        names = [[record.decode()["name"] for record in crm[path].all()] for crm in (full, empty)]
        assert names[0] == names[1]
        assert names[0]


def test_no_user_name_comes_twice() -> None:
    names = [user.username for account in ACCOUNTS for user in (*account.users, account.former)]
    assert len(names) == len(set(names))


def test_who_looks_after_a_record_keeps_the_rules_of_writing() -> None:
    crm = build(ACME, seed=1, sizes=Sizes())
    members = {
        team["id"]: {each["user"]["id"] for each in team["memberships"]}
        for team in (record.decode() for record in crm["teams"].all())
    }
    both = 0
    for path in ("parties", "opportunities", "kases"):
        for values in (record.decode() for record in crm[path].all()):
            owner, team = values["owner"], values["team"]
            assert path == "parties" or owner or team
            if owner and team:
                both += 1
                assert owner["id"] in members[team["id"]]
    assert both > 20


def test_the_main_contact_is_none_of_the_additional_ones() -> None:
    crm = build(ACME, seed=1, sizes=Sizes(parties=12, opportunities=60, projects=40))
    assert len(crm.contacts) > 10
    for (path, number), contacts in crm.contacts.items():
        record = crm[path].find(number)
        assert record is not None
        assert record.decode()["party"]["id"] not in contacts


def test_new_ids_go_round_those_that_are_taken() -> None:
    crm = build(FRESHSTART, seed=1, sizes=SMALL)
    first = crm.new_id("parties", "party")
    crm["parties"].add({"id": first + 1, "name": "Added behind the API"})
    assert crm.new_id("parties", "party") == first + 2
