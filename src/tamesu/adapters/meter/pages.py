"""`Page` and `Pages`: what each process measured, in files that outlive it and that all may read.

A page belongs to one living process, which holds its lock. It is written whole, with ordinary writes,
into two files in turn: whoever is killed in the middle of one leaves the other. Whoever takes a page
goes on counting where its last owner ended, so that a counter never goes back, and there are as many
pages as there are processes at once, however often they are restarted. Refuses to map files into
memory: on a full disk the kernel ends whoever writes into such a map.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from tamesu.adapters.meter.measured import Measured
from tamesu.base import Corrupt

LOCK = ".lock"
SIDES = (".0", ".1")

MOST_NAMESAKES = 1_000
"""Processes of one name at once; more is no installation on one machine."""

TRIES, REST_S = 10, 0.003
"""A reader that looks whether an owner lives holds the lock for some microseconds."""

_HEAD = struct.Struct("<4sQII")
_MAGIC = b"TMP1"


class Page:
    """The page of this process, called `name`, or `name-2`, `name-3` … where others live by it.

    Args:
        folder: of the pages; made if it is not there.
        name: what this process is called.

    Raises:
        OSError: the folder cannot be used.
    """

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self._lock = _taken(folder, name)
        path = folder / self.name
        self._turn, self.inherited = _newest(path)
        self.inherited.levels.clear()
        self._sides = [
            os.open(f"{path}{side}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644) for side in SIDES
        ]

    def write(self, measured: Measured) -> None:
        """Puts `measured` in place of what was written before.

        Raises:
            OSError: it cannot be written; what was written before stays.
        """
        body = measured.to_bytes()
        turn = self._turn + 1
        data = _HEAD.pack(_MAGIC, turn, len(body), zlib.crc32(body)) + body
        side = self._sides[turn % len(SIDES)]
        written = 0
        while written < len(data):
            written += os.pwrite(side, data[written:], written)
        self._turn = turn

    def close(self) -> None:
        """Gives the page up: what it counted stays, its levels are no longer anybody's."""
        for descriptor in (*self._sides, self._lock):
            os.close(descriptor)
        self._sides = []


class Pages:
    """All pages of a folder, to be read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def others(self, mine: str | None) -> Iterator[Measured]:
        """What every other page says: of the living all, of the dead all but their levels.

        A page that cannot be read says nothing.
        """
        for lock in sorted(self._folder.glob(f"*{LOCK}")):
            path = lock.with_suffix("")
            if path.name == mine:
                continue
            _, measured = _newest(path)
            if not _lives(lock):
                measured.levels.clear()
            yield measured

    def clear(self) -> None:
        """Empties the pages of the dead; whoever lives keeps its own."""
        for lock in self._folder.glob(f"*{LOCK}"):
            descriptor = _open_lock(lock)
            try:
                if _locks(descriptor, fcntl.LOCK_EX):
                    for side in SIDES:
                        lock.with_suffix(side).unlink(missing_ok=True)
            finally:
                os.close(descriptor)


def _taken(folder: Path, name: str) -> tuple[str, int]:
    """The first name that nobody lives by, and its lock, held."""
    for number in range(1, MOST_NAMESAKES + 1):
        candidate = name if number == 1 else f"{name}-{number}"
        descriptor = _open_lock(folder / f"{candidate}{LOCK}")
        for _ in range(TRIES):
            if _locks(descriptor, fcntl.LOCK_EX):
                return candidate, descriptor
            time.sleep(REST_S)
        os.close(descriptor)
    raise OSError(f"{MOST_NAMESAKES} processes called {name!r} measure in {str(folder)!r} already")


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _locks(descriptor: int, how: int) -> bool:
    """Whether the lock could be had at once; it goes with the descriptor."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(lock: Path) -> bool:
    """Whether a process holds that lock."""
    with contextlib.suppress(OSError):
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return not _locks(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)
    return False


def _newest(path: Path) -> tuple[int, Measured]:
    """The newest whole side of a page and its turn; 0 and nothing where there is none."""
    best: tuple[int, bytes] = (0, b"")
    for side in SIDES:
        with contextlib.suppress(OSError):
            data = Path(f"{path}{side}").read_bytes()
            if len(data) < _HEAD.size:
                continue
            magic, turn, size, check = _HEAD.unpack_from(data)
            body = data[_HEAD.size : _HEAD.size + size]
            if magic == _MAGIC and zlib.crc32(body) == check and len(body) == size:
                best = max(best, (turn, body))
    turn, body = best
    try:
        return turn, Measured.from_bytes(body) if turn else Measured()
    except Corrupt:
        return turn, Measured()
