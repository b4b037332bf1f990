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

_MAGIC = b"TMP1"
_CHECK = struct.Struct("<I")
_HEAD = struct.Struct("<QI")
"""After magic and check, and covered by the check as the body is: turn and length of the body."""


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
        checked = _HEAD.pack(turn, len(body)) + body
        data = _MAGIC + _CHECK.pack(zlib.crc32(checked)) + checked
        side = self._sides[turn % len(SIDES)]
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(side, data[written:], written)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(side, 0)  # half a page says nothing, and others need the room
            raise
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
    # Twice: one may be written, and then the other, while we look.
    sides = [_side(Path(f"{path}{side}")) for side in SIDES * 2]
    newest = max(sides, key=lambda side: side[0])
    turn, body = newest
    try:
        return turn, Measured.from_bytes(body) if turn else Measured()
    except Corrupt:
        return turn, Measured()


def _side(path: Path) -> tuple[int, bytes]:
    """Turn and body of one side; 0 and nothing of one that is not there or not whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return 0, b""
    start = len(_MAGIC) + _CHECK.size
    if len(data) < start + _HEAD.size or not data.startswith(_MAGIC):
        return 0, b""
    (check,) = _CHECK.unpack_from(data, len(_MAGIC))
    turn, size = _HEAD.unpack_from(data, start)
    end = start + _HEAD.size + size
    if end > len(data) or zlib.crc32(data[start:end]) != check:
        return 0, b""
    return turn, data[start + _HEAD.size : end]
