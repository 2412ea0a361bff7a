"""What only opportunities have: a value with its currency, a milestone that may close them, a duration."""

from decimal import Decimal
from typing import Any

from consentry.connectors.capsule.choices import CURRENCIES, MILESTONES
from consentry.connectors.capsule.draft import Draft, id_in
from consentry.connectors.capsule.references import put_choice
from consentry.connectors.capsule.scalars import plain_number, put_scalar, write_number
from consentry.connectors.comparing import is_blank, number_of
from consentry.connectors.contract import Record
from consentry.connectors.resolving import Unfit
from consentry.connectors.writing import TemplateField


def put_value(draft: Draft) -> None:
    """Send amount and currency together: Capsule refuses an amount without one; raises Unfit."""
    now = draft.now("value") or {}
    if draft.clears("value.amount") and not is_blank(now.get("amount")):
        draft.put("value", None, at="value.amount", old=now.get("amount"), new=None)
        return
    currency = now.get("currency")
    if draft.gives("value.currency"):
        try:
            currency = draft.look(draft.row["value.currency"], CURRENCIES, title="Currency")["code"]
        except Unfit as unfit:
            draft.refuse("value.currency", str(unfit))
    amount = number_of(now.get("amount"))
    if draft.gives("value.amount"):
        amount = Decimal(str(write_number(draft.row["value.amount"], "Value")))
    if amount is None or draft.clears("value.amount"):
        return  # a currency of no amount says nothing
    if is_blank(currency):
        raise Unfit("An amount needs its currency: give Currency too.")
    _send_value(draft, amount, currency, now)


def _send_value(draft: Draft, amount: Decimal, currency: Any, now: Record) -> None:
    changes: list[tuple[str, Any, Any]] = []
    if amount != number_of(now.get("amount")):
        changes.append(("value.amount", now.get("amount"), plain_number(amount)))
    if currency != now.get("currency"):
        changes.append(("value.currency", now.get("currency"), currency))
    for name, old, new in changes:
        draft.change(name, old, new)
        draft.body["value"] = {"amount": plain_number(amount), "currency": currency}


def put_milestone(draft: Draft, field: TemplateField) -> None:
    """Send the milestone; of several with one name, that of the record's own pipeline."""
    pipeline = _pipeline_of(draft, _milestone(draft, draft.now_id("milestone")))
    put_choice(draft, field, (lambda each: _pipeline_of(draft, each) == pipeline) if pipeline is not None else None)


def put_probability(draft: Draft, field: TemplateField) -> None:
    """Send the probability, which a closing milestone sets by itself and refuses to be given; raises Unfit."""
    milestone = _milestone(draft, _milestone_to_be(draft))
    if milestone is not None and milestone.get("complete") is True:
        percent = number_of(draft.row.get(field.name))
        if draft.gives(field.name) and percent not in (number_of(milestone.get("probability")), _now(draft)):
            name = milestone.get("name")
            raise Unfit(f"Probability can't be given: the milestone {name}, which closes the opportunity, sets it.")
        return
    put_scalar(draft, field)
    percent = draft.body.get(field.name)
    if percent is not None and not 0 <= percent <= 100:
        raise Unfit(f"Probability is between 0 and 100 percent, not {percent}.")


def put_lost_reason(draft: Draft, field: TemplateField) -> None:
    """Send why an opportunity was lost, which only a lost one has; raises Unfit."""
    put_choice(draft, field)
    milestone = _milestone(draft, _milestone_to_be(draft))
    lost = milestone is not None and milestone.get("complete") is True and not milestone.get("probability")
    if draft.gives(field.name) and milestone is not None and not lost:
        raise Unfit(f"A lost reason is only for a lost opportunity, and {milestone.get('name')} doesn't lose it.")


def put_basis(draft: Draft, field: TemplateField) -> None:
    """Send what the value counts for; to Capsule, none is a fixed one."""
    if not draft.clears(field.name):
        put_scalar(draft, field)
    elif draft.now(field.name) not in (None, "FIXED"):
        draft.put(field.name, "FIXED", old=draft.now(field.name), new="FIXED")


def put_duration(draft: Draft, field: TemplateField) -> None:
    """Send how often the value counts, which a fixed one doesn't; raises Unfit."""
    if draft.body.get("durationBasis", draft.now("durationBasis")) not in (None, "FIXED"):
        put_scalar(draft, field)
    elif draft.gives(field.name):
        raise Unfit("Duration is only for a value that counts several times: give another duration basis than FIXED.")
    elif draft.now(field.name) is not None:
        draft.put(field.name, None, old=draft.now(field.name), new=None)


def _now(draft: Draft) -> Any:
    return number_of(draft.now("probability"))


def _milestone_to_be(draft: Draft) -> int | None:
    return id_in(draft.body.get("milestone")) or draft.now_id("milestone")


def _milestone(draft: Draft, number: int | None) -> Record | None:
    known = draft.known.records.get(MILESTONES.stream) or ()
    return next((each for each in known if number is not None and each.get("id") == number), None)


def _pipeline_of(draft: Draft, milestone: Record | None) -> int | None:
    return id_in((milestone or {}).get("pipeline"))
