"""How Tamesu opens SQLite: one driver, one set of pragmas, one translation of its errors.

The driver is `pysqlite3`, never the system's `sqlite3`: versions before 3.51.3 have a bug that can
corrupt a WAL database written by several processes. A database file is created whole (under a
temporary name, then linked to its own), so that a file which exists has its tables. Refuses to know
what is stored.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tamesu.adapters.durable_folders import make_folder, sync_folder
from tamesu.base import Corrupt, MissingExtra, TamesuError, Unavailable

if TYPE_CHECKING:
    import sqlite3 as driver  # the same interface, with types
else:
    from pysqlite3 import dbapi2 as driver

Connection = driver.Connection
Error = driver.Error

__all__ = [
    "BUSY_TIMEOUT_MS",
    "OLDEST",
    "Connection",
    "Error",
    "SameFile",
    "connect",
    "create",
    "driver",
    "refuse_old",
    "translate",
    "translated",
]

OLDEST = (3, 51, 3)
"""The first SQLite release without the WAL bug."""

BUSY_TIMEOUT_MS = 5_000
"""How long a connection waits for another's lock before it gives up."""


def refuse_old(found: tuple[int, ...] = driver.sqlite_version_info) -> None:
    """Raises `MissingExtra` where the driver brings an SQLite older than `OLDEST`."""
    if found >= OLDEST:
        return
    raise MissingExtra(
        f"SQLite must be {_dotted(OLDEST)} or newer, got {_dotted(found)}: older ones can corrupt "
        "a database that several processes write",
        hint="pip install --upgrade pysqlite3",
        found=_dotted(found),
        oldest=_dotted(OLDEST),
    )


def create(path: Path, script: str) -> None:
    """Makes the database at `path` with the tables of `script`, unless it exists.

    Durable when it returns. Concurrent case: one of several wins, and the others find its file.

    Raises:
        Unavailable: the folder cannot be written, or the disk is full.
    """
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_native_id()}.new")
    with translated(path):
        make_folder(path.parent)
        _discard(draft)
        try:
            with contextlib.closing(driver.connect(draft, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.executescript(script)
            # SQLite checkpoints and drops the WAL when the last connection closes.
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            _discard(draft)
        sync_folder(path.parent)


def connect(path: Path, *, frozen: bool = False) -> Connection:
    """A connection to the existing database at `path`, usable from any one thread at a time.

    It is in autocommit mode (transactions are written out), and commits are synced to the disk.

    Args:
        path: the file.
        frozen: nobody writes it any more, and nothing waits in its WAL: it is read without locks and
            without making files beside it, which a full disk has no room for.
    """
    refuse_old()
    # mode=rw: a database that vanished is an error, not a new and empty one.
    how = "mode=ro&immutable=1" if frozen else "mode=rw"
    connection = driver.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_TIMEOUT_MS / 1_000,
    )
    connection.execute("PRAGMA synchronous = FULL")
    return connection


class SameFile:
    """Sees that a path goes on naming the file that was opened.

    A file that was removed can still be written by whoever has it open: all is well, until they
    close it and everything is gone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None

    def remember(self) -> None:
        """The file that is there now is the one; does nothing if there was one before."""
        self._known = self._known or self._found()

    def look(self) -> None:
        """Looks whether it still is; nothing happens while there is none to remember.

        Raises:
            Unavailable: it was removed or replaced.
        """
        if self._known is not None and self._found() != self._known:
            raise Unavailable(
                f"{self._path} must stay where it is while it is in use, it was removed or replaced",
                hint="put it back as it was, or stop, mend the folder, and start again",
                path=str(self._path),
            )

    def _found(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns errors of the driver and of the file system into `Unavailable` or `Corrupt`."""
    try:
        yield
    except (driver.Error, OSError) as problem:
        raise translate(problem, path) from problem


def translate(problem: BaseException, path: Path) -> TamesuError:
    """What `problem`, met at the database `path`, means to a caller."""
    name = str(getattr(problem, "sqlite_errorname", None) or "")
    if isinstance(problem, OSError):
        return Unavailable(
            f"{path} cannot be used: {problem.strerror or problem}",
            hint="see that the folder exists, can be written and has room",
            path=str(path),
        )
    for start, (error, must, hint) in _MEANINGS.items():
        if name.startswith(start):
            return error(f"{path} {must} ({problem})", hint=hint, path=str(path), sqlite=name)
    return Unavailable(
        f"{path} cannot be used: {problem}",
        hint="run tamesu doctor",
        path=str(path),
        sqlite=name,
    )


_MEANINGS: dict[str, tuple[type[TamesuError], str, str]] = {
    "SQLITE_FULL": (
        Unavailable,
        "cannot grow: the disk is full",
        "free some room; nothing was written and the next try may succeed",
    ),
    "SQLITE_READONLY": (
        Unavailable,
        "cannot be written: it is read-only",
        "see that this user may write the folder and that it is not mounted read-only",
    ),
    "SQLITE_CANTOPEN": (
        Unavailable,
        "cannot be opened",
        "see that the folder exists and that this user may write it",
    ),
    "SQLITE_PERM": (
        Unavailable,
        "cannot be opened: not permitted",
        "see that this user may write the folder",
    ),
    "SQLITE_BUSY": (
        Unavailable,
        "stayed locked by another process for longer than is waited for",
        "see which process holds it; the next try may succeed",
    ),
    "SQLITE_LOCKED": (
        Unavailable,
        "is locked within this process",
        "the next try may succeed",
    ),
    "SQLITE_IOERR": (
        Unavailable,
        "cannot be read or written: input/output error",
        "see the disk's health and room; local disks only",
    ),
    "SQLITE_CORRUPT": (
        Corrupt,
        "is damaged",
        "restore it from a backup; keep the damaged file for diagnosis",
    ),
    "SQLITE_NOTADB": (
        Corrupt,
        "is not an SQLite database",
        "restore it from a backup, or move it away to start anew",
    ),
}


def _discard(draft: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        with contextlib.suppress(OSError):
            draft.with_name(draft.name + end).unlink()


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)
