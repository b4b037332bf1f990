"""`State`: the open funnels of a join, and the rules by which records move through them.

The rules are those of the oracle, each as array operations over the new records only. What waits
lies in `Chains`, what has a date lies in a `Calendar`: neither a push nor an advance ever looks at
the whole state. Refuses to read bytes, to judge what happens on a delivery (`Placing` does) and to
build observations.
"""

from __future__ import annotations

from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base.reward import AHEAD_US, CLOCK_SKEW_US, SKEW_US
from tamesu.join.arrivals import DecisionArrivals, EventArrivals
from tamesu.join.asides import Asides
from tamesu.join.calendar import Calendar
from tamesu.join.chains import Chains, Placed
from tamesu.join.clauses import IGNORED, Clauses
from tamesu.join.funnels import Funnels
from tamesu.join.level import Level
from tamesu.join.placing import Placing
from tamesu.join.settled import Rows
from tamesu.join.settling import Settling
from tamesu.join.tally import Tally

Integers = NDArray[np.int64]


class State:
    """Open funnels; see the module.

    Attributes:
        funnels: the decision ids that are held.
        placing: their deliveries.
        settling: what those came to.
        asides: records set aside.
        held: level of events whose place is open.
    """

    def __init__(self, clauses: Clauses, tally: Tally, partitions: int) -> None:
        self._clauses = clauses
        self._tally = tally
        self.funnels = Funnels(partitions)
        self.asides = Asides(clauses, self.funnels)
        self.held = Level()
        self.placing = Placing(clauses, tally, self.asides, self.funnels, self.held)
        self.settling = Settling(clauses, tally, self.funnels, self.placing.deliveries)
        self._early = Chains()  # events that wait for their decision, by funnel
        self._last_moments = Calendar()  # funnels, by F, then by when they close

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
        unmet: list[int] = rows[new].tolist()
        keys = [arrivals.key[row] for row in unmet]
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
        self.placing.begin(funnel, arrivals.size[rows])
        in_time = arrivals.received[rows] < decided + clauses.span[clause]
        funnels.joins[funnel] = in_time
        waited = funnel[in_time & ~new]
        if len(waited):
            early = self._early.take(funnels.waiting, waited)
            self.held.down(self._bandits(early.owner))
            self.placing.place(early)
        return opened

    def _first_of(self, arrivals: DecisionArrivals) -> tuple[NDArray[np.bool_], Integers]:
        """Which decisions (n,) are the first of their id, and their funnels (n,), -1 for none yet."""
        decision: Any = self.funnels.decision
        funnel = self.funnels.find(arrivals.key)
        fresh = np.ones(len(funnel), dtype=np.bool_)
        if (funnel >= 0).any() or len(set(arrivals.key)) < len(funnel):
            met: set[str] = set()
            for row, (key, place) in enumerate(zip(arrivals.key, funnel.tolist(), strict=True)):
                fresh[row] = key not in met and (place < 0 or decision[place] is None)
                met.add(key)
        return fresh, funnel

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
        self.asides.too_old(arrivals, np.flatnonzero(first & too_old))
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
            offset=arrivals.offset[rows],
            value=arrivals.value[rows],
        )
        joins = self.funnels.joins[funnel]
        if not joins.all():
            self._early.append(self.funnels.waiting, events.pick(~joins))
            self.held.up(bandits[rows[~joins]])
            events = events.pick(joins)
        self.placing.place(events)
        return opened

    def _funnels_of(self, arrivals: EventArrivals, rows: Integers) -> tuple[Integers, Integers]:
        """The funnels (n,) of the events `rows` (n,), and those that had to be opened."""
        funnel = arrivals.funnel[rows]
        new = np.flatnonzero(funnel < 0)
        first: dict[str, int] = {}
        unmet: list[int] = rows[new].tolist()
        for row in unmet:
            first.setdefault(arrivals.key[row], row)
        chosen = np.array(list(first.values()), dtype=np.int64)
        opened = self._open(
            list(first),
            arrivals.clause[chosen],
            arrivals.decided[chosen],
            arrivals.partition[chosen],
            arrivals.offset[chosen],
        )
        funnel[new] = self.funnels.find([arrivals.key[row] for row in unmet])
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

    def settle(self, watermark: int) -> list[Rows]:
        """The rows that are due by `watermark` and were not given."""
        return self.settling.settle(self.placing.finish(watermark))

    def close(self, watermark: int) -> None:
        """Lets go of every funnel for which nothing can come any more. Call after `settle`."""
        funnels = self.funnels
        past = self._last_moments.due(watermark)
        if not len(past):
            return
        orphans = self._early.take(funnels.waiting, past)
        bandits = self._bandits(orphans.owner)
        self._tally.add("events_orphan", bandits)
        self.held.down(bandits)
        self.asides.orphans(orphans, "its decision did not come by its last moment")
        # A repeat of the decision is no poison until its time is more than the clock skew ago.
        closes = funnels.decided[past] + CLOCK_SKEW_US + 1
        ripe = closes <= watermark
        self._last_moments.add(closes[~ripe], past[~ripe])
        past = past[ripe]
        self.settling.give(self.placing.deliveries_of(past))
        self.placing.give(past)
        funnels.close(past)

    def _bandits(self, funnel: Integers) -> Integers:
        return self._clauses.bandit[self.funnels.clause[funnel]]
