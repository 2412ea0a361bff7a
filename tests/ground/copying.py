"""An account copied into another by destinations: what is written, in order, and the queries that give the rows.

The first account's dataset is ``acme``, that of the account which is filled ``fresh``; both are in one warehouse. Each
copied record bears the id of its original in a custom field, so that it is found again whatever it is called. Settings
are named, because every account has ids of its own; so are records, where no other has their name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from consentry.flows import ManualWrite

Speech = Literal["duckdb", "postgres"]
"""How SQL spells lists of objects."""

ORIGIN: Final = "Copied from"
HEIR: Final = "Ada Marsh"
"""Who gets what belongs to users who left: nobody can give them records any more."""
BY_ORIGIN: Final = f"fields.{ORIGIN}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One destination of the copy. A column of the query is called as the field that it fills."""

    name: str
    template: str
    sql: str
    match_on: str | None = None
    manual: ManualWrite | None = None


DEFINITIONS: Final = ManualWrite(
    method="POST",
    path="{entity}/fields/definitions",
    body={"definition": {"name": ORIGIN, "type": "text"}},
)
_LINK: Final = ManualWrite(method="POST", path="{path}/{record}/parties/{party}")
ENTITIES: Final[tuple[Mapping[str, Any], ...]] = tuple(
    {"entity": each} for each in ("parties", "opportunities", "kases")
)


def steps(speech: Speech) -> tuple[tuple[Step, ...], ...]:
    """Return the destinations; the account is read again before each group, for the ids that the last one made."""
    return (
        (
            Step(name="Organisations", template="upsert_organisation", sql=_parties(speech, "organisation")),
            Step(name="People", template="upsert_person", sql=_parties(speech, "person"), match_on=BY_ORIGIN),
        ),
        (Step(name="Opportunities", template="upsert_opportunity", sql=_opportunities(speech), match_on=BY_ORIGIN),),
        (Step(name="Projects", template="upsert_project", sql=_projects(speech), match_on=BY_ORIGIN),),
        (
            Step(name="Tasks", template="create_task", sql=_TASKS),
            Step(name="Notes", template="add_note", sql=_NOTES),
            Step(name="Contacts", template="manual", sql=_CONTACTS, manual=_LINK),
        ),
    )


def _items(speech: Speech, table: str, *parts: str) -> str:
    """Return the query of a list of objects that belongs to the record r."""
    if speech == "duckdb":
        members = ", ".join(f"'{part}': i.{part}" for part in parts)
        gathered = f"list({{{members}}} ORDER BY i._position)"
    else:
        members = ", ".join(f"'{part}', i.{part}" for part in parts)
        gathered = f"json_agg(json_build_object({members}) ORDER BY i._position)"
    return f"(SELECT {gathered} FROM acme.{table} AS i WHERE i._parent_id = r.id)"


def _shared(speech: Speech, table: str) -> str:
    return f"""
        CASE WHEN r.owner_deleted THEN '{HEIR}' ELSE r.owner_name END AS owner,
        r.team_name AS team,
        {_items(speech, f"{table}__tags", "name")} AS tags,
        CAST(r.id AS text) AS "{BY_ORIGIN}" """


def _parties(speech: Speech, kind: str) -> str:
    own = {
        "organisation": "r.name AS name",
        "person": """r.title AS title, r.first_name AS "firstName", r.last_name AS "lastName",
            r.job_title AS "jobTitle", r.organisation_name AS organisation""",
    }[kind]
    employees = ' r.employees AS "fields.Employees",' if kind == "organisation" else ""
    return f"""
        SELECT {own}, r.about AS about,
            {_items(speech, "parties__email_addresses", "address", "type")} AS "emailAddresses",
            {_items(speech, "parties__phone_numbers", "number", "type")} AS "phoneNumbers",
            {_items(speech, "parties__websites", "address", "service", "type")} AS websites,
            {_items(speech, "parties__addresses", "street", "city", "state", "zip", "country", "type")} AS addresses,
            r.customer_number AS "fields.Customer number", r.contract_ends AS "fields.Contract ends",
            r.industry AS "fields.Industry", r.wants_the_newsletter AS "fields.Wants the newsletter",{employees}
            r.support_portal AS "fields.Support portal", r.languages AS "fields.Languages",
            r.background AS "fields.Background", r.customer_since AS "fields.Customer since",
            {_shared(speech, "parties")}
        FROM acme.parties_wide AS r
        WHERE r.type = '{kind}' AND r._deleted_at IS NULL
        ORDER BY r.id"""


