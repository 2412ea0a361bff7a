"""The log's sink in a process of its own: what reaches standard error, from whom and in which form."""

import json
import subprocess
import sys

import pytest

TOKEN = "tOkEn-of-the-sink-0123456789"
PROGRAM = f"""
import logging, sys, warnings
from consentry.core.log import configure, get_logger
from consentry.core.secret import Secret
configure(sys.argv[1])
secret = Secret({TOKEN!r})
log = get_logger("test")
log.info("own line", refresh_token={TOKEN!r}, path="/connect/{TOKEN}", count=3)
log.info("a message with {TOKEN} inside")
logging.getLogger("somebody.else").warning("foreign line %s", {TOKEN!r})
logging.getLogger("somebody.else").info("with extra", extra={{"access_token": {TOKEN!r}}})
try:
    raise ValueError("went wrong with {TOKEN}")
except ValueError:
    log.exception("caught")
    logging.getLogger("somebody.else").exception("caught too")
raise RuntimeError("nobody expected {TOKEN}")
"""


def run(form: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, form], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("form", ["lines", "json"])
def test_no_secret_passes_the_sink_from_anybody_not_even_in_tracebacks(form: str) -> None:
    done = run(form)
    assert TOKEN not in done.stderr
    for words in ("own line", "foreign line", "caught too", "ValueError", "RuntimeError", "nobody expected"):
        assert words in done.stderr


def test_standard_output_stays_clean() -> None:
    assert run("json").stdout == ""


def test_json_lines_are_one_document_each_with_level_and_moment() -> None:
    lines = [json.loads(line) for line in run("json").stderr.splitlines()]
    assert len(lines) == 7
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
    assert lines[0]["count"] == 3
    assert lines[-1]["level"] == "critical"


def test_what_is_uncaught_is_logged_and_ends_the_process() -> None:
    assert run("lines").returncode == 1
