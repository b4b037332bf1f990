"""The laws of an event log's beginning: what may go, and what goes on without it.

Refuses to know in which units a log keeps its entries, but for this: entries hours apart are not all
in one.
"""

from __future__ import annotations

from pathlib import Path

from tamesu.adapters.clock.manual import ManualClock
from tamesu.base import Entry
from tamesu.base.times import HOUR_US
from tamesu.ports import EventLog
from tamesu.testing.eventlog_bound import EventLogBound, all_of, draft

KEYS = "abcdef"
NEVER_MS = 1 << 52
"""A moment after everything."""


class RetentionLaws(EventLogBound):
    """`start` and `retire`."""

    def test_what_is_old_and_done_with_goes(self, tmp_path: Path) -> None:
        """Only a beginning, as much as is told; `start` is where what stays begins."""
        with self.log(tmp_path) as (log, clock):
            before = _filled(log, clock)
            gone = [
                log.retire(partition, log.end(partition), clock.now() // 1_000)
                for partition in range(log.partitions)
            ]
            assert (sum(gone) > 0) is self.retires
            for partition in range(log.partitions):
                left = [entry for entry in all_of(log) if entry.partition == partition]
                mine = [entry for entry in before if entry.partition == partition]
                assert left == mine[gone[partition] :]
                assert log.start(partition) == (left[0].offset if left else log.end(partition))

    def test_nothing_at_or_after_the_offset_goes(self, tmp_path: Path) -> None:
        """However old it is."""
        with self.log(tmp_path) as (log, clock):
            before = _filled(log, clock)
            for entry in before:
                log.retire(entry.partition, entry.offset, NEVER_MS)
                needed = [
                    other
                    for other in before
                    if other.partition == entry.partition and other.offset >= entry.offset
                ]
                assert set(needed) <= set(all_of(log))

    def test_nothing_received_at_or_after_the_moment_goes(self, tmp_path: Path) -> None:
        """However far below the offset it is."""
        with self.log(tmp_path) as (log, clock):
            before = _filled(log, clock)
            for moment in sorted({entry.received for entry in before}):
                for partition in range(log.partitions):
                    log.retire(partition, log.end(partition), moment)
                needed = {entry for entry in before if entry.received >= moment}
                assert needed <= set(all_of(log))

    def test_a_log_goes_on_after_what_went(self, tmp_path: Path) -> None:
        """The end stays, offsets and `received` go on from it, also in a log that is made anew."""
        with self.log(tmp_path) as (log, clock):
            before = _filled(log, clock)
            ends = [log.end(partition) for partition in range(log.partitions)]
            for partition, end in enumerate(ends):
                log.retire(partition, end, NEVER_MS)
            assert [log.end(partition) for partition in range(log.partitions)] == ends
            starts = [log.start(partition) for partition in range(log.partitions)]
            clock.move(-100 * HOUR_US)
            if not self.durable:
                self._goes_on(log, before)
        if self.durable:
            with self.log(tmp_path) as (log, _):
                assert [log.end(partition) for partition in range(log.partitions)] == ends
                assert [log.start(partition) for partition in range(log.partitions)] == starts
                self._goes_on(log, before)

    def test_retiring_nothing_changes_nothing(self, tmp_path: Path) -> None:
        """Empty case: an empty log, offset or moment 0. Duplicate case: the second time."""
        with self.log(tmp_path) as (log, clock):
            partitions = range(log.partitions)
            assert [log.retire(partition, 10, NEVER_MS) for partition in partitions] == [0] * len(
                partitions
            )
            before = _filled(log, clock)
            for partition in partitions:
                assert log.retire(partition, 0, NEVER_MS) == 0
                assert log.retire(partition, log.end(partition), 0) == 0
            assert all_of(log) == before
            for partition in partitions:
                log.retire(partition, log.end(partition) // 2, NEVER_MS)
                assert log.retire(partition, log.end(partition) // 2, NEVER_MS) == 0

    def test_reading_what_went_goes_on_at_the_start(self, tmp_path: Path) -> None:
        """A gap in offsets is skipped, also by who had read it before."""
        with self.log(tmp_path) as (log, clock), self.log(tmp_path) as (shared, _):
            before = _filled(log, clock)
            other = shared if self.elsewhere is not None else log
            assert all_of(other) == before
            for partition in range(log.partitions):
                log.retire(partition, log.end(partition) // 2, NEVER_MS)
                left = [entry for entry in all_of(log) if entry.partition == partition]
                for offset in (0, log.start(partition) - 1, log.start(partition)):
                    assert list(other.read(partition, offset, 2)) == left[:2]

    def _goes_on(self, log: EventLog, before: list[Entry]) -> None:
        for receipt in log.append([draft(key) for key in KEYS]):
            mine = [entry for entry in before if entry.partition == receipt.partition]
            assert receipt.offset > max(entry.offset for entry in mine)
            assert receipt.received >= max(entry.received for entry in mine)


def _filled(log: EventLog, clock: ManualClock) -> list[Entry]:
    """Entries of many keys, of each an hour and more after the last; all of them."""
    for _ in range(5):
        log.append([draft(key) for key in KEYS])
        clock.move(3 * HOUR_US // 2)
    return all_of(log)