def _opportunities(speech: Speech) -> str:
    return f"""
        WITH {_PARTIES}
        SELECT r.name AS name, parties.called AS party, r.description AS description,
            m.pipeline_name || ' / ' || m.name AS milestone,
            r.value_amount AS "value.amount", r.value_currency AS "value.currency",
            r.duration_basis AS "durationBasis", r.duration AS duration, r.probability AS probability,
            r.expected_close_on AS "expectedCloseOn", r.closed_on AS "closedOn", r.lost_reason_name AS "lostReason",
            r.competitor AS "fields.Competitor", r.needs_approval AS "fields.Needs approval",
            r.discount_in_percent AS "fields.Discount in percent", r.tender_number AS "fields.Tender number",
            {_shared(speech, "opportunities")}
        FROM acme.opportunities_wide AS r
        JOIN parties ON parties.id = r.party_id
        JOIN acme.milestones AS m ON m.id = r.milestone_id
        WHERE r._deleted_at IS NULL
        ORDER BY r.id"""


def _projects(speech: Speech) -> str:
    return f"""
        WITH {_PARTIES}, {_OPPORTUNITIES}
        SELECT r.name AS name, parties.called AS party, opportunities.called AS opportunity,
            r.description AS description, r.status AS status, s.board_name || ' / ' || s.name AS stage,
            r.start_on AS "startOn", r.expected_close_on AS "expectedCloseOn",
            r.site_visit AS "fields.Site visit", r.severity AS "fields.Severity",
            r.warranty_until AS "fields.Warranty until",
            {_shared(speech, "projects")}
        FROM acme.projects_wide AS r
        JOIN parties ON parties.id = r.party_id
        LEFT JOIN opportunities ON opportunities.id = r.opportunity_id
        LEFT JOIN acme.stages AS s ON s.id = r.stage_id
        WHERE r._deleted_at IS NULL
        ORDER BY r.id"""


def _called(table: str, label: str) -> str:
    """Return what a record is called by whoever refers to it: its name if no other has it, else its new id."""
    return f"""{table} AS (
        SELECT old.id, new.id AS new_id, CASE
            WHEN count(*) OVER (PARTITION BY lower({label})) = 1 THEN {label} ELSE CAST(new.id AS text)
            END AS called
        FROM acme.{table} AS old
        JOIN fresh.{table}_wide AS new ON new.copied_from = CAST(old.id AS text)
        WHERE old._deleted_at IS NULL AND new._deleted_at IS NULL)"""


_PARTIES: Final = _called("parties", "coalesce(old.name, trim(concat(old.first_name, ' ', old.last_name)))")
_OPPORTUNITIES: Final = _called("opportunities", "old.name")
_PROJECTS: Final = _called("projects", "old.name")
_ALL: Final = f"WITH {_PARTIES}, {_OPPORTUNITIES}, {_PROJECTS}"
_ABOUT: Final = """
        LEFT JOIN parties ON parties.id = r.party_id
        LEFT JOIN opportunities ON opportunities.id = r.opportunity_id
        LEFT JOIN projects ON projects.id = r.kase_id"""
_TASKS: Final = f"""
        {_ALL}
        SELECT r.description AS description, r.detail AS detail, r.due_on AS "dueOn", r.due_time AS "dueTime",
            r.category_name AS category, r.status AS status, r.completed_at AS "completedAt",
            CASE WHEN r.owner_deleted THEN '{HEIR}' ELSE r.owner_name END AS owner,
            parties.called AS party, opportunities.called AS opportunity, projects.called AS kase
        FROM acme.tasks AS r {_ABOUT}
        WHERE r.status <> 'PENDING' AND r._deleted_at IS NULL
        ORDER BY r.id"""
_NOTES: Final = f"""
        {_ALL}
        SELECT r.content AS content, r.entry_at AS "entryAt", r.activity_type_name AS "activityType",
            parties.called AS party, opportunities.called AS opportunity, projects.called AS kase
        FROM acme.entries AS r {_ABOUT}
        WHERE r.type = 'note' AND r._deleted_at IS NULL
        ORDER BY r.id"""
_CONTACTS: Final = f"""
        {_ALL}
        SELECT 'opportunities' AS path, opportunities.new_id AS record, parties.new_id AS party
        FROM acme.opportunity_parties AS r
        JOIN opportunities ON opportunities.id = r.opportunity_id
        JOIN parties ON parties.id = r.id
        WHERE r._deleted_at IS NULL
        UNION ALL
        SELECT 'kases', projects.new_id, parties.new_id
        FROM acme.project_parties AS r
        JOIN projects ON projects.id = r.kase_id
        JOIN parties ON parties.id = r.id
        WHERE r._deleted_at IS NULL
        ORDER BY 1, 2, 3"""
