"""`Examining`: the deliveries of a cascade become rows, decision by decision.

Observation 0 of all deliveries of a decision comes at once, and each later event may change what any of
them taught: a click further up makes what lies below it unexamined. Refuses to judge what counts, and when
a decision is due: `Placing` does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Outcome
from tamesu.base.grid import to_grid
from tamesu.base.observations import NO_REWARD, NO_TIME
from tamesu.join.chains import Placed
from tamesu.join.clauses import NEVER, Clauses
from tamesu.join.deliveries import Deliveries, block_rows
from tamesu.join.funnels import Funnels
from tamesu.join.settled import Rows, move, newest, replaced
from tamesu.join.shown import cut_of, shown_at_first, shown_by
from tamesu.join.tally import Tally
from tamesu.join.totals import AllTotals

Integers = NDArray[np.int64]


class _Cells(NamedTuple):
    """How c deliveries stood at every moment of their decisions, delivery by delivery.

    A decision has its first moment, at which its observations 0 are made or before which they were, and
    one after each later event of any of its deliveries.

    Attributes:
        row: (c,) place of the delivery among those touched, rising.
        moment: (c,) number of the moment, rising for each delivery.
        first: (c,) whether it is the first moment.
        event: (c,) number of the event that made the moment; of a first moment any.
    """

    row: Integers
    moment: Integers
    first: NDArray[np.bool_]
    event: Integers


class Examining:
    """What deliveries of cascades came to; see the module."""

    def __init__(
        self,
        clauses: Clauses,
        tally: Tally,
        funnels: Funnels,
        deliveries: Deliveries,
        totals: AllTotals,
    ) -> None:
        self._clauses = clauses
        self._tally = tally
        self._funnels = funnels
        self._deliveries = deliveries
        self._totals = totals

    def settle(self, number: int, due: Integers, events: Placed) -> Rows:
        """The rows of one declaration.

        Args:
            number: of the declaration.
            due: (m,) deliveries whose observation 0 is to be given, all of a decision or none.
            events: that counted and are in no row so far, of these and of others.
        """
        deliveries, clauses = self._deliveries, self._clauses
        funnel = np.unique(deliveries.funnel[np.concatenate([due, events.owner])])
        size = self._funnels.size[funnel]
        rows = block_rows(self._funnels.first_delivery[funnel], size)
        sorter = np.argsort(rows)
        owner = sorter[np.searchsorted(rows, events.owner, sorter=sorter)]
        new = deliveries.given[rows] == 0
        settles = new[owner] & (events.received < cut_of(clauses, deliveries, number, events.owner))
        order = np.lexsort((events.offset, ~settles, owner))
        owner, events, settles = owner[order], events.pick(order), settles[order]
        along = self._totals.along(number, deliveries.total, rows, owner, events)

        # Every delivery at every moment: the step it stands on, and how it would end there.
        later = np.flatnonzero(~settles)
        decision = np.repeat(np.arange(len(funnel)), size)
        cells, places = _cells(decision, decision[owner[later]], owner[later], events.offset[later])
        step = np.zeros(len(cells.row), dtype=np.int64)
        step[cells.first] = along.heads + np.bincount(owner[settles], minlength=len(rows))
        step[places] = along.steps[later]
        step = np.maximum.accumulate(step)  # the steps of one delivery lie behind those before it
        reward = along.reward[step]
        shown = (deliveries.anchor[rows] != NO_TIME)[cells.row]
        clicked = shown & (reward > to_grid(clauses.rewards[number].default))
        position = self._positions(rows)[cells.row]
        outcome = _outcomes(cells.moment, position, shown, clicked)
        reward = np.where(outcome == Outcome.OBSERVED, reward, 0)
        terms = {name: term[step] for name, term in along.terms.items()}

        # Where that is something else than before, or the first that is said, there is a row.
        changed = _changed(outcome, reward, *terms.values())
        changed[cells.first] = new
        told = np.flatnonzero(changed)
        zero, row = cells.first[told], cells.row[told]
        before = np.maximum(told - 1, 0)
        self._count(int(clauses.bandit[number]), outcome[told[~zero]], outcome[before[~zero]])

        delivery = rows[row]
        event = later[cells.event[told]] if len(later) else np.zeros(len(told), dtype=np.int64)
        by = np.full(len(told), NO_TIME, dtype=np.int64)
        by[~zero] = events.received[event[~zero]]
        offset = np.zeros(len(told), dtype=np.int64)
        offset[~zero] = events.offset[event[~zero]]
        first = np.full(len(rows), NO_TIME, dtype=np.int64)
        np.maximum.at(first, owner[settles], events.received[settles])
        starts = np.searchsorted(row, np.arange(len(rows)))
        examined = zero | (outcome[before] != Outcome.OBSERVED)
        made = Rows(
            number,
            delivery=delivery,
            correction=deliveries.given[delivery] + np.arange(len(told)) - starts[row],
            outcome=outcome[told],
            reward=reward[told],
            previous=np.where(examined, NO_REWARD, reward[before]),
            closed=np.maximum(newest(by, row), deliveries.due[delivery]),
            accepted=np.where(zero, first[row], by),
            shown=np.where(
                zero,
                shown_at_first(clauses, deliveries, number, delivery),
                shown_by(clauses, deliveries, number, delivery, offset),
            ),
            terms={name: term[told] for name, term in terms.items()},
            before=replaced(clauses.rewards[number], terms, before, examined),
        )
        deliveries.given[delivery] = made.correction + 1
        deliveries.due[delivery] = made.closed
        return made

    def _count(self, bandit: int, now: Integers, before: Integers) -> None:
        """Moves deliveries of a bandit that ended as `before` (n,) to how they end `now` (n,)."""
        moved = now != before
        count = np.bincount(now[moved], minlength=len(Outcome))
        count -= np.bincount(before[moved], minlength=len(Outcome))
        move(self._tally, bandit, count)

    def _positions(self, rows: Integers) -> Integers:
        """The positions (n,) of the deliveries `rows` (n,)."""
        place = self._deliveries.place[rows]
        odd = self._funnels.odd
        if not odd:
            return place
        funnel: list[int] = self._deliveries.funnel[rows].tolist()
        at = {one: {place: position for position, place in odd[one].items()} for one in odd}
        listed = zip(funnel, place.tolist(), strict=True)
        return np.array([at[one][place] if one in at else place for one, place in listed], np.int64)


def _cells(
    decision: Integers, owner_decision: Integers, owner: Integers, offset: Integers
) -> tuple[_Cells, Integers]:
    """The cells of m deliveries, and at which of them the deliveries of n later events move.

    Args:
        decision: (m,) of each delivery, rising from 0.
        owner_decision: (n,) the decision of each event.
        owner: (n,) its delivery.
        offset: (n,) its place in the log.
    """
    decisions = int(decision[-1]) + 1 if len(decision) else 0
    order = np.lexsort((offset, owner_decision))
    events = np.bincount(owner_decision, minlength=decisions)
    starts = np.cumsum(events) - events
    rank = np.empty(len(owner), dtype=np.int64)
    rank[order] = np.arange(len(owner)) - starts[owner_decision[order]] + 1
    moments = (events + 1)[decision]
    begins = np.cumsum(moments) - moments
    row = np.repeat(np.arange(len(decision)), moments)
    since = np.arange(len(row)) - begins[row]
    of = decision[row]
    event = np.zeros(len(row), dtype=np.int64)
    event[since > 0] = order[(starts[of] + since - 1)[since > 0]]
    moment = (starts + np.arange(decisions))[of] + since
    return _Cells(row, moment, since == 0, event), begins[owner] + rank


def _outcomes(
    moment: Integers, position: Integers, shown: NDArray[np.bool_], clicked: NDArray[np.bool_]
) -> Integers:
    """(c,) how deliveries end: at each moment those below the first click are unexamined."""
    lowest = np.full(int(moment.max(initial=-1)) + 1, NEVER, dtype=np.int64)
    np.minimum.at(lowest, moment[clicked], position[clicked])
    return np.where(
        shown & (position > lowest[moment]),
        np.int64(Outcome.UNEXAMINED),
        np.where(shown, np.int64(Outcome.OBSERVED), np.int64(Outcome.UNSHOWN)),
    )


def _changed(*columns: Integers) -> NDArray[np.bool_]:
    """(n,) whether any column has another value than in the row before."""
    changed = np.zeros(len(columns[0]), dtype=np.bool_)
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed
