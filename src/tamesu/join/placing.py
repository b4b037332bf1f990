"""`Placing`: events find their delivery, and deliveries become due.

The rules are those of the oracle, each as array operations over what is new. An event that waits
for the anchor of its delivery, and one that counted, lie in `Chains`; due times lie in a
`Calendar`. Refuses to look for a decision, as `State` does, and for an anchor, as `Anchoring` does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base.observations import NO_TIME
from tamesu.base.reward import SKEW_US
from tamesu.join.anchoring import Anchoring
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
        self._anchoring = Anchoring(clauses, tally, funnels, self.deliveries, self._dues)
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
            anchored = self._anchoring.show(events.pick(impressions))
            released = self._unanchored.take(self.deliveries.waiting, anchored)
            self._held.down(self._bandits(self.deliveries.funnel[released.owner]))
            rest = released.then(rest)
        if rest.rows:
            self._join(rest)

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
        deliveries = self.deliveries
        rows = self._dues.due(watermark)
        rows = rows[deliveries.open[rows]]
        ripe = deliveries.due[rows] <= watermark
        self._dues.add(deliveries.due[rows[~ripe]], rows[~ripe])
        rows = deliveries.distinct(rows[ripe])
        self._without_impression(rows[deliveries.anchor[rows] == NO_TIME])
        ripe = deliveries.due[rows] <= watermark
        self._dues.add(deliveries.due[rows[~ripe]], rows[~ripe])
        rows = self._whole(rows[ripe], watermark)
        deliveries.open[rows] = False
        self.open.down(self._bandits(deliveries.funnel[rows]))
        stirred = self._stirred
        self._stirred = []
        if stirred:
            given = deliveries.distinct(np.concatenate(stirred))
            return Due(rows, self._counted.take(deliveries.counted, np.concatenate([rows, given])))
        return Due(rows, self._counted.take(deliveries.counted, rows))

    def _whole(self, rows: Integers, watermark: int) -> Integers:
        """The deliveries `rows` (n,); of a cascade all of its decision, due with the last, or none."""
        deliveries, funnels = self.deliveries, self._funnels
        funnel = deliveries.funnel[rows]
        together = self._clauses.until_click[funnels.clause[funnel]]
        if not together.any():
            return rows
        funnel = np.unique(funnel[together])
        first, size = funnels.first_delivery[funnel], funnels.size[funnel]
        block = block_rows(first, size)
        due = np.maximum.reduceat(deliveries.due[block], np.cumsum(size) - size)
        whole = np.repeat(due <= watermark, size)
        deliveries.due[block[whole]] = np.repeat(due, size)[whole]
        return np.concatenate([rows[~together], block[whole]])

    def _without_impression(self, rows: Integers) -> None:
        """Judges what waits at the deliveries `rows` (n,), for which none can come any more."""
        deliveries = self.deliveries
        waiting = self._unanchored.take(deliveries.waiting, rows)
        self._held.down(self._bandits(deliveries.funnel[waiting.owner]))
        self._anchoring.imply(waiting)
        deliveries.open[rows[deliveries.anchor[rows] == NO_TIME]] = False
        if waiting.rows:
            self._join(waiting)

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
