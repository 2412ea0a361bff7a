"""A small Capsule account as values: what is known before the first row, and records to plan against."""

from copy import deepcopy
from typing import Any, Final

from consentry.connectors import Known, Record


def _user(number: int, username: str, name: str) -> dict[str, Any]:
    return {"id": number, "username": username, "name": name}


ADA: Final = _user(101, "ada", "Ada Lovelace")
BEN: Final = _user(102, "ben", "Ben Okafor")
SALES: Final = {"id": 801, "name": "Sales"}
RENEWALS: Final = {"id": 802, "name": "Renewals"}


def _milestone(number: int, name: str, pipeline: dict[str, Any], probability: int, *, complete: bool) -> Record:
    return {"id": number, "name": name, "pipeline": pipeline, "probability": probability, "complete": complete}


def _definition(number: int, name: str, kind: str, **more: Any) -> Record:
    return {"id": number, "name": name, "type": kind, "captureRule": None, "options": None, "tag": None, **more}


KNOWN: Final = Known(
    records={
        "users": [ADA, BEN, _user(103, "ben.old", "Ben Old") | {"deleted": True}],
        "teams": [
            {"id": 11, "name": "Sales", "memberships": [{"user": ADA}]},
            {"id": 12, "name": "Support", "memberships": [{"user": ADA}, {"user": BEN}]},
        ],
        "milestones": [
            _milestone(901, "Proposal", SALES, 50, complete=False),
            _milestone(902, "Won", SALES, 100, complete=True),
            _milestone(903, "Lost", SALES, 0, complete=True),
            _milestone(904, "Won", RENEWALS, 100, complete=True),
        ],
        "stages": [
            {"id": 951, "name": "In progress", "board": {"id": 701, "name": "Delivery"}},
            {"id": 952, "name": "Done", "board": {"id": 701, "name": "Delivery"}},
            {"id": 953, "name": "Done", "board": {"id": 702, "name": "Support"}},
        ],
        "titles": [{"id": 41, "title": "Ms"}, {"id": 42, "title": "Dr"}],
        "countries": [
            {"name": name, "alpha2Code": two, "alpha3Code": three}
            for name, two, three in (
                ("Germany", "DE", "DEU"),
                ("United Kingdom", "GB", "GBR"),
                ("United States", "US", "USA"),
            )
        ],
        "currencies": [{"code": "EUR", "name": "Euro"}, {"code": "GBP", "name": "Pound"}],
        "lost_reasons": [{"id": 61, "name": "Too expensive"}],
        "categories": [{"id": 21, "name": "Call"}],
        "activity_types": [{"id": -1, "name": "Note"}, {"id": 31, "name": "Site visit"}],
        "track_definitions": [{"id": 71, "description": "Onboarding"}],
        "party_field_definitions": [
            _definition(401, "Seats", "number"),
            _definition(402, "Newsletter", "boolean"),
            _definition(403, "Industry", "list", options=["Energy", "Retail"]),
            _definition(404, "Languages", "multiselect", options=["English", "Deutsch"]),
            _definition(405, "Since", "date"),
            _definition(406, "Code", "text", captureRule="person"),
            _definition(407, "Code", "text", captureRule="organisation"),
            _definition(408, "Note", "text"),
            _definition(409, "Note", "text"),
        ],
        "opportunity_field_definitions": [_definition(411, "Survey on", "date")],
        "project_field_definitions": [_definition(421, "Severity", "list", options=["low", "high"])],
    }
)


def person(**changes: Any) -> Record:
    """Return a person as Capsule gives one, with changes."""
    return deepcopy(
        {
            "id": 5001,
            "type": "person",
            "title": "Ms",
            "firstName": "Zoë",
            "lastName": "Müller",
            "jobTitle": "Buyer",
            "about": None,
            "organisation": {"id": 5002, "type": "organisation", "name": "Nordlicht"},
            "owner": ADA,
            "team": {"id": 11, "name": "Sales"},
            "emailAddresses": [{"id": 1, "type": "Work", "address": "zoe@nordlicht.example"}],
            "phoneNumbers": [{"id": 2, "type": "Mobile", "number": "+49 40 123-456"}],
            "websites": [
                {
                    "id": 3,
                    "type": None,
                    "service": "LINKED_IN",
                    "address": "zoe-m",
                    "url": "https://www.linkedin.com/in/zoe-m",
                }
            ],
            "addresses": [
                {"id": 4, "type": "Office", "street": "Kai 1", "city": "Hamburg"}
                | {"state": None, "zip": None, "country": "Germany"}
            ],
            "tags": [{"id": 301, "name": "VIP"}, {"id": 302, "name": "Old"}],
            "fields": [
                {"id": 8001, "value": "250.0", "definition": {"id": 401, "name": "Seats"}},
                {"id": 8002, "value": True, "definition": {"id": 402, "name": "Newsletter"}},
                {"id": 8003, "value": "English;Deutsch", "definition": {"id": 404, "name": "Languages"}},
            ],
        }
        | changes
    )


def opportunity(**changes: Any) -> Record:
    """Return an opportunity as Capsule gives one, with changes."""
    return deepcopy(
        {
            "id": 6001,
            "name": "Solar roof",
            "description": None,
            "party": {"id": 5001, "type": "person", "firstName": "Zoë", "lastName": "Müller"},
            "milestone": {"id": 901, "name": "Proposal"},
            "owner": ADA,
            "team": None,
            "value": {"amount": 12500.5, "currency": "EUR"},
            "probability": 50,
            "durationBasis": "MONTH",
            "duration": 12,
            "expectedCloseOn": "2026-12-15",
            "closedOn": None,
            "lostReason": None,
            "tags": [],
            "fields": [],
        }
        | changes
    )


def task(**changes: Any) -> Record:
    """Return a task as Capsule gives one, with changes."""
    return deepcopy(
        {
            "id": 7501,
            "description": "Call",
            "detail": None,
            "dueOn": "2026-11-30",
            "dueTime": "14:00:00",
            "status": "OPEN",
            "category": {"id": 21, "name": "Call"},
            "owner": ADA,
            "party": {"id": 5001, "type": "person", "firstName": "Zoë", "lastName": "Müller"},
            "opportunity": None,
            "kase": None,
            "completedAt": None,
        }
        | changes
    )
