"""`Placing`: events find their delivery, and deliveries become due.

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
from tamesu.join.asides import Asides
from tamesu.join.calendar import Calendar
from tamesu.join.chains import Chains, Placed
from tamesu.join.clauses import SESSION, SHOWN, Clauses
from tamesu.join.deliveries import Deliveries, block_rows
from tamesu.join.funnels import Funnels
from tamesu.join.level import Level
from tamesu.join.sessions import session_ends
from tamesu.join.tally import Tally

Integers = NDArray[np.int64]


class Due(NamedTuple):
    """What has become due.

    Attributes:
        deliveries: those whose observation 0 is to be given, each once.
        counted: events that counted and are in no row so far, of these and of others given before;
            in log order for each.
    """

    deliveries: Integers
    counted: Placed


class Placing:
    """The deliveries of the open funnels, and the events that reached them.

    Attributes:
        deliveries: their columns.
        open: level of deliveries without observation 0.
    """

    def __init__(
        self, clauses: Clauses, tally: Tally, asides: Asides, funnels: Funnels, held: Level
    ) -> None:
        self._clauses = clauses
        self._tally = tally
        self._asides = asides
        self._funnels = funnels
        self._held = held
        self.deliveries = Deliveries()
        self.open = Level()
        self._unanchored = Chains()  # events that wait for the anchor, by delivery
        self._counted = Chains()  # events that counted and are in no row, by delivery
        self._dues = Calendar()  # deliveries, by due time or before it
        self._stirred: list[Integers] = []  # deliveries of which more counted after observation 0

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
        by_decision = clauses.by_decision[clause]
        last = decided + clauses.within[clause] + clauses.lateness[clause]
        due = np.where(by_decision, decided + clauses.age[clause], last)
        anchor = np.where(by_decision, decided, NO_TIME)
        self.deliveries.begin(rows, owner, rows - np.repeat(first, size), anchor, due)
        self.deliveries.end[rows] = anchor + clauses.gap[clause]
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
            self._asides.orphans(
                events.pick(~there), "its decision has no delivery at its position"
            )
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

    def _start(self, rows: Integers, clause: Integers, anchor: Integers) -> None:
        """Anchors the deliveries `rows` (n,)."""
        self.deliveries.anchor[rows] = anchor
        self.deliveries.end[rows] = anchor + self._clauses.gap[clause]

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
        end = self._ends(events, clause, anchor, time)
        inside = anchored & (anchor <= time) & (time < end)
        late = inside & (events.received >= end + clauses.lateness[clause])
        counts = inside & ~late
        tally.add("events_out_of_window", bandits[anchored & ~inside])
        tally.add("events_late", bandits[late])
        tally.add("events_joined", bandits[counts])
        self._counted.append(deliveries.counted, events.pick(counts))
        given = events.owner[counts & ~deliveries.open[events.owner]]
        if len(given):
            self._stirred.append(given)

    def _ends(self, events: Placed, clause: Integers, anchor: Integers, time: Integers) -> Integers:
        """Until when (n,) events like each of `events` count, as things stand when it comes."""
        clauses = self._clauses
        reach = clauses.reach[clause, events.code]
        end = anchor + reach
        growing = np.flatnonzero((reach == SESSION) & (anchor != NO_TIME))
        if len(growing):
            clause = clause[growing]
            end[growing] = session_ends(
                self.deliveries.end,
                delivery=events.owner[growing],
                time=time[growing],
                received=events.received[growing],
                start=anchor[growing],
                gap=clauses.gap[clause],
                cap=clauses.window[clause],
                lateness=clauses.lateness[clause],
            )
        return end

    def finish(self, watermark: int) -> Due:
        """What is due by `watermark` and was not given; in no order."""
        deliveries, tally = self.deliveries, self._tally
        rows = self._dues.due(watermark)
        rows = rows[deliveries.open[rows]]
        ripe = deliveries.due[rows] <= watermark
        rows = np.concatenate([rows[~ripe], self._unshown(deliveries.distinct(rows[ripe]))])
        ripe = deliveries.due[rows] <= watermark
        self._dues.add(deliveries.due[rows[~ripe]], rows[~ripe])
        rows = rows[ripe]
        bandits = self._bandits(deliveries.funnel[rows])
        observed = deliveries.anchor[rows] != NO_TIME
        tally.add("deliveries_observed", bandits[observed])
        tally.add("deliveries_unshown", bandits[~observed])
        deliveries.open[rows] = False
        self.open.down(bandits)
        stirred = self._stirred
        self._stirred = []
        if stirred:
            given = deliveries.distinct(np.concatenate(stirred))
            return Due(rows, self._counted.take(deliveries.counted, np.concatenate([rows, given])))
        return Due(rows, self._counted.take(deliveries.counted, rows))

    def _unshown(self, rows: Integers) -> Integers:
        """Judges what waits at those of `rows` (n,), all ripe, that no impression came for; gives `rows`."""
        deliveries = self.deliveries
        alone = rows[deliveries.anchor[rows] == NO_TIME]
        waiting = self._unanchored.take(deliveries.waiting, alone)
        if waiting.rows:
            self._held.down(self._bandits(deliveries.funnel[waiting.owner]))
            self._imply(waiting)
        deliveries.open[alone[deliveries.anchor[alone] == NO_TIME]] = False
        if waiting.rows:
            self._join(waiting)
        return rows

    def _imply(self, waiting: Placed) -> None:
        """Where a declaration says so, the first event in time stands for the impression."""
        deliveries, clauses = self.deliveries, self._clauses
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

    def deliveries_of(self, funnels: Integers) -> Integers:
        """Every delivery of `funnels` (n,)."""
        size = self._funnels.size[funnels]
        some = size > 0
        return block_rows(self._funnels.first_delivery[funnels[some]], size[some])

    def give(self, funnels: Integers) -> None:
        """Lets go of the deliveries of `funnels` (n,), of which nothing more can count."""
        size = self._funnels.size[funnels]
        some = size > 0
        self.deliveries.give(self._funnels.first_delivery[funnels[some]], size[some])

    def _bandits(self, funnel: Integers) -> Integers:
        return self._clauses.bandit[self._funnels.clause[funnel]]
