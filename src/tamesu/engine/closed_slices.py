"""The closed-slice job: what came too late for the join, found in the archive and kept as corrections.

A slice of the log is closed once nothing can be in time any more for a decision that it speaks of. The
job takes the slices one after the other, picks out the decisions with an event that may have come too
late, reads all their records and judges them anew, whole. It keeps corrections as it finds them, up to where
it has judged once all of them are kept, and nothing else: killed anywhere, its successor finds the same
again and the store keeps each once. Refuses to learn: the trainer does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog

from tamesu.base import (
    Correction,
    Entry,
    Reward,
    Time,
    parse_decision_id,
)
from tamesu.base.reward import CLOCK_SKEW_US
from tamesu.base.times import MINUTE_US
from tamesu.engine.duty import Slice, Turn
from tamesu.engine.suspects import suspects_of
from tamesu.join.story import tell
from tamesu.ports import Archive, ArchiveFile, Declared, Holds, Store

MOST_DECISIONS = 5_000
"""Decisions whose records are in memory at once."""

STORIES = 500
"""Decisions judged at once."""

_log = structlog.get_logger("tamesu.engine")


@dataclass(frozen=True)
class _Closed:
    """A slice of the log: entries received from `since` until before `until`, of bandits that all stand at `since`."""

    bandits: tuple[str, ...]
    since: Time
    until: Time


class ClosedSlices:
    """Finds late corrections, file by file.

    Args:
        store: its manifest, and where corrections go.
        archive: of records.
    """

    name = "closed_slices"
    every_us = MINUTE_US

    def __init__(self, store: Store, archive: Archive) -> None:
        self._store, self._archive = store, archive
        self._declared: dict[tuple[str, int], Declared | None] = {}
        self._work: Generator[None, None, int] | None = None

    def slice(self, turn: Turn) -> Slice:
        """Reads one file more, and begins anew where the slice before it failed."""
        work, self._work = self._work or self._judge_next(turn), None
        try:
            next(work)
        except StopIteration as done:
            counts = {"late_corrections_total": done.value} if done.value else {}
            return Slice(more=self._next_closed() is not None, counts=counts)
        self._work = work
        return Slice(more=True)

    def _judge_next(self, turn: Turn) -> Generator[None, None, int]:
        """Judges the next closed slice, and gives how many corrections are new; stops after each file."""
        found = self._next_closed()
        if found is None:
            return 0
        suspects: dict[int, dict[str, Time]] = {}
        for partition in self._files():
            suspects[partition] = {}
            for some in self._suspects(partition, found):
                suspects[partition] |= some
                yield
        new = 0
        for partition, keys in suspects.items():
            for some in _pieces(keys):
                for corrections in self._correct_all(partition, some, turn.now):
                    if corrections:
                        # Under the lease of the turn that began it: refused if it was lost meanwhile.
                        new += self._store.correct(turn.lease, corrections)
                    yield
        self._store.correct(turn.lease, [], dict.fromkeys(found.bandits, found.until))
        if new:
            _log.info("late corrections found", corrections=new, until=found.until.text())
        return new

    def _suspects(self, partition: int, closed: _Closed) -> Iterator[dict[str, Time]]:
        """Decisions, and their times, to be judged; stops after each file and each piece of it."""
        for file in self._files_from(partition, closed.since):
            heard = self._archive.heard(file, closed.since, closed.until)
            yield {}
            yield from suspects_of(heard, closed.bandits, self._reward)
            if file.newest >= closed.until:
                break

    def _correct_all(
        self, partition: int, keys: Mapping[str, Time], now: Time
    ) -> Iterator[list[Correction]]:
        """Judges decisions from all of their records; stops after each file, and gives what it found."""
        records: dict[str, list[Entry]] = defaultdict(list)
        since = Time(min(keys.values()) - CLOCK_SKEW_US)
        place = 0
        for file in self._files_from(partition, since):
            (entries,) = self._archive.read_records([file], keys)
            for entry in entries:
                if entry.offset >= place:  # a file that was merged has some that were read before
                    records[entry.key].append(entry)
            place = file.end
            yield []
        watermark = _watermark(self._files())
        ordered = sorted(records)
        for first in range(0, len(ordered), STORIES):
            yield [
                correction
                for key in ordered[first : first + STORIES]
                for correction in self._correct(key, records[key], watermark, now)
            ]

    def _files_from(self, partition: int, since: Time) -> Iterator[ArchiveFile]:
        """The files of a partition, from the one that holds `since` on.

        By offsets, not as a list: between two of them files may be merged.
        """
        place = 0
        while True:
            files = self._files().get(partition, [])
            file = next((one for one in files if one.end > place and one.newest >= since), None)
            if file is None:
                return
            yield file
            place = file.end

    def _next_closed(self) -> _Closed | None:
        """The oldest slice that is closed and not judged; none if there is none."""
        files = self._files()
        if not files:
            return None
        watermark = _watermark(files)
        judged = self._store.judged()
        slices: dict[tuple[Time, Time], list[str]] = defaultdict(list)
        for bandit, declared in self._store.declarations().items():
            since = judged.get(bandit, _beginning(declared))
            span = max(
                _span(reward)
                for number in range(1, declared.number + 1)
                if (reward := self._reward(bandit, number)) is not None
            )
            until = Time(watermark - span)
            if since < until:
                slices[since, until].append(bandit)
        if not slices:
            return None
        since, until = min(slices)
        ends = [
            next((file.newest for file in theirs if file.newest > since), watermark)
            for theirs in files.values()
        ]
        return _Closed(tuple(slices[since, until]), since, Time(min(until, *ends)))

    def _files(self) -> Mapping[int, list[ArchiveFile]]:
        """The files of records by partition, in log order; none unless all partitions have some."""
        files: dict[int, list[ArchiveFile]] = defaultdict(list)
        for file in self._store.files(Holds.RECORDS):
            files[file.partition].append(file)
        if len(files) < len(self._store.archived()):
            return {}
        return {
            partition: sorted(files[partition], key=lambda file: file.first)
            for partition in sorted(files)
        }

    def _correct(
        self, key: str, entries: Sequence[Entry], watermark: Time, now: Time
    ) -> Iterator[Correction]:
        said = parse_decision_id(key)
        reward = self._reward(said.bandit, said.declaration)
        if reward is None:
            return
        for row in tell(key, reward, entries, watermark, late=True).rows:
            if row.moved is not None and row.accepted is not None:
                yield Correction(
                    bandit=said.bandit,
                    declaration=said.declaration,
                    observation=row.observation,
                    accepted=row.accepted,
                    moved=row.moved,
                    found=now,
                )

    def _reward(self, bandit: str, number: int) -> Reward | None:
        key = (bandit, number)
        if self._declared.get(key) is None:
            self._declared[key] = self._store.declared(bandit, number)
        declared = self._declared[key]
        return None if declared is None else declared.declaration.reward


def _watermark(files: Mapping[int, Sequence[ArchiveFile]]) -> Time:
    """The moment up to which every partition is archived."""
    return min(theirs[-1].newest for theirs in files.values())


def _beginning(declared: Declared) -> Time:
    """A moment before which nothing of a bandit that was never judged was received.

    Without it, one that is made today would have an archive of years read for it, and all others wait.
    """
    return Time(declared.created - CLOCK_SKEW_US) if declared.number == 1 else Time(0)


def _pieces(keys: Mapping[str, Time]) -> Iterator[dict[str, Time]]:
    """`keys` in their order in time, at most `MOST_DECISIONS` at once."""
    ordered = sorted(keys.items(), key=lambda item: item[1])
    for first in range(0, len(ordered), MOST_DECISIONS):
        yield dict(ordered[first : first + MOST_DECISIONS])


def _span(reward: Reward) -> int:
    """F - D: how long after its decision a record may be in time."""
    return reward.within_us + reward.longest_us + reward.lateness
