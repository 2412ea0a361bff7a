"""What the eye needs: every pair of text and ground has at least 4.5 : 1, by day and in the dark."""

import re
from itertools import product

import pytest

from consentry.web.drawing import STATIC

SHEET = (STATIC / "consentry.css").read_text()
TEXTS = ("ink", "muted", "accent", "ok", "warn", "bad")
GROUNDS = ("paper", "surface")


def tokens(part: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part))


LIGHT = tokens(SHEET.partition("@media (prefers-color-scheme: dark)")[0])
DARK = LIGHT | tokens(SHEET.partition("@media (prefers-color-scheme: dark)")[2].partition("/* Ground */")[0])


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), list(product(TEXTS, GROUNDS)))
def test_every_text_can_be_read_on_every_ground(theme: dict[str, str], text: str, ground: str) -> None:
    assert contrast(theme[text], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_words_of_the_main_buttons_can_be_read(theme: dict[str, str]) -> None:
    assert contrast(theme["on-accent"], theme["accent"]) >= 4.5
    assert contrast(theme["on-accent"], theme["bad"]) >= 4.5
    assert contrast(theme["accent"], theme["accent-wash"]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_edges_of_what_one_can_type_into_are_seen(theme: dict[str, str]) -> None:
    assert contrast(theme["edge"], theme["surface"]) >= 3


def test_nothing_moves_for_who_asks_for_stillness() -> None:
    still = re.sub(r"@media \(prefers-reduced-motion: no-preference\) \{.*?\n\}", "", SHEET, flags=re.DOTALL)
    assert "transition:" not in still
    assert "animation:" not in still
