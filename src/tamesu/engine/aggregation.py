"""Aggregation: the archive's observations summed up by bandit, declaration, hour and arm.

A group of files, those of one hour, is summed up when it has more rows than its sums know of, so that
running it again with nothing new changes nothing, and whoever does it comes to the same. What came late
is in a later group, under the hour of its decision. Refuses to trust what the trainer has learnt: these
sums are made of the rows alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tamesu.base import Corrupt, Sum
from tamesu.base.times import HOUR_US
from tamesu.engine.duty import Slice, Turn
from tamesu.engine.roller import MOST_FILES, SETTLED_US
from tamesu.ports import Aggregates, Archive, ArchiveFile, Group, Holds, Store
from tamesu.train import added, sums


class Aggregation:
    """Keeps the sums of every hour that is over.

    Args:
        store: its manifest.
        archive: of observations.
        aggregates: where sums are kept.
    """

    name = "aggregation"
    every_us = HOUR_US

    def __init__(self, store: Store, archive: Archive, aggregates: Aggregates) -> None:
        self._store, self._archive, self._aggregates = store, archive, aggregates
        self._work: Iterator[None] | None = None
        self._group: Group | None = None
        self._broken: set[Group] = set()

    def slice(self, turn: Turn) -> Slice:
        """Reads one file more, and begins anew where the slice before it failed.

        Raises:
            Corrupt: a file cannot be read; from the next slice on its group is passed over.
        """
        if turn.watermark is None:
            return Slice()
        work, self._work = self._work or self._next(turn.watermark), None
        if work is None:
            return Slice()
        try:
            next(work)
        except StopIteration:
            return Slice(more=True, counts={"aggregated_total": 1})
        except Corrupt:
            self._broken |= {self._group} if self._group else set()
            raise
        self._work = work
        return Slice(more=True)

    def _next(self, watermark: int) -> Iterator[None] | None:
        """Sums up one group that is over and of few files; none if there is none."""
        for group, files in outdated(self._store, self._aggregates).items():
            is_over = (group.hour + 1) * HOUR_US + SETTLED_US <= watermark
            if is_over and len(files) <= MOST_FILES and group not in self._broken:
                self._group = group
                return aggregate(self._archive, self._aggregates, group, files)
        return None


def outdated(store: Store, aggregates: Aggregates) -> dict[Group, list[ArchiveFile]]:
    """The files of every group that has more rows than its sums know of, the oldest groups first."""
    groups: dict[Group, list[ArchiveFile]] = {}
    for file in store.files(Holds.OBSERVATIONS):
        group = Group(file.bandit, file.declaration, file.newest // HOUR_US)
        groups.setdefault(group, []).append(file)
    known = aggregates.rows()
    return {
        group: groups[group]
        for group in sorted(groups, key=lambda group: (group.hour, group))
        if sum(file.rows for file in groups[group]) > known.get(group, 0)
    }


def aggregate(
    archive: Archive, aggregates: Aggregates, group: Group, files: Sequence[ArchiveFile]
) -> Iterator[None]:
    """Sums up `group`; stops after each file but the last, and keeps the sums at the end.

    Raises:
        Corrupt, Unavailable: a file cannot be read.
    """
    total: list[Sum] = []
    for place, file in enumerate(files):
        if place:
            yield
        (rows,) = archive.read([file])
        total = added([*total, *sums(rows)])
    aggregates.write(group, sum(file.rows for file in files), total)
