"""A process of its own that changes a dataset and carries it over, as long as it is let."""

import random
import sys
from pathlib import Path
from typing import Any, cast

from consentry.flows.model import WarehouseKind, WarehouseSpec
from ground.sources import a_source
from ground.warehouses import Warehouse


def changed(turn: int) -> tuple[list[dict[str, Any]], tuple[int, ...]]:
    """Return the records that a turn writes, and the keys that it deletes."""
    lots = random.Random(turn)
    records = [
        {"id": number, "name": f"in turn {turn}", "parts": [{"id": each} for each in range(lots.randrange(4))]}
        for number in lots.sample(range(40), 20)
    ]
    return records, tuple(lots.sample(range(40), 5))


def take_turn(warehouse: Warehouse, turn: int) -> None:
    """Write and delete what belongs to a turn."""
    records, gone = changed(turn)
    warehouse.minutes = turn * 10
    warehouse.write(records)
    warehouse.delete(*((number,) for number in gone))


def main() -> None:
    """Take a turn, say that it is over, and carry everything."""
    kind, url, home, turn = sys.argv[1:]
    spec = WarehouseSpec(kind=cast("WarehouseKind", kind), url=url)
    warehouse = Warehouse(source=a_source(warehouse=spec), home=Path(home))
    take_turn(warehouse, int(turn))
    print("carrying", flush=True)
    warehouse.finish()


if __name__ == "__main__":
    main()
