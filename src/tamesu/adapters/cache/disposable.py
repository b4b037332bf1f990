"""A database that may be thrown away: shared by processes, and made anew whenever it cannot be trusted.

It is written without any sync. So one of before the machine's last start may be torn, and is made
anew like one that is damaged, was removed or has other tables. Refuses to wait: who cannot have it
within a moment goes on without.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from tamesu.adapters import sqlite
from tamesu.adapters.durable_folders import make_folder
from tamesu.base import Corrupt, TamesuError, Unavailable

WAIT_MS = 500
"""How long another process is waited for; each has the database for well below a millisecond."""

PAUSE_S = 0.002
"""How often a lock is tried, and how long who does much leaves the database to others in between."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_FACTS = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO facts VALUES ('boot', '{boot}');
PRAGMA user_version = {version};
"""

_log = structlog.get_logger("tamesu.cache")


class Disposable:
    """One database file, opened when needed and again after every failure.

    Beside the given tables it has `facts`, of name and value, for whoever fills it. Where a machine
    does not say which start of it this is (it does on Linux), a torn file is noticed by its damage
    alone.

    Args:
        path: the file; others of its name with an ending lie beside it.
        tables: the script that makes them.
        version: of the tables.
    """

    def __init__(self, path: Path, tables: str, version: int) -> None:
        sqlite.refuse_old()
        self._path = Path(path)
        self._version = version
        self._boot = _BOOT.read_text().strip() if _BOOT.exists() else ""
        self._tables = tables + _FACTS.format(boot=self._boot, version=version)
        self._using = threading.Lock()
        self._file = sqlite.SameFile(self._path)
        self._connection: sqlite.Connection | None = None
        self._closed = False

    @contextlib.contextmanager
    def at_work(self) -> Iterator[sqlite.Connection]:
        """The connection, in autocommit mode, for one thread at a time.

        Raises:
            Unavailable: folder or disk refuse, or another process keeps the database.
            Corrupt: it is damaged and was thrown away; the next call finds a new one.
        """
        with self._using:
            if self._closed:
                raise Unavailable(f"{self._path} is closed", hint="open it anew")
            try:
                with sqlite.translated(self._path):
                    yield self._open()
            except Corrupt:
                self._drop()
                with (
                    contextlib.suppress(OSError, TamesuError),
                    self.alone("opening", WAIT_MS / 1_000),
                ):
                    self._file.look()  # another process may have been first
                    self._discard("it is damaged")
                raise
            except BaseException:
                self._drop()
                raise

    @contextlib.contextmanager
    def alone(self, doing: str, patience_s: float) -> Iterator[None]:
        """While one process at a time is `doing` something, by a lock file of that name.

        Raises:
            Unavailable: another took longer than `patience_s`.
            OSError: the lock file cannot be made.
        """
        make_folder(self._path.parent)
        lock = self._path.with_name(f"{self._path.name}.{doing}")
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _lock(handle, lock, patience_s)
            yield
        finally:
            os.close(handle)

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        with self._using:
            self._closed = True
            self._drop()

    def _open(self) -> sqlite.Connection:
        if self._connection is not None:
            try:
                self._file.look()
            except Unavailable:
                _log.warning("the cache was removed: what it held is gone", path=str(self._path))
                self._drop()
            else:
                return self._connection
        with self.alone("opening", WAIT_MS / 1_000):
            if self._path.exists() and (flaw := self._flaw()):
                self._discard(flaw)
            if not self._path.exists():
                self._discard_beside()
                sqlite.create(self._path, self._tables)
            self._file = sqlite.SameFile(self._path)
            self._file.remember()
            self._connection = self._connect()
        self._connection.execute("PRAGMA synchronous = OFF")
        return self._connection

    def _connect(self) -> sqlite.Connection:
        connection = sqlite.connect(self._path)
        connection.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
        return connection

    def _flaw(self) -> str:
        """Why the file that is there cannot be used, or nothing."""
        try:
            with contextlib.closing(self._connect()) as connection:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version != self._version:
                    return f"it has version {version}, not {self._version}"
                boot = connection.execute("SELECT value FROM facts WHERE name = 'boot'").fetchone()
                return "" if boot == (self._boot,) else "the machine was started since"
        except sqlite.Error as problem:
            if isinstance(sqlite.translate(problem, self._path), Corrupt):
                return "it is damaged"
            raise

    def _discard(self, flaw: str) -> None:
        _log.warning("the cache is made anew", path=str(self._path), reason=flaw)
        self._path.unlink(missing_ok=True)
        self._discard_beside()

    def _discard_beside(self) -> None:
        for end in ("-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)

    def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite.Error):
                self._connection.close()
            self._connection = None


def _lock(handle: int, path: Path, patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            if time.monotonic() > until:
                raise Unavailable(
                    f"{path} must be free within {patience_s:g} s, another process holds it",
                    hint="see whether a process of this installation hangs",
                    path=str(path),
                ) from problem
            time.sleep(PAUSE_S)
        else:
            return
