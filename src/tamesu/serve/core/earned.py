"""`Earned`: what a bandit's archived observations of a period come to, file by file.

By arm, by window, and beside uniform choice; a correction counts where its decision does, as a difference.
Only first positions are compared: there the logged propensity is the whole probability of the choice.
Refuses to hold rows: what is kept is as large as arms and windows are many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import GRID, Outcome, Snapshot, Time
from tamesu.base.observations import NO_REWARD
from tamesu.base.outline import ALL_ACTIVE, Outline
from tamesu.base.times import Duration
from tamesu.experiment import Spans, compared, moments
from tamesu.ports import Declared, Store, roster_of
from tamesu.serve.core.attained import Attained
from tamesu.serve.core.results import ArmResult, Delay, LeftOut, Results, ResultWindow

Delivered: TypeAlias = Callable[[str], tuple[str, ...]]

_COLUMNS = ("deliveries", "fallbacks", "observed", "reward")


class Earned:
    """The sums of a period.

    Args:
        spans: its windows.
        sizes: how many arms were active.
        since: when it begins; the first window may begin before.
        positions: how many are told apart: 1 where one belief serves all.
        delivered: the arms that a delivery of an arm delivers: itself, or the options of a combination.
        attained: how rows are told by objective, where there are several.

    Attributes:
        since: from when decisions are taken in.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what its sums are a function of
        self,
        spans: Spans,
        sizes: Sizes,
        since: Time,
        positions: int,
        delivered: Delivered = lambda arm: (arm,),
        attained: Attained | None = None,
    ) -> None:
        self._spans, self._sizes, self._positions = spans, sizes, positions
        self._delivered = delivered
        self._attained = Attained(None, lambda _number: None) if attained is None else attained
        self.since = max(spans.since, since)
        self._numbers: dict[tuple[str, int], int] = {}
        columns = *_COLUMNS, *self._attained.names
        self._by_arm = {name: np.zeros(0) for name in columns}
        self._by_window = {name: np.zeros(spans.count) for name in columns}
        self._moments = np.zeros((spans.count, 3, 3))
        self._greatest = np.zeros(spans.count)
        self._left_out = LeftOut()

    def add(self, outline: Outline) -> None:
        """Takes in the rows of a file that were decided in the period."""
        spans = self._spans
        rows = outline.take((outline.decided >= self.since) & (outline.decided < spans.until))
        if not len(rows):
            return
        window = (rows.decided - spans.since) // spans.length_us
        first, told = rows.correction == 0, ~rows.fallback
        new = (told & (rows.outcome == Outcome.OBSERVED)).astype(np.float64)
        old = (told & ~first & (rows.previous_reward != NO_REWARD)).astype(np.float64)
        reward = rows.reward / GRID
        before = np.where(old > 0, rows.previous_reward, 0) / GRID
        columns = {
            "deliveries": first.astype(np.float64),
            "fallbacks": (first & rows.fallback).astype(np.float64),
            "observed": new - old,
            "reward": new * reward - old * before,
            **self._attained.columns(rows, new, old),
        }
        for name, column in columns.items():
            self._by_window[name] += np.bincount(window, column, spans.count)
        for row, arm in self._placed(rows):
            arms = len(self._numbers)
            for name, column in columns.items():
                kept = np.pad(self._by_arm[name], (0, arms - len(self._by_arm[name])))
                self._by_arm[name] = kept + np.bincount(arm, column[row], arms)
        self._compare(rows, window, (reward, before), (new, old))

    def _placed(self, rows: Outline) -> Iterator[tuple[NDArray[np.intp], NDArray[np.int64]]]:
        """Rows (m,) and the number of the arm of each, by position where those are told apart.

        Once for all rows; of combinations once for each of their options.
        """
        places = rows.arm * self._positions + np.minimum(rows.position, self._positions - 1)
        parts = [self._delivered(arm) for arm in rows.arms]
        for turn in range(max(map(len, parts))):
            numbers = np.full(len(parts) * self._positions, -1, np.int64)
            for place in np.flatnonzero(np.bincount(places)).tolist():
                arm, position = divmod(place, self._positions)
                if turn < len(parts[arm]):
                    key = parts[arm][turn], position
                    numbers[place] = self._numbers.setdefault(key, len(self._numbers))
            numbered = numbers[places]
            some = np.flatnonzero(numbered >= 0)
            yield some, numbered[some]

    def _compare(
        self,
        rows: Outline,
        window: NDArray[np.int64],
        rewards: tuple[NDArray[np.float64], NDArray[np.float64]],
        signs: tuple[NDArray[np.float64], NDArray[np.float64]],
    ) -> None:
        """Weighs the first positions that can be compared; counts those that cannot."""
        eligible = self._sizes.of(rows)
        top = rows.position == 0
        usable = top & ~rows.fallback & (rows.propensity > 0)
        # Of combinations nobody counted how many there were to choose from.
        whole = np.array([len(self._delivered(arm)) == 1 for arm in rows.arms], dtype=np.bool_)
        unknown = usable & ((eligible == ALL_ACTIVE) | ~whole[rows.arm])
        seen, left = rows.correction == 0, self._left_out
        self._left_out = LeftOut(
            fallbacks=left.fallbacks + int((top & rows.fallback & seen).sum()),
            unknown=left.unknown + int((unknown & seen).sum()),
        )
        usable &= ~unknown
        for place in np.unique(window[usable]).tolist():
            mine = usable & (window == place)
            weight = 1.0 / (eligible[mine] * rows.propensity[mine])
            for reward, sign, by in zip(rewards, signs, (1.0, -1.0), strict=True):
                self._moments[place] += moments(weight, reward[mine], by * sign[mine])
            greatest = weight[signs[0][mine] > 0].max(initial=0.0)
            self._greatest[place] = max(self._greatest[place], greatest)

    def results(self, delay: Delay | None) -> Results:
        """What all rows that were taken in come to."""
        spans, by_window = self._spans, self._by_window
        together = {name: float(column.sum()) for name, column in by_window.items()}
        observed = round(together["observed"])
        windows = [
            ResultWindow(
                since=max(start, self.since),
                until=end,
                deliveries=round(by_window["deliveries"][place]),
                observed=round(by_window["observed"][place]),
                reward=float(by_window["reward"][place]),
                compared=compared(self._moments[place], float(self._greatest[place])),
            )
            for place, (start, end) in enumerate(spans.windows)
        ]
        return Results(
            since=self.since,
            until=spans.until,
            window=Duration(spans.length_us).text(),
            deliveries=round(together["deliveries"]),
            observed=observed,
            reward=together["reward"],
            arms=[self._arm(*place, number) for place, number in sorted(self._numbers.items())],
            compared=compared(self._moments.sum(axis=0), float(self._greatest.max())),
            left_out=self._left_out,
            windows=windows,
            delay=delay,
            wanted=self._attained.told(together, observed),
        )

    def _arm(self, arm: str, position: int, number: int) -> ArmResult:
        had = {name: float(column[number]) for name, column in self._by_arm.items()}
        observed = round(had["observed"])
        return ArmResult(
            arm=arm,
            position=position if self._positions > 1 else None,
            deliveries=round(had["deliveries"]),
            fallbacks=round(had["fallbacks"]),
            observed=observed,
            reward=had["reward"],
            mean=had["reward"] / observed if observed else None,
            objectives=self._attained.means(had),
        )


