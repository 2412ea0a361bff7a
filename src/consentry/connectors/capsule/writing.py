"""All that is known about writing into Capsule, joined."""

from typing import Final

from consentry.connectors.capsule.custom import custom_fields
from consentry.connectors.capsule.finding import find, prepare
from consentry.connectors.capsule.planning import plan
from consentry.connectors.capsule.templates import TEMPLATES
from consentry.connectors.capsule.written import find_written, record_of, refusal_of
from consentry.connectors.writing import Writing

WRITING: Final = Writing(
    templates=TEMPLATES,
    plan=plan,
    find=find,
    find_written=find_written,
    record_of=record_of,
    refusal_of=refusal_of,
    custom_fields=custom_fields,
    prepare=prepare,
)
