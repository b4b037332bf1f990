"""`Settling`: deliveries that are due become rows: observation 0, and its corrections.

Each event that counts and is not in observation 0 makes a correction if it changes the reward or a
term. What a delivery came to so far lies in `Totals`, so that an event is looked at once. Refuses to
judge what counts, and when a delivery is due: `Placing` does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Outcome
from tamesu.base.grid import to_grid
from tamesu.base.observations import NO_REWARD, NO_TIME
from tamesu.join.chains import Placed
from tamesu.join.clauses import Clauses
from tamesu.join.deliveries import Deliveries
from tamesu.join.examining import Examining
from tamesu.join.funnels import Funnels
from tamesu.join.placing import Due
from tamesu.join.settled import Rows, newest, replaced
from tamesu.join.shown import cut_of, shown_at_first, shown_by
from tamesu.join.tally import Tally
from tamesu.join.terms import Along
from tamesu.join.totals import NO_TOTAL, AllTotals

Integers = NDArray[np.int64]


class Settling:
    """What the deliveries in hand came to, and the rows they give."""

    def __init__(
        self, clauses: Clauses, tally: Tally, funnels: Funnels, deliveries: Deliveries
    ) -> None:
        self._clauses = clauses
        self._tally = tally
        self._funnels = funnels
        self._deliveries = deliveries
        self._totals = AllTotals(clauses)
        self._examining = Examining(clauses, tally, funnels, deliveries, self._totals)

    @property
    def totals(self) -> int:
        """How many deliveries may be corrected, and had an event that counted."""
        return len(self._totals)

    def settle(self, due: Due) -> list[Rows]:
        """The rows that `due` makes, declaration by declaration."""
        first, counted = self._clause(due.deliveries), self._clause(due.counted.owner)
        settled: list[Rows] = []
        for number in np.flatnonzero(np.bincount(np.concatenate([first, counted]))).tolist():
            events = due.counted.pick(counted == number)
            rest = due.deliveries[first == number]
            if self._clauses.until_click[number]:
                rows = self._examining.settle(number, rest, events)
            else:
                moved = self._moved(number, events)
                rows = self._still(number, rest[self._deliveries.given[rest] == 0])
                rows = rows if moved is None else rows.then(moved)
            rows.count_first(self._tally, int(self._clauses.bandit[number]))
            settled.append(rows)
        return settled

    def give(self, rows: Integers) -> None:
        """Forgets what the deliveries `rows` (n,) came to."""
        rows = rows[self._deliveries.total[rows] != NO_TOTAL]
        if not len(rows):
            return
        clause = self._clause(rows)
        numbers: list[int] = np.unique(clause).tolist()
        for number in numbers:
            self._totals.give(number, self._deliveries.total[rows[clause == number]])

    def _still(self, number: int, rows: Integers) -> Rows:
        """Observation 0 of deliveries of which nothing counted."""
        deliveries = self._deliveries
        reward = self._clauses.rewards[number]
        observed = deliveries.anchor[rows] != NO_TIME
        none = np.zeros(len(rows), dtype=np.int64)
        deliveries.given[rows] = 1
        return Rows(
            number,
            delivery=rows,
            correction=none,
            outcome=np.where(observed, np.int64(Outcome.OBSERVED), np.int64(Outcome.UNSHOWN)),
            reward=np.where(observed, to_grid(reward.default), 0),
            previous=np.full(len(rows), NO_REWARD, dtype=np.int64),
            closed=deliveries.due[rows],
            accepted=np.full(len(rows), NO_TIME, dtype=np.int64),
            shown=shown_at_first(self._clauses, deliveries, number, rows),
            terms=dict.fromkeys(reward.events, none),
            before=dict.fromkeys(reward.events if reward.by_term else (), none),
        )

    def _moved(self, number: int, events: Placed) -> Rows | None:
        """The rows of deliveries of which more events counted."""
        if not events.rows:
            return None
        deliveries, clauses = self._deliveries, self._clauses
        moved = np.unique(events.owner)
        settles = deliveries.given[events.owner] == 0
        settles &= events.received < cut_of(clauses, deliveries, number, events.owner)
        order = np.lexsort((events.offset, ~settles, events.owner))
        events, settles = events.pick(order), settles[order]
        owner = np.searchsorted(moved, events.owner)
        along = self._totals.along(number, deliveries.total, moved, owner, events)

        # Of each delivery the step that observation 0 stands on, and the later ones that change it.
        new = deliveries.given[moved] == 0
        base = along.heads + np.bincount(owner[settles], minlength=len(moved))
        change = np.zeros(len(along.reward), dtype=np.bool_)
        for column in (along.reward, *along.terms.values()):
            change[1:] |= column[1:] != column[:-1]
        later = along.steps[~settles]
        steps = np.concatenate([base[new], later[change[later]]])
        row = np.concatenate([np.flatnonzero(new), owner[~settles][change[later]]])
        order = np.argsort(steps)
        steps, row = steps[order], row[order]
        zero = new[row] & (steps == base[row])

        accepted = np.full(len(along.reward), NO_TIME, dtype=np.int64)
        accepted[along.steps] = events.received
        accepted = newest(accepted, np.repeat(np.arange(len(moved)), _counts(along)))[steps]
        offset = np.zeros(len(along.reward), dtype=np.int64)
        offset[along.steps] = events.offset
        delivery = moved[row]
        closed = np.where(zero, NO_TIME, accepted)
        closed = np.maximum(closed, deliveries.due[delivery])
        starts = np.searchsorted(row, np.arange(len(moved)))
        rows = Rows(
            number,
            delivery=delivery,
            correction=deliveries.given[delivery] + np.arange(len(row)) - starts[row],
            outcome=np.full(len(row), Outcome.OBSERVED, dtype=np.int64),
            reward=along.reward[steps],
            previous=np.where(zero, NO_REWARD, along.reward[steps - 1]),
            closed=closed,
            accepted=accepted,
            shown=np.where(
                zero,
                shown_at_first(clauses, deliveries, number, delivery),
                shown_by(clauses, deliveries, number, delivery, offset[steps]),
            ),
            terms={name: column[steps] for name, column in along.terms.items()},
            before=replaced(clauses.rewards[number], along.terms, steps - 1, zero),
        )
        deliveries.given[delivery] = rows.correction + 1
        deliveries.due[delivery] = closed
        return rows

    def _clause(self, rows: Integers) -> Integers:
        return self._funnels.clause[self._deliveries.funnel[rows]]


def _counts(along: Along) -> Integers:
    """How many steps (m,) each delivery has."""
    return np.diff(np.append(along.heads, len(along.reward)))
