"""Which files of this machine rows may come from: table files only, and none of the home's, where secrets rest."""

import os
import stat
from pathlib import Path
from typing import IO, Final

from consentry.flows.destination.raw import refused

SUFFIXES: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")


def suffix_of(name: str) -> str:
    """Return what a file's name ends in; raise InvalidInput when no rows are read out of such files."""
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise refused("file", f"The file's name must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.")
    return suffix


def open_file(path: str, home: Path) -> tuple[IO[bytes], str]:
    """Open a file that rows may come from, and return it with what its name ends in. Blocking.

    What was judged is what is read: the file is opened first, without waiting for who writes into a pipe, and the
    judgement is about the open file. Raises InvalidInput.
    """
    given = Path(path)
    if not given.is_absolute() or not path.isprintable():
        raise refused("file", "The file must be a whole path, from / on, or upload: and the id of an upload.")
    suffix_of(path)
    try:
        real = given.resolve(strict=True)
        suffix = suffix_of(real.name)  # a link named .csv can lead to anything
        _keep_out_of(home, real)
        opened = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise refused("file", f"There is no file {path}.") from error
    except PermissionError as error:
        raise refused("file", f"Consentry may not read the file {path}.") from error
    except (OSError, RuntimeError) as error:  # a circle of links is the latter before Python 3.13
        raise refused("file", f"The file {path} can't be opened.") from error
    try:
        _judge(opened, real, home)
    except BaseException:
        os.close(opened)
        raise
    return os.fdopen(opened, "rb"), suffix


def _keep_out_of(home: Path, real: Path) -> None:
    if real.is_relative_to(home.resolve()):
        raise refused("file", "Files in Consentry's home can't be read as rows.")


def _judge(opened: int, real: Path, home: Path) -> None:
    found = os.fstat(opened)
    if not stat.S_ISREG(found.st_mode):
        raise refused("file", "Rows are read out of regular files only.")
    if found.st_nlink > 1 and _is_of_home(found, home):
        raise refused("file", "Files in Consentry's home can't be read as rows.")
    now = real.resolve()
    if now != real:  # a folder on the way became a link meanwhile
        raise refused("file", "The file was moved while it was opened; try again.")


def _is_of_home(found: os.stat_result, home: Path) -> bool:
    """Tell whether an open file has another name in the home."""
    return any(
        (each.stat(follow_symlinks=False).st_dev, each.stat(follow_symlinks=False).st_ino)
        == (found.st_dev, found.st_ino)
        for each in home.iterdir()
    )
