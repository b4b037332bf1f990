"""What every law of an event log needs: a log that is made, and what is put in and found there.

Refuses to hold a law.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from tamesu.adapters.clock.manual import ManualClock
from tamesu.base import Draft, Entry, Kind
from tamesu.ports import Clock, EventLog


class EventLogBound:
    """An adapter bound to laws; see `EventLogContract` for its attributes."""

    durable: ClassVar[bool] = True
    elsewhere: ClassVar[str | None] = None
    retires: ClassVar[bool] = True

    def make(self, place: Path, clock: Clock) -> EventLog:
        """A log at `place`, new if nothing is there."""
        raise NotImplementedError

    @contextlib.contextmanager
    def log(self, place: Path) -> Iterator[tuple[EventLog, ManualClock]]:
        """A log at `place` with a clock of its own, closed at the end."""
        clock = ManualClock()
        with contextlib.closing(self.make(place, clock)) as log:
            yield log, clock


def draft(key: str) -> Draft:
    """A small event."""
    return Draft(key, Kind.EVENT.value, b"{}")


def all_of(log: EventLog) -> list[Entry]:
    """Every entry that is kept, by partition and offset, read a few at a time."""
    found: list[Entry] = []
    for partition in range(log.partitions):
        offset = log.start(partition)
        while entries := log.read(partition, offset, 50):
            found += entries
            offset = entries[-1].offset + 1
    return found
