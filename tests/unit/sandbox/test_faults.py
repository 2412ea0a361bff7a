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
