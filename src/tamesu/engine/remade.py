"""`Remade`: the logging policy itself, made again from the snapshots that decided.

The propensity of the logged arm is taken as it was logged, and the others are made to add up with it: so the weights
of the logging policy are exactly one, and how far both lie apart says how well the log can be trusted. Refuses to hide
decisions whose snapshot is gone: counted, they leave the other arms what is left in even shares.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Corrupt, Roster, Snapshot, Time
from tamesu.engine.history import History
from tamesu.engine.rosters import Rosters
from tamesu.evaluate import Asking, Logged, Piece
from tamesu.policy import Policy, Prepared, compose
from tamesu.ports import Archive, Store

Rows: TypeAlias = NDArray[np.intp]

MOST_LOOKED_AT = 500
"""Decisions that are made again to see whether the log is right."""


class Remade:
    """The logging policy, in pieces by the snapshot that decided.

    Args:
        logged: decisions.
        store, archive: of the installation.
        bandit: its name.

    Attributes:
        there: (n,) those whose snapshot was there when it was asked for.
    """

    def __init__(self, logged: Logged, store: Store, archive: Archive, bandit: str) -> None:
        self._logged, self._store, self._bandit = logged, store, bandit
        self._history = History(store, archive)
        self._rosters = Rosters(store, bandit)
        self._asking: dict[int, tuple[Policy, Time, Asking]] = {}
        self.there = np.ones(len(logged), np.bool_)

    @property
    def gone(self) -> int:
        """How many decisions have no snapshot any more."""
        return int(np.count_nonzero(~self.there))

    def pieces(self, some: Rows | None = None) -> Iterator[Piece]:
        """Each snapshot that decided, prepared as it was, and its decisions: of `some` rows, none for all."""
        for rows, number, version, snapshot in self.snapshots(some):
            policy, created, asking = self._asked(number)
            roster = self._rosters.at(number, version)
            yield rows, asking, prepared_of(policy, roster, snapshot, created)

    def snapshots(
        self, some: Rows | None = None
    ) -> Iterator[tuple[Rows, int, int, Snapshot | None]]:
        """Each snapshot that decided and is there, by declaration and version; none for a prior."""
        logged = self._logged
        whole = np.arange(len(logged)) if some is None else some
        for number, mine in _by(logged.number, whole):
            decided = dict(_by(logged.version, mine))
            for version, snapshot in self._history.each(self._bandit, decided):
                self.there[decided[version]] = snapshot is not None or not version
                if snapshot is not None or not version:
                    yield decided[version], number, version, snapshot

    def _asked(self, number: int) -> tuple[Policy, Time, Asking]:
        """The policy of a declaration, when that was made, and what asks it."""
        if number not in self._asking:
            declared = self._store.declared(self._bandit, number)
            if declared is None:
                raise Corrupt(f"the store must hold declaration {number} of {self._bandit!r}")
            policy = compose(declared.declaration)
            self._asking[number] = policy, declared.created, Asking(self._logged, policy)
        return self._asking[number]


def _by(column: NDArray[np.int64], rows: Rows) -> Iterator[tuple[int, Rows]]:
    """Each value of `column` in `rows`, rising, and those that have it."""
    order = rows[np.argsort(column[rows], kind="stable")]
    values, firsts = np.unique(column[order], return_index=True)
    yield from zip(values.tolist(), np.split(order, firsts[1:]), strict=True)


def prepared_of(
    policy: Policy, roster: Roster, snapshot: Snapshot | None, created: Time
) -> Prepared:
    """What a snapshot, or without one the prior of a declaration `created` then, served among the arms of `roster`."""
    state = policy.init() if snapshot is None else policy.decode(snapshot.state)
    time = created if snapshot is None else snapshot.watermark
    return policy.prepare(state, roster.ids, time, policy.told(roster.features))


def as_logged(logged: Logged, table: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) how far the propensity of the logged arm lies from what was made again; `table` (n, K) is set right.

    In each row the logged arm gets its propensity as logged, and the others what is left, in the ratios that they have;
    where they have none, evenly.
    """
    rows = logged.told.rows
    n = len(logged)
    every = np.arange(n)
    chosen = np.fromiter((logged.places[arm] for arm in rows.arm), np.intp, n)
    apart: NDArray[np.float64] = np.abs(table[every, chosen] - rows.propensity)
    table[every, chosen] = 0.0
    left = 1.0 - rows.propensity
    others = table.sum(axis=1)
    bare = np.flatnonzero((others <= 0.0) & (left > 0.0))
    for row in bare.tolist():
        alike = [logged.places[arm] for arm in logged.sets[logged.among[row]]]
        table[row, [place for place in alike if place != chosen[row]]] = 1.0
    others = table.sum(axis=1)
    table *= np.divide(left, others, out=np.zeros(n), where=others > 0.0)[:, None]
    table[every, chosen] = rows.propensity
    return apart


def apart(
    logged: Logged, store: Store, archive: Archive, bandit: str, most: int = MOST_LOOKED_AT
) -> tuple[int, float]:
    """How many deliveries were made again, and the mean of |logged - again| / max(logged, again); 0 of none.

    Of decisions whose snapshots are kept, some at even distances: nothing is learnt again for it.
    """
    kept = [0, *(one.version for one in store.snapshots(bandit))]
    rows = np.flatnonzero(np.isin(logged.version, kept))
    if not len(rows):
        return 0, 0.0
    taken = np.zeros(len(logged), np.bool_)
    taken[rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(np.intp)]] = True
    some = logged.take(taken)
    again = np.ones((len(some), logged.size))
    for mine, asking, prepared in Remade(some, store, archive, bandit).pieces():
        again[mine] = asking.placed(prepared, mine)
    said = np.ones_like(again)
    deliveries = some.told.rows
    place = np.repeat(np.arange(len(some)), some.sizes), deliveries.position
    said[place] = deliveries.propensity
    differ: NDArray[np.float64] = (np.abs(said - again) / np.maximum(said, again))[place]
    return len(differ), float(differ.mean())
