"""What the journal keeps and what it must not keep."""

from consentry.sandbox.journal import Journal, without_ids, without_secrets


def test_the_values_of_secret_parameters_are_hidden() -> None:
    query = "code=one&state=two&access_token=three&Client_Secret=four&since=2025-01-01T00:00:00Z&embed=tags,fields"
    shown = without_secrets(query)
    assert shown == (
        "code=[hidden]&state=[hidden]&access_token=[hidden]&Client_Secret=[hidden]"
        "&since=2025-01-01T00:00:00Z&embed=tags,fields"
    )


def test_ids_are_taken_out_of_paths() -> None:
    assert without_ids("/api/v2/parties/12/entries") == "/api/v2/parties/{id}/entries"
    assert without_ids("/api/v2/parties/1,2,3") == "/api/v2/parties/{id}"
    assert without_ids("/api/v2/activitytypes/-1") == "/api/v2/activitytypes/{id}"
    assert without_ids("/api/v2/parties/deleted") == "/api/v2/parties/deleted"


def test_counts_stand_until_they_are_forgotten() -> None:
    journal = Journal()
    for _ in range(2):
        journal.count("calls", "a")
    assert journal.counts("calls") == {"a": 2}
    assert journal.counts("nothing") == {}
    journal.forget()
    assert journal.counts("calls") == {}
