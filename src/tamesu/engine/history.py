"""`History`: snapshots that are not kept, made again from the one kept before and the archive.

Every row of the archive says which snapshot learnt it, and a snapshot that a command made is always kept;
so between two kept ones there is nothing but rows. What comes out is held against the next kept snapshot.
Refuses to give a snapshot of which rows are gone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice

import msgspec
import numpy as np

from tamesu.base import Observations, Snapshot, Status, Time
from tamesu.base.times import HOUR_US
from tamesu.policy import alike, compose
from tamesu.ports import Archive, ArchiveFile, Holds, Store
from tamesu.train import Standing, learn, prior

MOST_STATES = 256
"""Held at once: for more, rows are read once more."""

MOST_HOURS = 1 << 62
"""Later than any hour."""


class History:
    """What bandits knew once.

    Args:
        store: snapshots that are kept, and the manifest.
        archive: of observations.
    """

    def __init__(self, store: Store, archive: Archive) -> None:
        self._store, self._archive = store, archive

    def snapshot_at(self, bandit: str, version: int) -> Snapshot | None:
        """The snapshot with this version; none if there was none, or it cannot be made again.

        One that is made again says of itself what the one before it says, but for its state, its
        version, how many observations are in it, and its roster.

        Raises:
            Corrupt: a file of the archive, or what is kept in the store, cannot be read.
            Unavailable: store or archive is down.
        """
        return next(found for _, found in self.each(bandit, [version]))

    def each(self, bandit: str, versions: Iterable[int]) -> Iterator[tuple[int, Snapshot | None]]:
        """Each of `versions`, which rise, with what `snapshot_at` gives; many between two kept ones cost as one.

        Raises:
            Corrupt, Unavailable: as `snapshot_at`.
        """
        headers = self._store.snapshots(bandit)
        kept = [one.version for one in headers]
        for place, some in groupby(versions, lambda version: bisect_left(kept, version)):
            for made in _pieces(some):
                yield from self._some(bandit, made, headers, place)

    def _some(
        self, bandit: str, versions: Sequence[int], headers: Sequence[Snapshot], place: int
    ) -> Iterator[tuple[int, Snapshot | None]]:
        """Versions of which none is kept but, perhaps, the one of `headers` at `place`."""
        after = headers[place] if place < len(headers) else None
        made: dict[int, Snapshot] = {}
        missing = [one for one in versions if one > 0 and (after is None or one != after.version)]
        if missing and after is not None:
            before = self._before(bandit, missing[0], headers)
            if before is not None and before.status is not Status.LEARNING:
                made = dict.fromkeys(missing, before)
            elif before is not None:
                made = self._made(before, missing, after)
        for version in versions:
            if version in made:
                yield version, self._named(made[version], version)
            else:
                yield version, self._store.snapshot(bandit, version)

    def _before(self, bandit: str, version: int, headers: Sequence[Snapshot]) -> Snapshot | None:
        """The newest kept before `version`; the prior where none is, or that one was deleted."""
        kept = [one.version for one in headers if one.version < version]
        newest = self._store.snapshot(bandit, kept[-1]) if kept else None
        if newest is not None and newest.status is not Status.DELETED:
            return newest
        number = 1 if newest is None else newest.declaration + 1
        declared = self._store.declared(bandit, number)
        if declared is None:
            return None
        declaration = declared.declaration
        if newest is None:
            return prior(bandit, number, compose(declaration), Time(0)).snapshot
        begun = Standing.begun(declaration, number, compose(declaration), Time(0), newest)
        return begun.said(watermark=newest.watermark).learnt.snapshot

    def _made(
        self, before: Snapshot, versions: Sequence[int], after: Snapshot
    ) -> dict[int, Snapshot]:
        """`before` with what was learnt up to each version; none if that does not lead to `after`."""
        declared = self._store.declared(before.bandit, before.declaration)
        if declared is None:
            return {}
        policy = compose(declared.declaration)
        whole = policy.decode(before.state)
        observations = before.observations
        made: dict[int, Snapshot] = {}

        def settle(versions: Iterable[int]) -> None:
            for version in versions:
                state = policy.encode(whole)
                made[version] = msgspec.structs.replace(
                    before, state=state, observations=observations
                )

        for learnt, rows in _by_version(self._rows(before, after)):
            settle(one for one in versions if one < learnt and one not in made)
            whole, more = learn(policy, whole, rows)
            observations += more
        settle(one for one in versions if one not in made)
        # Where a command made the next one, there is nothing to hold it against.
        kept = self._store.snapshot(after.bandit, after.version)
        if after.since == before.since and (
            kept is None or not alike(policy.decode(kept.state), whole)
        ):
            return {}
        return made

    def _rows(self, before: Snapshot, after: Snapshot) -> Iterator[Observations]:
        """Rows that versions after `before` learnt, up to `after`; each once.

        What came too late for the join was closed long before it was learnt: the store has those rows,
        and they are left out of what is read from files.
        """
        bandit, since = before.bandit, before.learns_from
        late = [
            one
            for one in self._store.corrections_of(bandit, before.version, after.version)
            if one.declaration >= since and one.observation.decided > before.learns_after
        ]
        known = {one.key for one in late}
        for one in late:
            row = msgspec.structs.replace(one.observation, absorbed=one.snapshot)
            yield Observations.of(bandit, one.declaration, [row])
        for file in self._files(before, after):
            for rows in self._archive.read([file]):
                if rows.declaration < since:
                    continue
                learnt = (rows.absorbed > before.version) & (rows.absorbed <= after.version)
                keys = zip(rows.decision_id, rows.position, rows.correction, strict=True)
                corrects = rows.correction > 0
                new = [not corrects[row] or key not in known for row, key in enumerate(keys)]
                yield rows.take(learnt & np.array(new, dtype=np.bool_))

    def _files(self, before: Snapshot, after: Snapshot) -> list[ArchiveFile]:
        """Files that may hold them: of the hours between the two, for files are of one hour.

        A command's snapshot says the time of the commit that made it, which learnt some of them: so
        they begin where the one before it was.
        """
        older = [
            one.watermark
            for one in self._store.snapshots(before.bandit)
            if one.version < before.version
        ]
        since = min(before.watermark, older[-1] if older else 0)
        first, last = since, after.watermark // HOUR_US
        if after.since != before.since:
            last = MOST_HOURS  # a rollback says how far its target had come
        return [
            file
            for file in self._store.files(Holds.OBSERVATIONS)
            if file.bandit == before.bandit
            and file.newest >= first
            and file.newest // HOUR_US <= last
        ]

    def _named(self, made: Snapshot, version: int) -> Snapshot:
        """`made` as this version, with the roster that it had."""
        roster = made.roster
        for command in self._store.commands(made.bandit):
            effect = command.effect
            if effect is not None and made.version < effect.snapshot <= version:
                roster = effect.roster
        return msgspec.structs.replace(made, version=version, roster=roster)


def _pieces(versions: Iterable[int]) -> Iterator[list[int]]:
    """`versions` in their order, as many at once as there is room for their states."""
    rest = iter(versions)
    while some := list(islice(rest, MOST_STATES)):
        yield some


def _by_version(parts: Iterator[Observations]) -> Iterator[tuple[int, Observations]]:
    """The rows of `parts` by the version that learnt them, rising: the pieces in which they were learnt."""
    some = [part for part in parts if len(part)]
    if not some:
        return
    rows = Observations.concatenate(some)
    for version in np.unique(rows.absorbed).tolist():
        yield version, rows.take(rows.absorbed == version)
