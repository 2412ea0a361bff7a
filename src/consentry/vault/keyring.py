"""Which keyset this process has, where it came from, and how its file is made, read and replaced."""

import contextlib
import fcntl
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from consentry.core.log import get_logger
from consentry.errors import KeyMissing, KeyWrong, LeaseTaken, OperatorError, SettingWrong
from consentry.settings import Settings
from consentry.vault.envelope import Keyset, MasterKey, new_keyset, parse_keyset

_LARGEST: Final = 1_000_000
_Look = tuple[int, int, int]  # of a file: inode, moment of change, size

log = get_logger("vault")


class Keyring:
    """The keyset of this process; it follows its file when another process rotates."""

    def __init__(self, keyset: Keyset, *, path: Path | None, look: _Look | None = None) -> None:
        self.keyset = keyset
        self.path = path
        self._look = look
        self._lock = threading.Lock()

    def find(self, key_id: int) -> MasterKey | None:
        """Return a key, reading the file again when it isn't known and the file has changed."""
        key = self.keyset.keys.get(key_id)
        if key is None:
            self.follow()
            key = self.keyset.keys.get(key_id)
        return key

    def newest_primary(self) -> MasterKey:
        """Return the primary key by the keyset file as it stands now; a file that can't be read changes nothing."""
        try:
            self.follow()
        except OperatorError as error:
            log.warning("the keyset file can't be read again; going on with the keys at hand", reason=error.message)
        return self.keyset.primary

    def follow(self) -> None:
        """Read the file again if it has changed."""
        if self.path is None:
            return
        with self._lock:
            if _look(self.path) != self._look:
                self.keyset, self._look = _read(self.path)

    def replace(self, keyset: Keyset) -> None:
        """Write another keyset to the file, as a whole or not at all; only who holds the lock may."""
        if self.path is None:
            raise _fixed_by_environment()
        path = self.path.resolve()  # a link to the keyset stays a link
        draft = path.with_name(path.name + ".new")
        with self._lock, _writing(path):
            draft.unlink(missing_ok=True)  # left by a process that died here; nothing was ever sealed with it
            _write(draft, keyset.serialize())
            draft.replace(path)
            _sync_folder(path.parent)
            self.keyset, self._look = keyset, _look(path)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the keyset file against a second rotation; raise LeaseTaken while there is one."""
        if self.path is None:
            raise _fixed_by_environment()
        path = self.path.resolve()
        with _writing(path):
            lock = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            _take(lock)
            yield
        finally:
            os.close(lock)


def find_keyring(settings: Settings) -> Keyring | None:
    """Return the keyring that the settings name, or None when there is no keyset yet."""
    if settings.keyset is not None:
        return Keyring(parse_keyset(settings.keyset.get_secret_value()), path=None)
    path = settings.keyset_path
    if not os.path.lexists(path):
        return None
    keyset, look = _read(path)
    return Keyring(keyset, path=path, look=look)


def make_keyring(path: Path) -> Keyring:
    """Make a keyset file with one fresh key; whoever makes it first at this path wins, and everybody reads that one."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.new")
    with _writing(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        _write(draft, new_keyset().serialize())
        try:
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(draft)  # unlike a rename, it never replaces a keyset that is there
        finally:
            draft.unlink()
        _sync_folder(path.parent)
    keyset, look = _read(path)
    return Keyring(keyset, path=path, look=look)


def _fixed_by_environment() -> SettingWrong:
    return SettingWrong(
        "The keyset comes from CONSENTRY_KEYSET, where Consentry can't change it.",
        hint="Write it to a file of mode 0600, set CONSENTRY_KEYSET_FILE to that file and unset CONSENTRY_KEYSET, "
        "on every node; then rotate.",
    )


def _take(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LeaseTaken("This keyset is being rotated by another process.") from None


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingWrong(
            f"The keyset file {path} can't be written: {error.strerror}.",
            hint="Keep it in a folder of its own that Consentry may write to and that has room.",
        ) from error


def _read(path: Path) -> tuple[Keyset, _Look]:
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            mode = stat.S_IMODE(state.st_mode)
            if mode & 0o077:
                raise SettingWrong(
                    f"The keyset file {path} is open to other users of this machine (mode {mode:04o}).",
                    hint=f"Run: chmod 600 {path}",
                )
            text = file.read(_LARGEST)
    except FileNotFoundError:
        raise KeyMissing(f"The keyset file {path} is gone.") from None
    except OSError as error:
        raise KeyMissing(f"The keyset file {path} can't be read: {error.strerror}.") from error
    try:
        return parse_keyset(text.decode()), _look_of(state)
    except UnicodeDecodeError:
        raise KeyWrong(f"The keyset file {path} isn't a keyset.") from None
    except KeyWrong as error:
        raise KeyWrong(f"The keyset file {path} can't be used. {error.message}") from None


def _look(path: Path) -> _Look | None:
    try:
        return _look_of(path.stat())
    except OSError:
        return None


def _look_of(state: os.stat_result) -> _Look:
    return state.st_ino, state.st_mtime_ns, state.st_size


def _write(path: Path, text: str) -> None:
    """Write a new file that only its owner may read, and see it onto the disk."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)  # whatever the umask
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
