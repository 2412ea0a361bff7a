"""The reference says what the code does: settings, commands, error codes and calls are all in it, as they are."""

import pytest

import reference


@pytest.mark.parametrize("name", sorted(reference.PAGES))
def test_the_generated_part_is_as_the_code_has_it(name: str) -> None:
    assert reference.renewed(name) == (reference.FOLDER / name).read_text(), "run `make docs`"


def test_every_setting_of_the_design_is_there() -> None:
    text = reference.write_settings()
    wanted = "HOME DATABASE_URL PUBLIC_URL HOST PORT KEYSET_FILE KEYSET ADMIN_EMAIL ADMIN_PASSWORD URL"
    names = [*wanted.split(), "API_KEY", "<CONNECTOR>_BASE_URL"]
    assert [name for name in names if f"`CONSENTRY_{name}`" not in text] == []


def test_every_setting_has_a_meaning_in_one_sentence_or_two() -> None:
    rows = reference.write_settings().splitlines()[2:]
    assert all(len(row.split("|")[2].split()) >= 3 for row in rows)


def test_every_command_that_people_rely_on_is_there() -> None:
    text = reference.write_commands()
    wanted = [
        *(f"credential {verb}" for verb in "add list show edit connect test token copy delete".split()),
        *(f"source {verb}" for verb in "add list show test run activate pause delete".split()),
        *(f"destination {verb}" for verb in "add list show test preview run activate pause delete".split()),
        *(f"run {verb}" for verb in "list show watch rows retry".split()),
        *(f"apikey {verb}" for verb in "create list revoke".split()),
        *(f"keyset {verb}" for verb in "rotate status".split()),
        *"up demo sandbox worker doctor".split(),
    ]
    assert [words for words in wanted if f"### consentry {words}\n" not in text] == []


def test_every_command_says_what_it_does() -> None:
    sections = reference.write_commands().split("### ")[1:]
    assert [section.splitlines()[0] for section in sections if len(section.split("\n\n")[1].split()) < 3] == []


def test_every_call_that_programs_rely_on_is_there() -> None:
    text = reference.write_api()
    credential = "/api/v1/credentials/{credential_id}"
    wanted = [
        *(
            "GET /api/v1/connectors",
            "GET /api/v1/connectors/{name}",
            "GET /api/v1/credentials",
            "POST /api/v1/credentials",
        ),
        *(f"{method} {credential}" for method in ("GET", "PATCH", "DELETE")),
        *(f"POST {credential}/{verb}" for verb in ("connect", "test", "token", "confirm-account", "copy")),
        *(f"GET {credential}/audit", f"ANY {credential}/proxy/{{path}}"),
        *("GET /api/v1/destinations", "POST /api/v1/destinations", "POST /api/v1/uploads"),
        *(f"{method} /api/v1/destinations/{{destination_id}}" for method in ("GET", "PATCH", "DELETE")),
        *(
            f"POST /api/v1/destinations/{{destination_id}}/{verb}"
            for verb in ("test", "run", "preview", "activate", "pause")
        ),
        *("GET /api/v1/runs/{run_id}/rows", "POST /api/v1/runs/{run_id}/retry"),
        f"GET {credential}/templates/{{name}}",
        *("GET /healthz", "GET /readyz", "GET /metrics"),
    ]
    assert [call for call in wanted if f"`{call}`" not in text] == []
