"""Randomness: the system's and the repeatable one."""

import base64
import re

import pytest

from consentry.core.ids import Randomness, SeededRandomness, SystemRandomness

BOTH = pytest.mark.parametrize("source", [SystemRandomness(), SeededRandomness(7)], ids=["system", "seeded"])


@BOTH
@pytest.mark.parametrize("size", [1, 16, 32, 96])
def test_a_token_is_url_safe_and_as_long_as_its_bytes_need(source: Randomness, size: int) -> None:
    token = source.token(size)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)
    assert len(token) == len(base64.urlsafe_b64encode(bytes(size)).rstrip(b"="))


def test_tokens_of_the_system_carry_at_least_the_bits_that_were_asked_for() -> None:
    token = SystemRandomness().token(16)
    assert len(base64.urlsafe_b64decode(token + "==")) == 16


@BOTH
def test_a_fraction_is_at_least_0_and_below_1(source: Randomness) -> None:
    assert all(0 <= source.fraction() < 1 for _ in range(200))


def test_the_systems_tokens_do_not_repeat() -> None:
    source = SystemRandomness()
    assert len({source.token() for _ in range(1000)}) == 1000


def test_seeded_values_repeat_with_the_seed_and_differ_without_it() -> None:
    assert SeededRandomness(3).token() == SeededRandomness(3).token()
    assert SeededRandomness(3).token() != SeededRandomness(4).token()
