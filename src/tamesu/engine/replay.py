"""`Replay`: all that was learnt, learnt again: the log walked from its beginning, and whatever a
trainer did besides done again where it was done.

Commands take effect, corrections are taken, and snapshots that something was rolled back to are looked
at in the same places as then; so every bandit ends with what it has now, however else the log was cut
into batches. Refuses to guess: what is missing ends it, what comes out otherwise is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

import msgspec

from tamesu.base import (
    Correction,
    Corrupt,
    Declaration,
    Observations,
    Reward,
    Snapshot,
    Status,
    Time,
)
from tamesu.base.counts import merge
from tamesu.engine.deeds import Deed, Place, Sort, deeds
from tamesu.engine.noticed import noticed
from tamesu.engine.view import View
from tamesu.engine.walk import Source, Walk
from tamesu.engine.warming import SLICE_ROWS
from tamesu.policy import compose
from tamesu.ports import Store
from tamesu.train import Standing, WarmUp, obey, observe


class Replay:
    """Rebuilds every bandit, or one.

    Args:
        source: the log, from its beginning.
        store: the declarations.
        then: what the store says.
        bandit: only this one; all without.

    Attributes:
        records: how many entries were read so far.
        counts: per bandit how many records ended as what.
        standings: what every bandit has become that observed anything or was commanded.
        ended: of those that were deleted and made again, what the last one before was.
        differing: commands that did something else than then, in words.
    """

    def __init__(self, source: Source, store: Store, then: View, bandit: str | None = None) -> None:
        self._source, self._store, self._then, self._bandit = source, store, then, bandit
        self._declared: dict[tuple[str, int], Declaration] = {}
        self._deeds = deeds(store, then)
        self._targets: dict[str, dict[int, Snapshot]] = defaultdict(dict)
        self.records = 0
        self.counts: dict[str, dict[str, int]] = {}
        self.standings: dict[str, Standing] = {}
        self.ended: dict[str, Standing] = {}
        self.differing: list[str] = []

    def run(self, until: Place | None = None) -> Iterator[int]:
        """Goes to `until`, by default all that the store has learnt from; says `records` as it goes.

        Raises:
            Corrupt: records are gone.
        """
        until = self._then.read if until is None else until
        walk = self._walk(self._bandit)
        stops = {place for place in self._deeds if _reaches(until, place)}
        for place in sorted({*stops, until}):
            for emitted in walk.to(place):
                self.records = walk.records
                self.counts = merge(self.counts, emitted.counts)
                self._observe(emitted.observations, walk.watermark or Time(0))
                yield self.records
            for done, deed in enumerate(self._deeds.get(place, ())):
                self._do(deed, place, walk.watermark or Time(0), done)

    def meant(self, snapshot: Snapshot) -> Standing | None:
        """What was rebuilt of the bandit that `snapshot` is of; it may have been made again since."""
        standing = self.standings.get(snapshot.bandit)
        if standing is not None and standing.number > snapshot.declaration:
            return self.ended.get(snapshot.bandit)
        return standing

    def taught(self, bandit: str, place: Place, done: int) -> Iterator[Observations]:
        """All observations of `bandit` by a moment of the replay, given by walking once more.

        Args:
            bandit: which.
            place: of that moment.
            done: how many deeds were done there already.
        """
        for emitted in self._walk(bandit).to(place):
            yield from (group for group in emitted.observations if group.bandit == bandit)
        for earlier, theirs in self._deeds.items():
            if _reaches(place, earlier):
                for deed in theirs[:done] if earlier == place else theirs:
                    if deed.correction is not None and deed.bandit == bandit:
                        yield _rows(deed.correction)

    def targets(self, bandit: str) -> dict[int, Snapshot]:
        """The snapshots of `bandit` that are rolled back to later, as far as the replay has come."""
        return self._targets[bandit]

    def _walk(self, bandit: str | None) -> Walk:
        return Walk(self._source, self.clauses, bandit)

    def _observe(self, groups: Sequence[Observations], now: Time) -> None:
        ordered = sorted(groups, key=_bandit_of)
        for bandit, theirs in groupby(ordered, key=_bandit_of):
            if self._bandit in (None, bandit):
                mine = list(theirs)
                before = self._standing(bandit, max(group.declaration for group in mine))
                self._becomes(bandit, observe(before, mine, now, now), mine, before)

    def _becomes(
        self, bandit: str, after: Standing, groups: Sequence[Observations], before: Standing
    ) -> None:
        self.standings[bandit] = after
        found = noticed(before, after, groups)
        if found:
            self.counts = merge(self.counts, {bandit: found})

    def _do(self, deed: Deed, place: Place, now: Time, done: int) -> None:
        bandit = deed.bandit
        if deed.correction is not None:
            before = self._standing(bandit)
            late = [_rows(deed.correction)]
            self._becomes(bandit, observe(before, [], now, now, late=late), late, before)
            self.counts = merge(self.counts, {bandit: deed.correction.moved})
        elif deed.sort is Sort.TARGET:
            snapshot = self._standing(bandit).learnt.snapshot
            stood = msgspec.structs.replace(snapshot, version=deed.version)
            self._targets[bandit][deed.version] = stood
        else:
            # A command is only ever taken by a bandit that is there.
            before = self._standing(bandit, revive=True).said(version=deed.version - 1)
            past = _Rebuilt(self, bandit, place, done)
            obeyed = obey(deed.commands, before, read=place, now=now, watermark=now, past=past)
            self.standings[bandit] = obeyed.standing
            for command in obeyed.commands:
                refusal = None if command.effect is None else command.effect.refusal
                if refusal is not None:
                    self.differing.append(
                        f"command {command.number} ({command.kind} of {bandit}) took effect then and "
                        f"is refused now: {refusal.detail}"
                    )

    def _standing(self, bandit: str, number: int = 1, *, revive: bool = False) -> Standing:
        """`bandit` as it stands; one that was deleted begins anew with its next declaration.

        Args:
            bandit: which.
            number: the newest declaration that what comes now speaks of.
            revive: whether what comes now can only be meant for one that is there.
        """
        found = self.standings.get(bandit)
        if found is None:
            return self._begun(bandit, 1, None)
        if found.status is Status.DELETED and (number > found.number or revive):
            self.ended[bandit] = found
            return self._begun(bandit, found.number + 1, found.learnt.snapshot)
        return found

    def _begun(self, bandit: str, number: int, last: Snapshot | None) -> Standing:
        declaration = self._declaration(bandit, number)
        if declaration is None:
            raise Corrupt(
                f"the store must hold declaration {number} of {bandit!r}, it does not",
                hint="restore the store from a backup",
                bandit=bandit,
            )
        return Standing.begun(declaration, number, compose(declaration), Time(0), last)

    def _declaration(self, bandit: str, number: int) -> Declaration | None:
        key = (bandit, number)
        if key not in self._declared:
            found = self._store.declared(bandit, number)
            if found is None:
                return None
            self._declared[key] = found.declaration
        return self._declared[key]

    def clauses(self, bandit: str, number: int) -> Reward | None:
        """The reward of a declaration, by its number; none where there is no such one."""
        declaration = self._declaration(bandit, number)
        return None if declaration is None else declaration.reward


class _Rebuilt:
    """The past of a bandit as a replay has rebuilt it; see `tamesu.train.Past`."""

    def __init__(self, replay: Replay, bandit: str, place: Place, done: int) -> None:
        self._replay, self._bandit, self._place, self._done = replay, bandit, place, done

    def snapshot(self, version: int) -> Snapshot | None:
        """The snapshot with this version, where it is the target of a rollback."""
        return self._replay.targets(self._bandit).get(version)

    def versions(self) -> Sequence[int]:
        """The targets of rollbacks so far."""
        return sorted(self._replay.targets(self._bandit))

    def warm_up(self, declaration: Declaration) -> WarmUp:
        """What the policy of `declaration` makes of everything observed so far."""
        ended = self._replay.ended.get(self._bandit)
        since = 1 if ended is None else ended.number + 1
        warm = WarmUp(compose(declaration), partial(self._replay.clauses, self._bandit))
        for group in self._replay.taught(self._bandit, self._place, self._done):
            if group.declaration >= since:
                warm.take(group)
        while warm.settle(SLICE_ROWS):
            pass
        return warm


def _reaches(place: Place, other: Place) -> bool:
    """Whether everything before `other` lies before `place`."""
    return all(mine >= theirs for mine, theirs in zip(place, other, strict=True))


def _rows(correction: Correction) -> Observations:
    return Observations.of(correction.bandit, correction.declaration, [correction.observation])


def _bandit_of(group: Observations) -> str:
    return group.bandit
