"""Faults in line."""

import pytest

from consentry.sandbox.faults import Drop, Fail, Faults, Slow, target_of


def test_a_fault_hits_as_often_as_it_was_ordered() -> None:
    faults = Faults()
    faults.order(Drop(target="token", calls=2))
    assert [len(faults.take("/oauth/token")) for _ in range(3)] == [1, 1, 0]


def test_faults_of_one_kind_wait_for_each_other_and_of_different_kinds_strike_together() -> None:
    faults = Faults()
    slow, first, second = Slow(target="api", seconds=1), Fail(target="api", status=500), Fail(target="api", status=502)
    for fault in (slow, first, second):
        faults.order(fault)
    assert faults.take("/api/v2/site") == (slow, first)
    assert faults.take("/api/v2/site") == (second,)
    assert faults.waiting() == []


def test_a_fault_leaves_other_targets_and_paths_alone() -> None:
    faults = Faults()
    faults.order(Drop(target="api", path="/api/v2/kases"))
    assert faults.take("/oauth/token") == faults.take("/api/v2/parties") == faults.take("/sandbox/state") == ()
    assert len(faults.take("/api/v2/kases")) == 1


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/oauth/authorise", "authorise"),
        ("/oauth/token", "token"),
        ("/oauth/token/revoke", "revoke"),
        ("/oauth/revoke", "revoke"),
        ("/api/v2/site", "api"),
        ("/sandbox/state", None),
        ("/clients/new", None),
    ],
)
def test_a_path_belongs_to_one_target(path: str, target: str | None) -> None:
    assert target_of(path) == target


def test_a_fault_may_be_for_some_methods_only() -> None:
    faults = Faults()
    faults.order(Drop(target="api", methods=("POST", "PUT")))
    assert faults.take("/api/v2/parties", "GET") == ()
    assert len(faults.take("/api/v2/parties", "PUT")) == 1


def test_a_fault_by_lot_hits_about_as_often_as_its_chance_and_the_same_calls_each_time() -> None:
    def hits(seed: int) -> list[int]:
        faults = Faults()
        faults.order(Drop(target="api", calls=1000, probability=0.25, seed=seed))
        return [number for number in range(400) if faults.take("/api/v2/parties")]

    assert 60 < len(hits(1)) < 140
    assert hits(1) == hits(1)
    assert hits(1) != hits(2)


def test_a_fault_by_lot_ends_when_it_has_hit_often_enough() -> None:
    faults = Faults()
    faults.order(Drop(target="api", calls=3, probability=0.5))
    assert sum(len(faults.take("/api/v2/parties")) for _ in range(200)) == 3
    assert faults.waiting() == []
