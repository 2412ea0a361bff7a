"""What the overlay says while consent is asked for, in every state that it can come to. Pure."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from consentry.web.status import Shape

State = Literal[
    "opening",
    "waiting",
    "blocked",
    "closed",
    "failed",
    "timed_out",
    "unreachable",
    "signed_out",
    "other_account",
    "connected",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SayingButton:
    """A way on that goes with a saying."""

    does: str  # what the page's script knows it by
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What the overlay says in one state of the consent; the page's script only chooses."""

    name: State
    shape: Shape
    words: str  # replaced by the authorization's own detail where it has one
    hint: str = ""
    buttons: tuple[SayingButton, ...] = ()


def _button(does: str, word: str) -> SayingButton:
    return SayingButton(does=does, word=word)


_AGAIN: Final = (_button("again", "Try again"),)
_SAYINGS: Final = (  # {provider} stands for what people call it
    Saying(name="opening", shape="waiting", words="Opening {provider}."),
    Saying(
        name="waiting",
        shape="waiting",
        words="Waiting for consent in {provider}'s window.",
        hint="It closes by itself afterwards.",
        buttons=(_button("look", "Show the window"),),
    ),
    Saying(
        name="blocked",
        shape="warn",
        words="Your browser blocked the window.",
        hint="Go on in this one instead; you come back here afterwards.",
        buttons=(_button("here", "Go to {provider} in this window"),),
    ),
    Saying(name="closed", shape="warn", words="The window was closed before consent was given.", buttons=_AGAIN),
    Saying(name="failed", shape="bad", words="Consent was not given.", buttons=_AGAIN),
    Saying(
        name="timed_out",
        shape="warn",
        words="Nobody gave consent within five minutes.",
        hint="Nothing has changed.",
        buttons=_AGAIN,
    ),
    Saying(
        name="unreachable",
        shape="bad",
        words="Consentry doesn't answer.",
        hint="Check that it runs and that you are online.",
        buttons=_AGAIN,
    ),
    Saying(name="signed_out", shape="bad", words="You are signed out.", hint="Sign in again, then go on."),
    Saying(
        name="other_account",
        shape="warn",
        words="Consent came from another account.",
        hint="Nothing is replaced before you decide.",
        buttons=(_button("accept", "Use this account"), _button("refuse", "Keep the present account")),
    ),
    Saying(name="connected", shape="ok", words="Connected."),
)


def sayings_for(provider: str) -> tuple[Saying, ...]:
    """Return what the overlay says, with the provider's name in it."""
    return tuple(
        replace(
            saying,
            words=saying.words.format(provider=provider),
            buttons=tuple(replace(one, word=one.word.format(provider=provider)) for one in saying.buttons),
        )
        for saying in _SAYINGS
    )
