"""Commits, and what they are made of, as the laws of a store need them; and callers at once.

Refuses to be realistic: each says as little as it may.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tamesu.base import Command, Conflict, Correction, Roster, Snapshot, Time
from tamesu.ports import ArchiveFile, Commit, Declared, Deferred, Lease

NOW = Time(1_700_000_000_000_000)
LASTS_US = 5_000_000
THREADS = 4


def snapshot_of(bandit: str, version: int) -> Snapshot:
    """The version of a bandit's snapshot, with a state that is no text."""
    return Snapshot(
        bandit=bandit,
        declaration=1,
        version=version,
        state=bytes([version, 0, 255]),
        created=NOW,
        watermark=NOW,
        observations=version,
    )


def file_of(name: str) -> ArchiveFile:
    """A file of two rows."""
    return ArchiveFile(name=name, bandit="home", rows=2, bytes=3)


def commit_of(  # noqa: PLR0913 - all that a commit may change
    lease: Lease,
    checkpoint: bytes = b"",
    counts: dict[str, dict[str, int]] | None = None,
    snapshots: list[Snapshot] | None = None,
    files: list[ArchiveFile] | None = None,
    *,
    rosters: list[Roster] | None = None,
    commands: list[Command] | None = None,
    declarations: list[Declared] | None = None,
    deferred: list[Deferred] | None = None,
    corrections: list[Correction] | None = None,
) -> Commit:
    """A commit under `lease` that changes what it is told, and nothing else."""
    return Commit(
        lease=lease,
        checkpoint=checkpoint,
        counts=counts or {},
        snapshots=snapshots or [],
        files=files or [],
        rosters=rosters or [],
        commands=commands or [],
        declarations=declarations or [],
        deferred=deferred or [],
        corrections=corrections or [],
    )


def together(work: Callable[[int], Any]) -> list[Any]:
    """What `work` gives, or the conflict it raises, when several threads call it at once."""
    start = threading.Barrier(THREADS)

    def told(number: int) -> Any:
        start.wait()
        try:
            return work(number)
        except Conflict as refusal:
            return refusal

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(told, range(THREADS)))
