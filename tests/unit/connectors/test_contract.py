"""What follows from a stream's declaration."""

from dataclasses import replace

import pytest

from consentry.connectors import Stream

PLAIN = Stream(name="things", title="Things", meaning="All things.", path="/api/things", records_key="things")


@pytest.mark.parametrize(
    ("stream", "says"),
    [
        pytest.param(PLAIN, "every 100 records and shows deletions.", id="whole lists only"),
        pytest.param(replace(PLAIN, changed_since=True), "in between, only what changed", id="changes without a feed"),
        pytest.param(
            replace(PLAIN, changed_since=True, deleted_path="/api/things/deleted", deleted_keys=("things",)),
            "two requests when nothing did",
            id="changes and deletions",
        ),
        pytest.param(replace(PLAIN, newest_first=True), "Newest first", id="newest first"),
        pytest.param(replace(PLAIN, paginated=False), "One request tells everything", id="one answer"),
        pytest.param(
            replace(PLAIN, parent="boxes", path="/api/boxes/{parent}/things"),
            "One request for each parent",
            id="children",
        ),
    ],
)
def test_a_stream_says_what_it_costs(stream: Stream, says: str) -> None:
    assert says in stream.cost
