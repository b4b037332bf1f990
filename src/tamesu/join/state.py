"""`State`: the open funnels of a join, and the rules by which records move through them.

The rules are those of the oracle, each as array operations over the new records only. What waits for its
decision or its anchor lies in `Chains`; what has a date lies in a `Calendar`; so neither a push nor a
settling ever looks at the whole state. Refuses to read bytes and to build observations.
"""

from __future__ import annotations

from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base.observations import NO_TIME
from tamesu.base.reward import AHEAD_US, CLOCK_SKEW_US, SKEW_US
from tamesu.join.arrivals import DecisionArrivals, EventArrivals
from tamesu.join.calendar import Calendar
from tamesu.join.chains import Chains, Placed
from tamesu.join.clauses import IGNORED, SHOWN, Clauses
from tamesu.join.deliveries import Deliveries, block_rows
from tamesu.join.funnels import Funnels
from tamesu.join.level import Level
from tamesu.join.tally import Tally

Integers = NDArray[np.int64]


class Final(NamedTuple):
    """Deliveries that are final, and the events that counted for them, in log order."""

    deliveries: Integers
    counted: Placed


class State:
    """Open funnels; see the module.

    Attributes:
        open: level of deliveries that are not final.
        held: level of events whose place is open.
    """

    def __init__(self, clauses: Clauses, tally: Tally, partitions: int) -> None:
        self._clauses = clauses
        self._tally = tally
        self.funnels = Funnels(partitions)
        self.deliveries = Deliveries()
        self.open = Level()
        self.held = Level()
        self._early = Chains()  # events that wait for their decision, by funnel
        self._unanchored = Chains()  # events that wait for the anchor, by delivery
        self._counted = Chains()  # events that counted, by delivery
        self._dues = Calendar()  # deliveries, by due time
        self._last_moments = Calendar()  # funnels, by F, then by when they close

    # Records ------------------------------------------------------------------------------------

    def accept(self, arrivals: DecisionArrivals) -> Integers:
        """Takes in decisions; gives the funnels it opened."""
        funnels, clauses = self.funnels, self._clauses
        bandits = clauses.bandit[arrivals.clause]
        fresh, funnel = self._first_of(arrivals)
        if not fresh.all():
            self._tally.add("decisions_duplicate", bandits[~fresh])
        rows = np.flatnonzero(fresh)
        funnel = funnel[rows]
        clause, decided = arrivals.clause[rows], arrivals.decided[rows]
        new = funnel < 0
        keys = [arrivals.key[row] for row in rows[new].tolist()]
        opened = self._open(
            keys,
            clause[new],
            decided[new],
            arrivals.partition[rows[new]],
            arrivals.offset[rows[new]],
        )
        funnel[new] = opened
        accepted = list(compress(arrivals.decision, fresh.tolist()))
        funnels.decision[funnel] = np.fromiter(accepted, dtype=np.object_, count=len(accepted))
        for row in np.flatnonzero(fresh & arrivals.odd).tolist():
            place = funnels.index[arrivals.key[row]]
            funnels.odd[place] = {
                delivery.position: order
                for order, delivery in enumerate(arrivals.decision[row].deliveries)
            }
        self._tally.add("decisions_accepted", bandits[rows])
        self._tally.add_many("deliveries_made", bandits[rows], arrivals.size[rows])
        self._deliver(funnel, arrivals.size[rows])
        in_time = arrivals.received[rows] < decided + clauses.span[clause]
        funnels.joins[funnel] = in_time
        waited = funnel[in_time & ~new]
        if len(waited):
            early = self._early.take(funnels.waiting, waited)
            self.held.down(self._bandits(early.owner))
            self._place(early)
        return opened

    def _first_of(self, arrivals: DecisionArrivals) -> tuple[NDArray[np.bool_], Integers]:
        """Which decisions (n,) are the first of their id, and their funnels (n,), -1 for none yet."""
        decision = self.funnels.decision
        funnel = self.funnels.find(arrivals.key)
        fresh = np.ones(len(funnel), dtype=np.bool_)
        if (funnel >= 0).any() or len(set(arrivals.key)) < len(funnel):
            met: set[str] = set()
            for row, (key, place) in enumerate(zip(arrivals.key, funnel.tolist(), strict=True)):
                fresh[row] = key not in met and (place < 0 or decision[place] is None)
                met.add(key)
        return fresh, funnel

    def _deliver(self, funnel: Integers, size: Integers) -> None:
        """Starts the deliveries of accepted decisions."""
        funnels, clauses = self.funnels, self._clauses
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

    def hear(self, arrivals: EventArrivals) -> Integers:
        """Takes in events; gives the funnels it opened."""
        clauses, tally = self._clauses, self._tally
        received, decided = arrivals.received, arrivals.decided
        bandits = clauses.bandit[arrivals.clause]
        code = clauses.codes[arrivals.clause, arrivals.type_id]
        too_old = arrivals.timed & (arrivals.time < received - clauses.late[arrivals.clause])
        ignored = ~too_old & (code == IGNORED)
        in_time = received < decided + clauses.span[arrivals.clause]
        rows = np.flatnonzero(in_time)
        funnel, opened = self._funnels_of(arrivals, rows)
        first = np.ones(len(received), dtype=np.bool_)
        first[rows] = self.funnels.first_heard(
            funnel, [arrivals.event_id[row] for row in rows.tolist()]
        )
        tally.add("events_late", bandits[~in_time & ~too_old & ~ignored])
        tally.add("events_duplicate", bandits[~first])
        tally.add("events_too_old", bandits[first & too_old])
        tally.add("events_ignored_type", bandits[first & ignored])

        believed = arrivals.timed & (arrivals.time <= received + AHEAD_US)
        time = np.where(believed, arrivals.time, received)
        time = np.where((decided - SKEW_US <= time) & (time < decided), decided, time)
        kept = (first & ~too_old & ~ignored)[rows]
        rows, funnel = rows[kept], funnel[kept]
        events = Placed(
            owner=funnel,
            position=arrivals.position[rows],
            code=code[rows],
            time=time[rows],
            received=received[rows],
            value=arrivals.value[rows],
        )
        joins = self.funnels.joins[funnel]
        if not joins.all():
            self._early.append(self.funnels.waiting, events.pick(~joins))
            self.held.up(bandits[rows[~joins]])
            events = events.pick(joins)
        self._place(events)
        return opened

    def _funnels_of(self, arrivals: EventArrivals, rows: Integers) -> tuple[Integers, Integers]:
        """The funnels (n,) of the events `rows` (n,), and those that had to be opened."""
        funnel = arrivals.funnel[rows]
        new = np.flatnonzero(funnel < 0)
        first: dict[str, int] = {}
        for row in rows[new].tolist():
            first.setdefault(arrivals.key[row], row)
        chosen = np.array(list(first.values()), dtype=np.int64)
        opened = self._open(
            list(first),
            arrivals.clause[chosen],
            arrivals.decided[chosen],
            arrivals.partition[chosen],
            arrivals.offset[chosen],
        )
        funnel[new] = self.funnels.find([arrivals.key[row] for row in rows[new].tolist()])
        np.minimum.at(self.funnels.first_offset, funnel, arrivals.offset[rows])
        return funnel, opened

    def _open(
        self,
        keys: list[str],
        clause: Integers,
        decided: Integers,
        partition: Integers,
        offset: Integers,
    ) -> Integers:
        if not keys:
            return np.empty(0, dtype=np.int64)
        opened = self.funnels.open(keys, clause, decided, partition, offset)
        self._last_moments.add(decided + self._clauses.span[clause], opened)
        return opened

    # Events find their place --------------------------------------------------------------------

    def _place(self, events: Placed) -> None:
        """Gives events with a known decision (by funnel) to their deliveries."""
        funnels = self.funnels
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
            self.held.down(self._bandits(self.deliveries.funnel[released.owner]))
            rest = released.then(rest)
        if rest.rows:
            self._join(rest)

    def _show(self, events: Placed) -> Integers:
        """Judges impressions (by delivery); gives the deliveries that have an anchor by them."""
        deliveries, clauses, tally = self.deliveries, self._clauses, self._tally
        funnel = deliveries.funnel[events.owner]
        clause, decided = self.funnels.clause[funnel], self.funnels.decided[funnel]
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
        clause = self.funnels.clause[deliveries.funnel[events.owner]]
        bandits = clauses.bandit[clause]
        anchor = deliveries.anchor[events.owner]
        anchored = anchor != NO_TIME
        waits = ~anchored & deliveries.open[events.owner]
        if not anchored.all():
            tally.add("events_unseen", bandits[~anchored & ~waits])
            self._unanchored.append(deliveries.waiting, events.pick(waits))
            self.held.up(bandits[waits])
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

    # Time ---------------------------------------------------------------------------------------

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
        self.held.down(unseen_bandits)
        deliveries.open[rows] = False
        self.open.down(bandits)
        return Final(rows, self._counted.take(deliveries.counted, rows))

    def close(self, watermark: int) -> None:
        """Lets go of every funnel for which nothing can come any more. Call after `finish`."""
        funnels = self.funnels
        past = self._last_moments.due(watermark)
        if not len(past):
            return
        orphans = self._early.take(funnels.waiting, past)
        bandits = self._bandits(orphans.owner)
        self._tally.add("events_orphan", bandits)
        self.held.down(bandits)
        # A repeat of the decision is no poison until its time is more than the clock skew ago.
        closes = funnels.decided[past] + CLOCK_SKEW_US + 1
        ripe = closes <= watermark
        self._last_moments.add(closes[~ripe], past[~ripe])
        past = past[ripe]
        with_deliveries = past[funnels.size[past] > 0]
        self.deliveries.give(funnels.first_delivery[with_deliveries], funnels.size[with_deliveries])
        funnels.close(past)

    def _bandits(self, funnel: Integers) -> Integers:
        return self._clauses.bandit[self.funnels.clause[funnel]]
