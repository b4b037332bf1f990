"""The laws of an event log, as `tamesu.ports.EventLog` states them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamesu.adapters.clock.manual import ManualClock
from tamesu.base import Draft, Entry, Kind, Unavailable
from tamesu.ports import Clock, EventLog
from tamesu.testing.kill import lines_until_killed

THREADS = 4
BATCHES = 25


class EventLogContract:
    """Bind an adapter by a subclass that defines `make`, and say what it can do.

    Attributes:
        durable: what was appended is there when the log is made anew at the same place.
        elsewhere: `module:callable` that makes a log of a place in another process, none where
            processes cannot share one. Its arguments are the place and a clock.
    """

    durable: ClassVar[bool] = True
    elsewhere: ClassVar[str | None] = None

    def make(self, place: Path, clock: Clock) -> EventLog:
        """A log at `place`, new if nothing is there."""
        raise NotImplementedError

    # Empty --------------------------------------------------------------------------------------

    def test_a_new_log_is_empty(self, tmp_path: Path) -> None:
        """Empty case: an empty answer, at once; the end is 0."""
        with self._log(tmp_path) as (log, _):
            assert log.partitions >= 1
            for partition in range(log.partitions):
                assert list(log.read(partition, 0, 10)) == []
                assert log.end(partition) == 0

    def test_no_drafts_have_no_effect(self, tmp_path: Path) -> None:
        """Empty case: no drafts, no effect, an empty answer."""
        with self._log(tmp_path) as (log, _):
            assert list(log.append([])) == []
            assert _all(log) == []

    # Order --------------------------------------------------------------------------------------

    def test_what_is_appended_is_read_back(self, tmp_path: Path) -> None:
        """One receipt per draft says where it landed; bytes and order are kept, whatever they are."""
        places = (tmp_path / str(number) for number in count())
        text = st.text(st.characters(codec="utf-8"), max_size=6)
        drafts = st.builds(Draft, text, st.sampled_from([k.value for k in Kind]), st.binary())

        @settings(max_examples=20)
        @given(st.lists(st.lists(drafts, max_size=5), max_size=5))
        def law(batches: list[list[Draft]]) -> None:
            with self._log(next(places)) as (log, _):
                told = [
                    Entry(*receipt, *draft)
                    for batch in batches
                    for receipt, draft in zip(log.append(batch), batch, strict=True)
                ]
                assert _all(log) == sorted(told, key=lambda entry: entry[:2])
                # Order: of what came later, the offset is greater.
                assert sorted(told, key=lambda entry: entry[:2]) == sorted(
                    told, key=lambda entry: entry[0]
                )

        law()

    def test_records_of_one_key_lie_in_one_partition(self, tmp_path: Path) -> None:
        """However they were appended."""
        with self._log(tmp_path) as (log, _):
            for number in range(60):
                log.append([_draft(f"key-{number % 7}"), _draft(f"key-{number % 5}")])
            homes: dict[str, set[int]] = {}
            for entry in _all(log):
                homes.setdefault(entry.key, set()).add(entry.partition)
            assert all(len(partitions) == 1 for partitions in homes.values())

    def test_the_same_draft_again_is_a_new_entry(self, tmp_path: Path) -> None:
        """Duplicate case: the join drops repeats, never the log."""
        with self._log(tmp_path) as (log, _):
            once, again = log.append([_draft("a"), _draft("a")])
            (later,) = log.append([_draft("a")])
            assert once.offset < again.offset < later.offset
            assert len(_all(log)) == 3

    def test_a_large_body_is_kept(self, tmp_path: Path) -> None:
        """A megabyte, and nothing at all."""
        bodies = [bytes(range(256)) * 4096, b""]
        with self._log(tmp_path) as (log, _):
            log.append([Draft("a", Kind.DECISION.value, body) for body in bodies])
            assert [entry.body for entry in _all(log)] == bodies

    # Time ---------------------------------------------------------------------------------------

    def test_received_is_the_clocks_millisecond(self, tmp_path: Path) -> None:
        """Stamped by the log, in whole milliseconds."""
        with self._log(tmp_path) as (log, clock):
            clock.set(1_700_000_000_123_999)
            (receipt,) = log.append([_draft("a")])
            assert receipt.received == 1_700_000_000_123

    def test_received_never_falls(self, tmp_path: Path) -> None:
        """max(now, last received), when the clock steps back, and across a reopening."""
        with self._log(tmp_path) as (log, clock):
            (before,) = log.append([_draft("a")])
            clock.move(-3_600_000_000)
            (after,) = log.append([_draft("a")])
            assert after.received == before.received
        with self._log(tmp_path) as (log, clock):
            clock.move(-3_600_000_000)
            (anew,) = log.append([_draft("a")])
            assert (anew.received == before.received) is self.durable

    # Reading ------------------------------------------------------------------------------------

    def test_reading_starts_where_it_is_told_and_stops_at_most(self, tmp_path: Path) -> None:
        """From `offset` inclusive, up to `most`; beyond the end nothing."""
        with self._log(tmp_path) as (log, _):
            receipts = log.append([_draft("a") for _ in range(5)])
            partition, first, _ = receipts[0]
            offsets = [receipt.offset for receipt in receipts]

            def read(offset: int, most: int) -> list[int]:
                return [entry.offset for entry in log.read(partition, offset, most)]

            assert read(first, 100) == offsets
            assert read(offsets[2], 100) == offsets[2:]
            assert read(first, 2) == offsets[:2]
            assert read(first, 0) == []
            assert log.end(partition) == offsets[-1] + 1
            assert read(log.end(partition), 100) == []
            assert read(log.end(partition) + 100, 100) == []

    def test_upkeep_changes_nothing(self, tmp_path: Path) -> None:
        """Before the first append, and after some."""
        with self._log(tmp_path) as (log, _):
            log.upkeep()
            log.append([_draft("a")])
            before = _all(log)
            log.upkeep()
            assert _all(log) == before
            log.append([_draft("a")])
            assert _all(log)[:-1] == before

    # Threads and processes ----------------------------------------------------------------------

    def test_appends_from_threads_do_not_interleave(self, tmp_path: Path) -> None:
        """Concurrent case: all of each append, together, in its order, where its receipts say."""
        with self._log(tmp_path) as (log, _), ThreadPoolExecutor(THREADS) as pool:

            def write(writer: int) -> list[Entry]:
                told = []
                for number in range(BATCHES):
                    drafts = [
                        Draft("one key", Kind.EVENT.value, f"{writer}/{number}/{place}".encode())
                        for place in range(3)
                    ]
                    receipts = log.append(drafts)
                    pairs = zip(receipts, drafts, strict=True)
                    told += [Entry(*receipt, *draft) for receipt, draft in pairs]
                return told

            told = [entry for entries in pool.map(write, range(THREADS)) for entry in entries]
            found = _all(log)
            assert sorted(told) == found
            batches = [entry.body.rpartition(b"/") for entry in found]
            for start in range(0, len(batches), 3):
                assert len({batch for batch, _, _ in batches[start : start + 3]}) == 1
                assert [place for _, _, place in batches[start : start + 3]] == [b"0", b"1", b"2"]

    def test_what_was_read_once_is_never_read_otherwise(self, tmp_path: Path) -> None:
        """Concurrent case: a reader beside a writer sees ever longer beginnings of one order."""
        with self._log(tmp_path) as (log, _):
            looks: list[list[Entry]] = []
            done = threading.Event()

            def watch() -> None:
                while not done.is_set():
                    looks.append(_all(log))

            reader = threading.Thread(target=watch)
            reader.start()
            try:
                for _ in range(BATCHES):
                    receipts = log.append([_draft("a"), _draft("a")])
                    last = receipts[-1]
                    # Visible once its append returned.
                    assert len(log.read(last.partition, last.offset, 1)) == 1
            finally:
                done.set()
                reader.join()
            whole = _all(log)
            for look in looks:
                assert look == whole[: len(look)]
                assert len(look) % 2 == 0, "half an append was visible"

    def test_another_process_reads_the_same(self, tmp_path: Path) -> None:
        """Where processes can share the log, they see the same entries; else `elsewhere` is none."""
        if self.elsewhere is None:
            with self._log(tmp_path) as (log, _), self._log(tmp_path) as (other, _):
                log.append([_draft("a")])
                assert _all(other) == []
            return
        printed = lines_until_killed(
            "tamesu.testing.workload", ["append", self.elsewhere, str(tmp_path)], 5
        )
        with self._log(tmp_path) as (log, _):
            assert len(_numbers(_all(log))) >= len(printed)

    # Durability ---------------------------------------------------------------------------------

    def test_a_log_made_anew_holds_what_was_appended(self, tmp_path: Path) -> None:
        """Durable case: the same entries, and offsets go on. Else: it starts anew."""
        with self._log(tmp_path) as (log, _):
            log.append([_draft("a"), _draft("b")])
            before = _all(log)
        with self._log(tmp_path) as (log, _):
            assert _all(log) == (before if self.durable else [])
            (receipt,) = log.append([_draft("a")])
            assert _all(log)[-1][:2] == receipt[:2] or log.partitions > 1
            assert len(_all(log)) == (len(before) if self.durable else 0) + 1

    def test_a_killed_writer_loses_nothing_it_was_told_is_there(self, tmp_path: Path) -> None:
        """Atomicity: after a SIGKILL each append is there whole or not at all, and it goes on."""
        if self.elsewhere is None:
            return
        acknowledged: set[int] = set()
        for lines in (2, 60):
            arguments = ["append", self.elsewhere, str(tmp_path)]
            printed = lines_until_killed("tamesu.testing.workload", arguments, lines)
            acknowledged.update(map(int, printed))
            with self._log(tmp_path) as (log, _):
                groups = _numbers(_all(log))
            assert acknowledged <= set(groups)
            for number, places in groups.items():
                assert places == list(range(number % 7 + 1))
            assert len(set(groups) - acknowledged) <= 1
            acknowledged.update(groups)

    def test_a_closed_log_refuses(self, tmp_path: Path) -> None:
        """A second close does nothing; an append is refused, not lost."""
        with self._log(tmp_path) as (log, _):
            log.append([_draft("a")])
            log.close()
            log.close()
            with pytest.raises(Unavailable):
                log.append([_draft("a")])

    @contextlib.contextmanager
    def _log(self, place: Path) -> Iterator[tuple[EventLog, ManualClock]]:
        clock = ManualClock()
        with contextlib.closing(self.make(place, clock)) as log:
            yield log, clock


def _draft(key: str) -> Draft:
    return Draft(key, Kind.EVENT.value, b"{}")


def _all(log: EventLog) -> list[Entry]:
    """Every entry, by partition and offset, read a few at a time."""
    found: list[Entry] = []
    for partition in range(log.partitions):
        offset = 0
        while entries := log.read(partition, offset, 50):
            found += entries
            offset = entries[-1].offset + 1
    return found


def _numbers(entries: list[Entry]) -> dict[int, list[int]]:
    """The places that are there of each numbered batch of the workload, in log order."""
    groups: dict[int, list[int]] = {}
    for entry in entries:
        number, place, _ = map(int, entry.body.split(b"/"))
        groups.setdefault(number, []).append(place)
    return groups