class Sizes:
    """How many arms of a bandit were active, by the snapshot that decided.

    Between two kept snapshots no roster changes: the one that a command makes is always kept.

    Args:
        store: to read.
        declared: the bandit's newest declaration.
        kept: its snapshots, by version.
    """

    def __init__(self, store: Store, declared: Declared, kept: Sequence[Snapshot]) -> None:
        self._store, self._declared = store, declared
        self._versions = np.array([one.version for one in kept], np.int64)
        rosters: dict[tuple[int, int], int] = {}
        sizes = []
        for one in kept:
            key = one.declaration, one.roster
            if key not in rosters:
                declaration = self._declaration(one.declaration)
                rosters[key] = 0 if declaration is None else self._active(declaration, one)
            sizes.append(rosters[key])
        self._sizes = np.array(sizes, np.int64)

    def of(self, rows: Outline) -> NDArray[np.int64]:
        """(n,) how many arms might be chosen for each row; `ALL_ACTIVE` where nobody knows."""
        declaration = self._declaration(rows.declaration)
        declared = 0 if declaration is None else len(declaration.declaration.arms)
        places = np.searchsorted(self._versions, rows.snapshot, side="right") - 1
        known = (places >= 0) & (rows.snapshot > 0)
        active = np.full(len(rows), declared, np.int64)
        if len(self._sizes):
            active = np.where(known, self._sizes[np.maximum(places, 0)], active)
        return np.where(rows.eligible == ALL_ACTIVE, active, rows.eligible)

    def _declaration(self, number: int) -> Declared | None:
        if number == self._declared.number:
            return self._declared
        return self._store.declared(self._declared.declaration.name, number)

    def _active(self, declared: Declared, snapshot: Snapshot) -> int:
        return len(roster_of(self._store, declared, snapshot).ids)
