"""Work without end, for a process that is to be killed: `python -m tamesu.testing.workload`.

Arguments: `append` or `commit`, the adapter as `module:callable`, its place, and for `append` the
first batch's number, where several append at once. One line on standard output for each call that
returned. Refuses to stop by itself, except after very long.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from tamesu.adapters.clock.system import SystemClock
from tamesu.base import Draft, Kind, Snapshot, Time
from tamesu.ports import ArchiveFile, Commit, EventLog, Store

CALLS = 1_000_000
"""Where it gives up: whoever was to kill it is gone."""

BANDIT = "home"


def batch(number: int) -> list[Draft]:
    """The `number`-th append: 1 to 7 drafts, each saying how many there are."""
    size = number % 7 + 1
    return [
        Draft(f"key-{number}", Kind.EVENT.value, f"{number}/{place}/{size}".encode())
        for place in range(size)
    ]


def append(log: EventLog, first: int | None = None) -> None:
    """Appends batch after batch, numbered from `first`, or from what the log has on."""
    start = log.end(0) if first is None else first
    for number in range(start, start + CALLS):
        log.append(batch(number))
        print(number, flush=True)  # noqa: T201 - the line is the acknowledgement


def commit(store: Store) -> None:
    """Commits batch after batch: checkpoint, count, snapshot and file all say the same number."""
    lease = store.takeover("workload", Time(0), 1)
    start = store.versions().get(BANDIT, 0) + 1
    for number in range(start, start + CALLS):
        snapshot = Snapshot(
            bandit=BANDIT,
            declaration=1,
            version=number,
            state=bytes(2_000),
            created=Time(number),
            watermark=Time(number),
            observations=number,
        )
        file = ArchiveFile(name=f"file-{number}", bandit=BANDIT, rows=1, bytes=1)
        store.commit(
            Commit(
                lease=lease,
                checkpoint=str(number).encode(),
                counts={BANDIT: {"events_read": 1}},
                snapshots=[snapshot],
                files=[file],
            )
        )
        print(number, flush=True)  # noqa: T201 - the line is the acknowledgement


def named(text: str) -> Callable[..., Any]:
    """What `module:name` names."""
    module, _, name = text.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


if __name__ == "__main__":
    work, adapter, place, *more = sys.argv[1:]
    if work == "append":
        append(named(adapter)(Path(place), SystemClock()), *map(int, more))
    else:
        commit(named(adapter)(Path(place)))
