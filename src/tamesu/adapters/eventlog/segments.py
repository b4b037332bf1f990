"""The segment files of a log's folder: their names, how one is made, how the first ones go.

A segment is named by its first offset, in twenty digits, so that names sort as offsets do; the last
one's successor is named by where it ends. Files of other names are nobody's business here. Refuses
to open a segment.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from tamesu.adapters import sqlite

VERSION = 1
"""The layout of a segment: its `user_version`; segments made before there was a second have 0."""

_SCRIPT = f"""
CREATE TABLE entries (
    offset INTEGER PRIMARY KEY,
    received INTEGER NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;
PRAGMA user_version = {VERSION};
"""
_NAMED = re.compile(r"\d{20}\.sqlite3")
_BESIDE = ("-wal", "-shm")


def path_of(folder: Path, first: int) -> Path:
    """Where the segment that starts at offset `first` is, or would be."""
    return folder / f"{first:020d}.sqlite3"


def found(folder: Path) -> list[int]:
    """The first offsets of the segments in `folder`, ascending; none where there is no folder.

    Raises:
        OSError: the folder cannot be read.
    """
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(int(name[:20]) for name in names if _NAMED.fullmatch(name))


def make(folder: Path, first: int) -> None:
    """Makes the segment of the offsets from `first` on, durably; for who is inside the gate.

    Raises:
        Unavailable: the disk is full or read-only.
    """
    # Whoever made these was inside the gate and is dead.
    for draft in folder.glob(".*.sqlite3.*.new*"):
        draft.unlink(missing_ok=True)
    sqlite.create(path_of(folder, first), _SCRIPT)


def remove(folder: Path, first: int) -> bool:
    """Removes the segment that starts at `first`; gives whether it was there.

    Who has it open goes on reading it; nobody finds it any more.
    """
    path = path_of(folder, first)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    _remove_beside(path)
    return True


def sweep(folder: Path) -> None:
    """Removes what a `remove` left behind that was killed in the middle."""
    for end in _BESIDE:
        for path in folder.glob(f"*.sqlite3{end}"):
            main = path.with_name(path.name.removesuffix(end))
            if _NAMED.fullmatch(main.name) and not main.exists():
                path.unlink(missing_ok=True)


def _remove_beside(path: Path) -> None:
    for end in _BESIDE:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + end).unlink()
