"""`Settling`: deliveries that are due become rows: observation 0, and its corrections.

Each event that counts and is not in observation 0 makes a correction if it changes the reward or a
term. What a delivery came to so far lies in `Totals`, so that an event is looked at once. Refuses to
judge what counts, and when a delivery is due: `Placing` does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base.grid import to_grid
from tamesu.base.observations import NO_REWARD, NO_TIME
from tamesu.join.chains import Placed
from tamesu.join.clauses import Clauses
from tamesu.join.deliveries import Deliveries
from tamesu.join.funnels import Funnels
from tamesu.join.placing import Due
from tamesu.join.terms import Along, rewards_along
from tamesu.join.totals import NO_TOTAL, Totals

Integers = NDArray[np.int64]


class Rows(NamedTuple):
    """Rows of one declaration, n in no order.

    Attributes:
        clause: its number in `Clauses`.
        delivery, correction, reward, previous, closed, accepted, shown: (n,), the last five as in
            `Observations`.
        terms: by event type (n,).
    """

    clause: int
    delivery: Integers
    correction: Integers
    reward: Integers
    previous: Integers
    closed: Integers
    accepted: Integers
    shown: Integers
    terms: dict[str, Integers]

    def then(self, more: Rows) -> Rows:
        """These rows and `more` of the same declaration."""
        return Rows(
            self.clause,
            np.concatenate([self.delivery, more.delivery]),
            np.concatenate([self.correction, more.correction]),
            np.concatenate([self.reward, more.reward]),
            np.concatenate([self.previous, more.previous]),
            np.concatenate([self.closed, more.closed]),
            np.concatenate([self.accepted, more.accepted]),
            np.concatenate([self.shown, more.shown]),
            {name: np.concatenate([one, more.terms[name]]) for name, one in self.terms.items()},
        )


class Settling:
    """What the deliveries in hand came to, and the rows they give."""

    def __init__(self, clauses: Clauses, funnels: Funnels, deliveries: Deliveries) -> None:
        self._clauses = clauses
        self._funnels = funnels
        self._deliveries = deliveries
        self._totals: list[Totals] = []

    @property
    def totals(self) -> int:
        """How many deliveries may be corrected, and had an event that counted."""
        return sum(map(len, self._totals))

    def settle(self, due: Due) -> list[Rows]:
        """The rows that `due` makes, declaration by declaration."""
        first, counted = self._clause(due.deliveries), self._clause(due.counted.owner)
        settled: list[Rows] = []
        for number in np.flatnonzero(np.bincount(np.concatenate([first, counted]))).tolist():
            moved = self._moved(number, due.counted.pick(counted == number))
            rest = due.deliveries[first == number]
            still = self._still(number, rest[self._deliveries.given[rest] == 0])
            settled.append(still if moved is None else still.then(moved))
        return settled

    def give(self, rows: Integers) -> None:
        """Forgets what the deliveries `rows` (n,) came to."""
        rows = rows[self._deliveries.total[rows] != NO_TOTAL]
        if not len(rows):
            return
        clause = self._clause(rows)
        numbers: list[int] = np.unique(clause).tolist()
        for number in numbers:
            self._totals[number].give(self._deliveries.total[rows[clause == number]])

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
            reward=np.where(observed, to_grid(reward.default), 0),
            previous=np.full(len(rows), NO_REWARD, dtype=np.int64),
            closed=deliveries.due[rows],
            accepted=np.full(len(rows), NO_TIME, dtype=np.int64),
            shown=self._shown_at_first(number, rows),
            terms=dict.fromkeys(reward.events, none),
        )

    def _moved(self, number: int, events: Placed) -> Rows | None:
        """The rows of deliveries of which more events counted."""
        if not events.rows:
            return None
        deliveries, clauses = self._deliveries, self._clauses
        moved = np.unique(events.owner)
        settles = deliveries.given[events.owner] == 0
        settles &= events.received < deliveries.anchor[events.owner] + clauses.cut[number]
        order = np.lexsort((events.offset, ~settles, events.owner))
        events, settles = events.pick(order), settles[order]
        owner = np.searchsorted(moved, events.owner)
        along = self._along(number, moved, owner, events)

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
        accepted = _newest(accepted, np.repeat(np.arange(len(moved)), _counts(along)))[steps]
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
            reward=along.reward[steps],
            previous=np.where(zero, NO_REWARD, along.reward[steps - 1]),
            closed=closed,
            accepted=accepted,
            shown=np.where(
                zero,
                self._shown_at_first(number, delivery),
                self._shown_by(number, delivery, offset[steps]),
            ),
            terms={name: column[steps] for name, column in along.terms.items()},
        )
        deliveries.given[delivery] = rows.correction + 1
        deliveries.due[delivery] = closed
        return rows

    def _along(self, number: int, moved: Integers, owner: Integers, events: Placed) -> Along:
        """The rewards of `moved` along `events`; what they came to is kept if more may come."""
        while len(self._totals) <= number:
            reward = self._clauses.rewards[len(self._totals)]
            self._totals.append(Totals(len(reward.events)))
        totals, total = self._totals[number], self._deliveries.total
        mine = total[moved]
        along = rewards_along(
            self._clauses.rewards[number],
            heard=mine != NO_TOTAL,
            high=totals.high[mine],
            low=totals.low[mine],
            owner=owner,
            term=events.code - 1,
            value=events.value,
        )
        if self._clauses.early[number]:
            mine[mine == NO_TOTAL] = totals.take(int(np.count_nonzero(mine == NO_TOTAL)))
            total[moved] = mine
            totals.high[mine], totals.low[mine] = along.high, along.low
        return along

    def _shown_at_first(self, number: int, rows: Integers) -> Integers:
        """`shown` of observation 0: of an early one, if it was known by then."""
        deliveries, clauses = self._deliveries, self._clauses
        shown = deliveries.shown[rows]
        if not (clauses.by_decision[number] and clauses.early[number]):
            return shown
        known = deliveries.shown_received[rows] < deliveries.anchor[rows] + clauses.cut[number]
        return np.where(known, shown, NO_TIME)

    def _shown_by(self, number: int, rows: Integers, offset: Integers) -> Integers:
        """`shown` of corrections made by the events at `offset` (n,): if it was known by then."""
        shown = self._deliveries.shown[rows]
        if not self._clauses.by_decision[number]:
            return shown
        return np.where(self._deliveries.shown_offset[rows] < offset, shown, NO_TIME)

    def _clause(self, rows: Integers) -> Integers:
        return self._funnels.clause[self._deliveries.funnel[rows]]


def _counts(along: Along) -> Integers:
    """How many steps (m,) each delivery has."""
    return np.diff(np.append(along.heads, len(along.reward)))


def _newest(times: Integers, owner: Integers) -> Integers:
    """The largest of `times` (n,) so far, for each owner (n,), rising, by itself."""
    order = np.argsort(times, kind="stable")
    rank = np.empty(len(times), dtype=np.int64)
    rank[order] = np.arange(len(times))
    reached = np.maximum.accumulate(rank + owner * len(times)) - owner * len(times)
    newest: Integers = times[order][reached]
    return newest
