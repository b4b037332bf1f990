"""`Placing`: events find their delivery, and deliveries become final.

The rules are those of the oracle, each as array operations over what is new. An event that waits
for the anchor of its delivery, and one that counted, lie in `Chains`; due times lie in a
`Calendar`. Refuses to look for a decision: `State` does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base.observations import NO_TIME
from tamesu.base.reward import SKEW_US
from tamesu.join.calendar import Calendar
from tamesu.join.chains import Chains, Placed
from tamesu.join.clauses import SHOWN, Clauses
from tamesu.join.deliveries import Deliveries, block_rows
from tamesu.join.funnels import Funnels
from tamesu.join.level import Level
from tamesu.join.tally import Tally

Integers = NDArray[np.int64]


class Final(NamedTuple):
    """Deliveries that are final, and the events that counted for them, in log order."""

    deliveries: Integers
    counted: Placed


class Placing:
    """The deliveries of the open funnels, and the events that reached them.

    Attributes:
        deliveries: their columns.
        open: level of deliveries that are not final.
    """

    def __init__(self, clauses: Clauses, tally: Tally, funnels: Funnels, held: Level) -> None:
        self._clauses = clauses
        self._tally = tally
        self._funnels = funnels
        self._held = held
        self.deliveries = Deliveries()
        self.open = Level()
        self._unanchored = Chains()  # events that wait for the anchor, by delivery
        self._counted = Chains()  # events that counted, by delivery
        self._dues = Calendar()  # deliveries, by due time

    @property
    def waiting(self) -> int:
        """How many events and dates lie here."""
        return len(self._unanchored) + len(self._counted) + len(self._dues)

    def begin(self, funnel: Integers, size: Integers) -> None:
        """Starts the deliveries of accepted decisions."""
        funnels, clauses = self._funnels, self._clauses
        first = np.zeros(len(funnel), dtype=np.int64)
        for length in np.flatnonzero(np.bincount(size)).tolist():
            mine = size == length
            first[mine] = self.deliveries.take(int(np.count_nonzero(mine)), length)
        funnels.first_delivery[funnel] = first
        funnels.size[funnel] = size
        rows = block_rows(first, size)
        owner = np.repeat(funnel, size)
        clause, decided = funnels.clause[owner], funnels.decided[owner]
        due = decided + clauses.within[clause] + clauses.lateness[clause]
        anchor = np.where(clauses.by_decision[clause], decided, NO_TIME)
        self.deliveries.begin(rows, owner, rows - np.repeat(first, size), anchor, due)
        self._dues.add(due, rows)
        self.open.up(clauses.bandit[clause])

    def place(self, events: Placed) -> None:
        """Gives events with a known decision (by funnel) to their deliveries."""
        funnels = self._funnels
        place = events.position
        if funnels.odd:
            place = np.array(
                [
                    funnels.odd[funnel].get(position, -1) if funnel in funnels.odd else position
                    for funnel, position in zip(events.owner.tolist(), place.tolist(), strict=True)
                ],
                dtype=np.int64,
            )
        there = (place >= 0) & (place < funnels.size[events.owner])
        if not there.all():
            self._tally.add("events_orphan", self._bandits(events.owner[~there]))
            events, place = events.pick(there), place[there]
        events = events.at(funnels.first_delivery[events.owner] + place)
        impressions = events.code == SHOWN
        rest = events.pick(~impressions)
        if impressions.any():
            anchored = self._show(events.pick(impressions))
            released = self._unanchored.take(self.deliveries.waiting, anchored)
            self._held.down(self._bandits(self.deliveries.funnel[released.owner]))
            rest = released.then(rest)
        if rest.rows:
            self._join(rest)

    def _show(self, events: Placed) -> Integers:
        """Judges impressions (by delivery); gives the deliveries that have an anchor by them."""
        deliveries, clauses, tally = self.deliveries, self._clauses, self._tally
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
        deliveries.shown[events.owner[first]] = events.time[first]
        first = first[~clauses.by_decision[clause[first]]]
        rows: Integers = events.owner[first]
        anchor, clause = events.time[first], clause[first]
        deliveries.anchor[rows] = anchor
        deliveries.due[rows] = anchor + clauses.window[clause] + clauses.lateness[clause]
        self._dues.add(deliveries.due[rows], rows)
        return rows

    def _join(self, events: Placed) -> None:
        """Judges rewarding events (by delivery): they count, wait for an anchor, or do neither."""
        deliveries, clauses, tally = self.deliveries, self._clauses, self._tally
        clause = self._funnels.clause[deliveries.funnel[events.owner]]
        bandits = clauses.bandit[clause]
        anchor = deliveries.anchor[events.owner]
        anchored = anchor != NO_TIME
        waits = ~anchored & deliveries.open[events.owner]
        if not anchored.all():
            tally.add("events_unseen", bandits[~anchored & ~waits])
            self._unanchored.append(deliveries.waiting, events.pick(waits))
            self._held.up(bandits[waits])
        time = np.where(
            (anchor - SKEW_US <= events.time) & (events.time < anchor), anchor, events.time
        )
        end = anchor + clauses.window[clause]
        inside = anchored & (anchor <= time) & (time < end)
        late = inside & (events.received >= end + clauses.lateness[clause])
        counts = inside & ~late
        tally.add("events_out_of_window", bandits[anchored & ~inside])
        tally.add("events_late", bandits[late])
        tally.add("events_joined", bandits[counts])
        self._counted.append(deliveries.counted, events.pick(counts))

    def finish(self, watermark: int) -> Final:
        """Makes every delivery final that is due by `watermark`; each once, in no order."""
        deliveries, tally = self.deliveries, self._tally
        rows = self._dues.due(watermark)
        rows = deliveries.distinct(
            rows[deliveries.open[rows] & (deliveries.due[rows] <= watermark)]
        )
        bandits = self._bandits(deliveries.funnel[rows])
        observed = deliveries.anchor[rows] != NO_TIME
        tally.add("deliveries_observed", bandits[observed])
        tally.add("deliveries_unshown", bandits[~observed])
        unseen = self._unanchored.take(deliveries.waiting, rows[~observed])
        unseen_bandits = self._bandits(deliveries.funnel[unseen.owner])
        tally.add("events_unseen", unseen_bandits)
        self._held.down(unseen_bandits)
        deliveries.open[rows] = False
        self.open.down(bandits)
        return Final(rows, self._counted.take(deliveries.counted, rows))

    def give(self, funnels: Integers) -> None:
        """Lets go of the deliveries of `funnels` (n,), all of them final."""
        size = self._funnels.size[funnels]
        some = size > 0
        self.deliveries.give(self._funnels.first_delivery[funnels[some]], size[some])

    def _bandits(self, funnel: Integers) -> Integers:
        return self._clauses.bandit[self._funnels.clause[funnel]]
