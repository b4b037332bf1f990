"""`ArchivedDecisions`: what store and archive say of a bandit's decisions, ready to be judged by.

Decisions are told as soon as nothing in time can come of them any more; corrections of what came late are in what is
told as far as they came. Refuses a beginning that the archive has lost in part: of that time those would be left that
something came of late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tamesu.base import (
    Corrupt,
    Declaration,
    NoSupport,
    NotFound,
    Observations,
    Reward,
    Time,
)
from tamesu.engine.rosters import Rosters
from tamesu.evaluate import Cut, Deliveries, Latest, Logged, logged, with_rewards
from tamesu.join import Checkpoint
from tamesu.policy import compose
from tamesu.ports import Archive, ArchiveFile, Holds, Store
from tamesu.train import comparable, told_by

MOST_TRIES = 5
"""Files are merged while they are read; then they are read again."""

Tell = Callable[[int], Any]
"""Is told how many rows are done."""


def silent(rows: int) -> None:
    """Nobody wants to know."""
    del rows


class ArchivedDecisions:
    """The decisions of `bandit`.

    Args:
        store, archive: of the installation.
        bandit: its name.

    Attributes:
        declaration, number, policy: the newest declaration, its number, and what is composed of it.
        begun: the number of its first declaration: one that was deleted and made again begins anew.
        rewards: by number, the clauses of each that delivers as many arms, or combines the same options, and whose
            rewards can be told as the newest would have given them.

    Raises:
        NotFound: there is no such bandit.
    """

    def __init__(self, store: Store, archive: Archive, bandit: str) -> None:
        self.store, self.archive, self.bandit = store, archive, bandit
        known = store.declarations()
        if bandit not in known:
            raise NotFound.bandit(bandit, known)
        self.declaration, self.number = known[bandit].declaration, known[bandit].number
        self.policy = compose(self.declaration)
        self.begun = 1
        for command in store.commands(bandit):
            effect = command.effect
            if command.kind == "delete" and effect is not None and effect.refusal is None:
                self.begun = int(effect.told["declaration"]) + 1
        self.rewards: Mapping[int, Reward] = {
            number: one.reward
            for number, one in self.declared().items()
            if comparable(one.reward, self.declaration.reward)
            and compose(one).size == self.policy.size
            and (one.slots, one.infeasible) == (self.declaration.slots, self.declaration.infeasible)
        }

    def declared(self) -> dict[int, Declaration]:
        """Its declarations by number."""
        numbers = range(self.begun, self.number + 1)
        found = {number: self.store.declared(self.bandit, number) for number in numbers}
        return {number: one.declaration for number, one in found.items() if one is not None}

    def declared_at(self, number: int) -> Declaration:
        """That of this number.

        Raises:
            Corrupt: the store does not hold it.
        """
        found = self.store.declared(self.bandit, number)
        if found is None:
            raise Corrupt(f"the store must hold declaration {number} of {self.bandit!r}")
        return found.declaration

    @property
    def known(self) -> Time:
        """The moment up to which the log was joined."""
        return Checkpoint.from_bytes(self.store.progress().checkpoint).time or Time(0)

    @property
    def rows(self) -> int:
        """How many rows its files have."""
        return sum(file.rows for file in self.files())

    def files(self, since: Time | None = None) -> list[ArchiveFile]:
        """Its files of observations, the oldest first.

        Args:
            since: leaves out those that cannot hold a row of a decision from then on; none for all.
        """
        mine = [
            file
            for file in self.store.files(Holds.OBSERVATIONS)
            # Of a decision nothing is told before it is made; old versions did not say how far a file goes.
            if file.bandit == self.bandit and not 0 < file.newest < (since or 0)
        ]
        return sorted(mine, key=lambda file: file.newest)

    def logged(
        self, since: Time | None = None, until: Time | None = None, tell: Tell = silent
    ) -> Logged:
        """Decisions from `since` on, as they stood when the log had come to `until`.

        Args:
            since: those made before are left out, and counted as far as their files had to be read; none for the
                beginning.
            until: what was told later is left out; none for all that was joined.
            tell: hears how many of `rows` were read.

        Raises:
            NoSupport: there is no decision of which all is known.
            Corrupt: a file of the archive is gone or damaged.
        """
        known = self.known if until is None else min(until, self.known)
        cut = Cut(max(since or Time(0), self._complete_since()), known, self.rewards)
        latest = self._read(
            lambda: Latest(cut), lambda latest, part: latest.take(part), tell, cut.since
        )
        told = latest.told()
        if told is None:
            counted = ", ".join(
                f"{count:,} {why}" for why, count in latest.left_out.items() if count
            )
            raise NoSupport(
                f"a decision of {self.bandit!r} must be known to its end, none is"
                + (f" (left out: {counted})" if counted else ""),
                hint="wait until the windows of the first ones are closed"
                + ("" if since is None and until is None else ", or look at another time"),
            )
        told = self._restated(told)
        rosters = Rosters(self.store, self.bandit)
        features: dict[str, Mapping[str, Any]] = {}
        for number, version in told.deciders():
            features.update(rosters.at(number, version).features)
        return logged(
            told,
            self.policy,
            lambda number, version: rosters.at(number, version).ids,
            features,
            latest.left_out,
        )

    def observations(self, until: Time, tell: Tell = silent) -> list[Observations]:
        """All that was told up to `until`, one batch a declaration, each in the order in which it was told."""
        parts = self._read(list[Observations], lambda held, part: held.append(part), tell)
        numbers = sorted({part.declaration for part in parts if part.declaration >= self.begun})
        found: list[Observations] = []
        for number in numbers:
            rows = Observations.concatenate([one for one in parts if one.declaration == number])
            order = np.lexsort((rows.correction, rows.closed))
            rows = rows.take(order[rows.closed[order] <= until])
            found.append(rows)
        return found

    def _read(
        self,
        begin: Callable[[], Any],
        take: Callable[[Any, Observations], None],
        tell: Tell,
        since: Time | None = None,
    ) -> Any:
        """What `take` makes of every batch; from the beginning where files were merged meanwhile."""
        for left in reversed(range(MOST_TRIES)):
            made, files, rows = begin(), self.files(since), 0
            try:
                for file, part in zip(files, self.archive.read(files), strict=True):
                    take(made, part)
                    rows += file.rows
                    tell(rows)
            except Corrupt:
                if left and {file.name for file in files} != {
                    file.name for file in self.files(since)
                }:
                    continue
                raise
            return made
        raise AssertionError

    def _complete_since(self) -> Time:
        """A moment of which nothing is gone: what was forgotten is older than the oldest file that is left."""
        begins: dict[int, int] = {}
        for file in self.store.files(Holds.RECORDS):
            begins[file.partition] = min(file.first, begins.get(file.partition, file.first))
        files = self.files()
        if not files or all(first <= 1 for first in begins.values()):
            return Time(0)
        return files[0].newest

    def _restated(self, told: Deliveries) -> Deliveries:
        """They, with rewards as the newest declaration gives them."""
        new = self.declaration.reward
        reward = told.rows.reward.copy()
        for number in np.unique(told.number).tolist():
            mine = np.flatnonzero(told.number == number)
            reward[mine] = told_by(told.rows.take(mine), self.rewards[number], new)
        return with_rewards(told, reward)
