"""Parquet files, read a few rows at a time. Blocking, and heavy: only in a process of its own."""

from collections import Counter
from collections.abc import Iterator
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from consentry.flows.destination.origin.inline import row_of
from consentry.flows.destination.raw import About, RawRow, refused

_ROWS: Final = 1_000


class ParquetFile:
    """Reads a Parquet file that stands open."""

    def __init__(self, file: IO[bytes]) -> None:
        file.seek(0)
        try:
            self._file = pq.ParquetFile(file, pre_buffer=False)
            names = self._file.schema_arrow.names
            count = self._file.metadata.num_rows
        except (pa.ArrowException, OSError, ValueError) as error:
            raise refused("file", "The file isn't Parquet, or it is damaged.") from error
        twice = [name for name, times in Counter(names).items() if times > 1]
        if twice:
            raise refused("file", f"The file has more than one column named {twice[0]}.")
        self.about = About(columns=tuple(names), count=count)

    def rows(self) -> Iterator[RawRow]:
        """Give the rows; a value that isn't text where text should be is a fault of its row."""
        for number, values in enumerate(self._read(), start=1):
            yield row_of(number, values)

    def _read(self) -> Iterator[dict[str, Any]]:
        try:
            for batch in self._file.iter_batches(batch_size=_ROWS, use_threads=False):
                yield from batch.to_pylist()
        except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
            raise refused("file", "The Parquet file is damaged, or holds values that can't be read.") from error
