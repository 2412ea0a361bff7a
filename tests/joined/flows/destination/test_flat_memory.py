"""Rows by the million take no more memory than rows by the thousand: read in a process of its own, and weighed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

LONG: Final = bool(os.environ.get("CONSENTRY_SOAK"))
MANY: Final = 1_000_000 if LONG else 50_000
FEW: Final = 1_000
_MOST_MORE: Final = 24 * 1024  # KiB: pieces of the file, and what the allocator keeps

READ: Final = """
import resource, sys
from consentry.flows.destination.origin.delimited import Delimited
from consentry.flows.destination.origin.json_text import JsonText

with open(sys.argv[1], "rb") as file:
    reader = Delimited(file) if sys.argv[1].endswith(".csv") else JsonText(file)
    count = sum(row.fault is None for row in reader.rows())
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def weigh(path: Path) -> tuple[int, int]:
    """Return how many rows are read, and the most memory that it took, in KiB."""
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
    count, memory = done.stdout.split()
    return int(count), int(memory)


def make(path: Path, count: int) -> Path:
    """Write a file of rows: a list in one line, an object a line, or CSV."""
    records = ({"id": number, "name": f"Person {number}", "note": "x" * 100} for number in range(count))
    with path.open("w") as file:
        if path.suffix == ".csv":
            file.write("id,name,note\n")
            file.writelines(f'{each["id"]},"{each["name"]}",{each["note"]}\n' for each in records)
        elif path.suffix == ".json":
            file.write('[{"id": -1}')
            file.writelines(f",{json.dumps(each)}" for each in records)
            file.write("]")
        else:
            file.writelines(f"{json.dumps(each)}\n" for each in records)
    return path


@pytest.mark.soak
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json"])
def test_memory_stays_flat_however_many_rows_a_file_has(suffix: str, tmp_path: Path) -> None:
    few, little = weigh(make(tmp_path / f"few{suffix}", FEW))
    many, much = weigh(make(tmp_path / f"many{suffix}", MANY))
    assert many - few == MANY - FEW
    assert much - little < _MOST_MORE
