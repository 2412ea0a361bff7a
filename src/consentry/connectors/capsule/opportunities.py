"""What only opportunities have: a value with its currency, a milestone that may close them, a duration."""

from typing import Any, Final

from consentry.connectors.capsule.draft import Draft, id_in
from consentry.connectors.capsule.references import put_choice
from consentry.connectors.capsule.scalars import plain_number, put_scalar
from consentry.connectors.capsule.templates import CURRENCIES, MILESTONES
from consentry.connectors.comparing import is_blank, number_of
from consentry.connectors.contract import Record
from consentry.connectors.resolving import Unfit
from consentry.connectors.writing import TemplateField


def put_value(draft: Draft) -> None:
    """Send amount and currency together: Capsule refuses an amount without one."""
    now = draft.now("value") or {}
    if draft.clears("value.amount") and not is_blank(now.get("amount")):
        draft.put("value", None, at="value.amount", old=now.get("amount"), new=None)
        return
    if not draft.gives("value.amount") and not draft.gives("value.currency"):
        return
    amount = number_of(draft.row["value.amount"]) if draft.gives("value.amount") else number_of(now.get("amount"))
    if amount is None:
        if draft.gives("value.amount"):
            raise Unfit(f"Value takes a number, and “{draft.row['value.amount']}” isn't one.")
        return  # a currency of no amount says nothing
    currency = now.get("currency")
    if draft.gives("value.currency"):
        currency = draft.look(draft.row["value.currency"], CURRENCIES, title="Currency")["code"]
    if is_blank(currency):
        raise Unfit("An amount needs its currency: give Currency too.")
    if amount == number_of(now.get("amount")) and currency == now.get("currency"):
        return
    if amount != number_of(now.get("amount")):
        draft.change("value.amount", now.get("amount"), plain_number(amount))
    if currency != now.get("currency"):
        draft.change("value.currency", now.get("currency"), currency)
    draft.body["value"] = {"amount": plain_number(amount), "currency": currency}


def put_milestone(draft: Draft, field: TemplateField) -> None:
    """Send the milestone; of several with one name, that of the record's own pipeline."""
    pipeline = _pipeline_of(draft, _milestone(draft, draft.now_id("milestone")))
    put_choice(draft, field, (lambda each: _pipeline_of(draft, each) == pipeline) if pipeline is not None else None)


def put_closing(draft: Draft, probability: TemplateField, reason: TemplateField) -> None:
    """Send probability and lost reason, which depend on the milestone; raises Unfit.

    A closing milestone sets the probability by itself, and refuses one that is sent with it. A reason belongs to a
    lost one only.
    """
    milestone = _milestone(draft, _milestone_to_be(draft))
    closing = milestone is not None and milestone.get("complete") is True
    if not closing:
        put_scalar(draft, probability)
    elif milestone is not None and not _is_settled(draft, milestone):
        raise Unfit(f"{_PROBABILITY} {milestone.get('name')}, which closes the opportunity, sets it itself.")
    percent = draft.body.get("probability")
    if percent is not None and not 0 <= percent <= 100:
        raise Unfit(f"Probability is between 0 and 100 percent, not {percent}.")
    lost = closing and milestone is not None and not milestone.get("probability")
    if draft.gives(reason.name) and milestone is not None and not lost:
        raise Unfit(f"A lost reason is only for a lost opportunity, and {milestone.get('name')} doesn't lose it.")
    put_choice(draft, reason)


_PROBABILITY: Final = "Probability can't be given: the milestone"


def _is_settled(draft: Draft, milestone: Record) -> bool:
    """Tell whether the row leaves the probability to the milestone, or says what it will be anyway."""
    percent = number_of(draft.row.get("probability"))
    return not draft.gives("probability") or percent in (number_of(milestone.get("probability")), _now(draft))


def put_duration(draft: Draft, basis: TemplateField, duration: TemplateField) -> None:
    """Send what the value counts for; FIXED has no duration; raises Unfit."""
    if draft.clears("durationBasis"):  # to Capsule, no basis is a fixed one
        if draft.now("durationBasis") not in (None, "FIXED"):
            draft.put("durationBasis", "FIXED", old=draft.now("durationBasis"), new="FIXED")
    else:
        put_scalar(draft, basis)
    wanted: Any = draft.body.get("durationBasis", draft.now("durationBasis"))
    if wanted != "FIXED":
        put_scalar(draft, duration)
        return
    if draft.gives("duration"):
        raise Unfit("Duration has to be empty where the duration basis is FIXED.")
    if draft.now("duration") is not None:
        draft.put("duration", None, old=draft.now("duration"), new=None)


def _now(draft: Draft) -> Any:
    return number_of(draft.now("probability"))


def _milestone_to_be(draft: Draft) -> int | None:
    return id_in(draft.body.get("milestone")) or draft.now_id("milestone")


def _milestone(draft: Draft, number: int | None) -> Record | None:
    known = draft.known.records.get(MILESTONES.stream) or ()
    return next((each for each in known if number is not None and each.get("id") == number), None)


def _pipeline_of(draft: Draft, milestone: Record | None) -> int | None:
    return id_in((milestone or {}).get("pipeline"))
