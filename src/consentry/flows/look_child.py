"""The process that looks into a dataset: one question on standard input, one reply on standard output."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from consentry.connectors import Catalogue
from consentry.core.secret import Secret
from consentry.errors import ConsentryError
from consentry.flows.looking import Look, Question, Reply, TableSeen
from consentry.flows.reading import streams_of
from consentry.flows.warehouse import Dataset, TableLook, open_to_look


def answer(question: Question) -> Reply:
    """Open the dataset, look, and let go of it; what is ours goes back as words."""
    source, address = question.source, Secret(question.address) if question.address else None
    streams = streams_of(source, Catalogue.load().get(source.connector))
    try:
        with open_to_look(source, streams, home=Path(question.home), address=address) as dataset:
            return Reply(look=Look() if dataset is None else _look(dataset, question))
    except ConsentryError as error:
        return Reply(code=error.code, message=error.message, hint=error.hint)


def _look(dataset: Dataset, question: Question) -> Look:
    tables = dataset.look()
    is_there = any(each.name == question.table for each in tables)
    rows = dataset.rows(question.table, question.limit) if question.table and is_there else []
    return Look(tables=_seen(tables), rows=tuple(rows))


def _seen(tables: Sequence[TableLook]) -> tuple[TableSeen, ...]:
    return tuple(TableSeen(name=each.name, columns=each.columns, count=each.count) for each in tables)


def _plain(value: Any) -> str:
    """Show what JSON has nothing for as text."""
    return str(value)


def main() -> None:
    """Answer once."""
    question = msgspec.json.decode(sys.stdin.buffer.read(), type=Question)
    sys.stdout.buffer.write(msgspec.json.encode(answer(question), enc_hook=_plain))


if __name__ == "__main__":
    main()
