from datetime import UTC, datetime, timedelta, timezone

from consentry.audit.chain import BEGINNING, FIELDS, link
from consentry.storage.tables import audit

LINE = {
    "id": 1,
    "at": datetime(2026, 1, 1, 12, tzinfo=UTC),
    "actor": "person:ada@example.com",
    "action": "credential.create",
    "outcome": "done",
    "credential_id": None,
    "detail": "Ökonomie",
    "ip": "",
}


def test_the_form_that_is_hashed_never_changes() -> None:
    """Chains written by older releases have to verify for ever."""
    assert link(BEGINNING, LINE) == "f29098ae3a3385f1ecf933e777f9c4297ef716d419bcedd52997daa824e76e9c"


def test_every_column_but_the_hash_itself_is_covered() -> None:
    assert {*FIELDS, "hash"} == set(audit.c.keys())


def test_the_hash_depends_on_the_hash_before_and_on_every_field() -> None:
    changed = {"id": 2, "at": datetime(2026, 1, 1, 12, 0, 0, 1, tzinfo=UTC), "credential_id": 0}
    hashes = {link("1" * 64, LINE), link(BEGINNING, LINE)}
    hashes |= {link(BEGINNING, {**LINE, field: changed.get(field, "other")}) for field in FIELDS}
    assert len(hashes) == len(FIELDS) + 2


def test_neighbouring_fields_cannot_be_shifted_into_each_other() -> None:
    assert link(BEGINNING, {**LINE, "actor": "ab", "action": "c"}) != link(
        BEGINNING, {**LINE, "actor": "a", "action": "bc"}
    )


def test_the_same_moment_in_another_zone_is_the_same_line() -> None:
    elsewhere = datetime(2026, 1, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert link(BEGINNING, {**LINE, "at": elsewhere}) == link(BEGINNING, LINE)
