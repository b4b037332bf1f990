"""`Anchoring`: which impression a delivery's window starts at, or what stands for one that did not come.

Refuses to judge rewarding events: `Placing` does, once there is an anchor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base.observations import NO_TIME
from tamesu.join.calendar import Calendar
from tamesu.join.chains import Placed
from tamesu.join.clauses import Clauses
from tamesu.join.deliveries import Deliveries
from tamesu.join.funnels import Funnels
from tamesu.join.tally import Tally

Integers = NDArray[np.int64]


class Anchoring:
    """Gives deliveries their anchor, and with it the moment at which they are due."""

    def __init__(
        self,
        clauses: Clauses,
        tally: Tally,
        funnels: Funnels,
        deliveries: Deliveries,
        dues: Calendar,
    ) -> None:
        self._clauses = clauses
        self._tally = tally
        self._funnels = funnels
        self._deliveries = deliveries
        self._dues = dues

    def show(self, events: Placed) -> Integers:
        """Judges impressions (by delivery); gives the deliveries that have an anchor by them."""
        deliveries, clauses, tally = self._deliveries, self._clauses, self._tally
        funnel = deliveries.funnel[events.owner]
        clause, decided = self._funnels.clause[funnel], self._funnels.decided[funnel]
        bandits = clauses.bandit[clause]
        end = decided + clauses.within[clause]
        inside = (events.time >= decided) & (events.time < end)
        late = inside & (events.received >= end + clauses.lateness[clause])
        good = np.flatnonzero(inside & ~late)
        _, first = np.unique(events.owner[good], return_index=True)
        first = good[first]
        first = first[deliveries.shown[events.owner[first]] == NO_TIME]
        repeat = inside & ~late
        repeat[first] = False
        tally.add("events_out_of_window", bandits[~inside])
        tally.add("events_late", bandits[late])
        tally.add("events_impression", bandits[first])
        tally.add("events_repeat_impression", bandits[repeat])
        rows: Integers = events.owner[first]
        deliveries.shown[rows] = events.time[first]
        deliveries.shown_received[rows] = events.received[first]
        deliveries.shown_offset[rows] = events.offset[first]
        anchors = ~clauses.by_decision[clause[first]]
        rows, clause = rows[anchors], clause[first[anchors]]
        before = deliveries.due[rows]
        self._start(rows, clause, deliveries.shown[rows])
        due = deliveries.due[rows] = deliveries.anchor[rows] + clauses.age[clause]
        sooner = due < before
        self._dues.add(due[sooner], rows[sooner])
        return rows

    def imply(self, waiting: Placed) -> None:
        """Where a declaration says so, the first event in time stands for the impression."""
        deliveries, clauses = self._deliveries, self._clauses
        funnel = deliveries.funnel[waiting.owner]
        clause, decided = self._funnels.clause[funnel], self._funnels.decided[funnel]
        end = decided + clauses.within[clause]
        fit = clauses.implies[clause] & (waiting.time >= decided) & (waiting.time < end)
        fit &= waiting.received < end + clauses.lateness[clause]
        fitting = np.flatnonzero(fit)
        _, first = np.unique(waiting.owner[fitting], return_index=True)
        first = fitting[first]
        rows, clause, time = waiting.owner[first], clause[first], waiting.time[first]
        self._start(rows, clause, time)
        deliveries.shown[rows] = time
        deliveries.due[rows] = np.maximum(deliveries.due[rows], time + clauses.age[clause])

    def _start(self, rows: Integers, clause: Integers, anchor: Integers) -> None:
        """Anchors the deliveries `rows` (n,)."""
        self._deliveries.anchor[rows] = anchor
        self._deliveries.end[rows] = anchor + self._clauses.gap[clause]
