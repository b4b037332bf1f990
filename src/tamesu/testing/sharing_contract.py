"""The laws of an event log that many use at once, and that outlives them.

Refuses to count on luck: processes are killed after so many lines, not after some time.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, pairwise
from pathlib import Path

from tamesu.base import Draft, Entry, Kind
from tamesu.testing.eventlog_bound import EventLogBound, all_of, draft
from tamesu.testing.kill import lines_until_all_killed, lines_until_killed

THREADS = 4
BATCHES = 25
WRITERS = (1, 2, 3)
LINES = 20
APART = 10**9
"""Between the numbers of two processes' batches."""


class SharingLaws(EventLogBound):
    """Threads, processes, and being made anew."""

    def test_appends_from_threads_do_not_interleave(self, tmp_path: Path) -> None:
        """Concurrent case: all of each append, together, in its order, where its receipts say."""
        together = threading.Barrier(THREADS)
        with self.log(tmp_path) as (log, _), ThreadPoolExecutor(THREADS) as pool:

            def write(writer: int) -> list[Entry]:
                together.wait()
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
            found = all_of(log)
            assert sorted(told) == found
            batches = [entry.body.rpartition(b"/") for entry in found]
            for start in range(0, len(batches), 3):
                assert len({batch for batch, _, _ in batches[start : start + 3]}) == 1
                assert [place for _, _, place in batches[start : start + 3]] == [b"0", b"1", b"2"]

    def test_what_was_read_once_is_never_read_otherwise(self, tmp_path: Path) -> None:
        """Concurrent case: a reader beside a writer sees ever longer beginnings of one order."""
        with self.log(tmp_path) as (log, _):
            looks: list[list[Entry]] = []
            done = threading.Event()

            def watch() -> None:
                while not done.is_set():
                    looks.append(all_of(log))

            reader = threading.Thread(target=watch)
            reader.start()
            try:
                for _ in range(BATCHES):
                    receipts = log.append([draft("a"), draft("a")])
                    last = receipts[-1]
                    # Visible once its append returned.
                    assert len(log.read(last.partition, last.offset, 1)) == 1
            finally:
                done.set()
                reader.join()
            whole = all_of(log)
            for look in looks:
                assert look == whole[: len(look)]
                assert len(look) % 2 == 0, "half an append was visible"

    def test_another_process_reads_the_same(self, tmp_path: Path) -> None:
        """Where processes can share the log, they see the same entries; else `elsewhere` is none."""
        if self.elsewhere is None:
            with self.log(tmp_path) as (log, _), self.log(tmp_path) as (other, _):
                log.append([draft("a")])
                assert all_of(other) == []
            return
        printed = lines_until_killed(
            "tamesu.testing.workload", ["append", self.elsewhere, str(tmp_path)], 5
        )
        with self.log(tmp_path) as (log, _):
            assert len(_numbers(all_of(log))) >= len(printed)

    def test_appends_from_processes_do_not_interleave(self, tmp_path: Path) -> None:
        """Concurrent case: each append together and in its order; offsets rise, `received` never falls.

        Where processes cannot share the log there is nothing to say: `elsewhere` is none.
        """
        if self.elsewhere is None:
            return
        printed = lines_until_all_killed(
            "tamesu.testing.workload",
            [["append", self.elsewhere, str(tmp_path), str(writer * APART)] for writer in WRITERS],
            LINES,
        )
        told = [int(number) for lines in printed for number in lines]
        with self.log(tmp_path) as (log, _):
            entries = all_of(log)
        for before, after in pairwise(entries):
            assert before.offset < after.offset
            assert before.received <= after.received
        found = [(number, list(batch)) for number, batch in groupby(entries, _number)]
        for number, batch in found:
            assert [_place(entry) for entry in batch] == list(range(number % 7 + 1))
        numbers = [number for number, _ in found]
        assert len(set(numbers)) == len(numbers)
        assert set(told) <= set(numbers)
        assert len(set(numbers) - set(told)) <= len(WRITERS)
        for writer in WRITERS:
            mine = [number for number in numbers if number // APART == writer]
            assert mine == sorted(mine)

    # Durability ---------------------------------------------------------------------------------

    def test_a_log_made_anew_holds_what_was_appended(self, tmp_path: Path) -> None:
        """Durable case: the same entries, and offsets go on. Else: it starts anew."""
        with self.log(tmp_path) as (log, _):
            log.append([draft("a"), draft("b")])
            before = all_of(log)
        with self.log(tmp_path) as (log, _):
            assert all_of(log) == (before if self.durable else [])
            (receipt,) = log.append([draft("a")])
            assert all_of(log)[-1][:2] == receipt[:2] or log.partitions > 1
            assert len(all_of(log)) == (len(before) if self.durable else 0) + 1

    def test_a_killed_writer_loses_nothing_it_was_told_is_there(self, tmp_path: Path) -> None:
        """Atomicity: after a SIGKILL each append is there whole or not at all, and it goes on."""
        if self.elsewhere is None:
            return
        acknowledged: set[int] = set()
        for lines in (2, 60):
            arguments = ["append", self.elsewhere, str(tmp_path)]
            printed = lines_until_killed("tamesu.testing.workload", arguments, lines)
            acknowledged.update(map(int, printed))
            with self.log(tmp_path) as (log, _):
                groups = _numbers(all_of(log))
            assert acknowledged <= set(groups)
            for number, places in groups.items():
                assert places == list(range(number % 7 + 1))
            assert len(set(groups) - acknowledged) <= 1
            acknowledged.update(groups)


def _number(entry: Entry) -> int:
    """Which batch of the workload an entry is of."""
    return int(entry.body.split(b"/")[0])


def _place(entry: Entry) -> int:
    """Its place in that batch."""
    return int(entry.body.split(b"/")[1])


def _numbers(entries: list[Entry]) -> dict[int, list[int]]:
    """The places that are there of each numbered batch of the workload, in log order."""
    groups: dict[int, list[int]] = {}
    for entry in entries:
        groups.setdefault(_number(entry), []).append(_place(entry))
    return groups
