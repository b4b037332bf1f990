"""`Fold`: the join as a fold that takes the log piece by piece, and equals the oracle.

Its cost is that of the new records: nothing is done again for what merely waits. Refuses to read a
log, to know what time it is, and to raise because of what a record holds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Entry, InvalidInput, Kind, Time
from tamesu.base.times import MILLISECOND_US
from tamesu.join.arrivals import read_decisions, read_events
from tamesu.join.checkpoint import Checkpoint, Mark
from tamesu.join.clauses import Clauses
from tamesu.join.emission import observations_of
from tamesu.join.emitted import Emitted
from tamesu.join.record import Lookup, named_bandit
from tamesu.join.state import State
from tamesu.join.tally import Tally

_DECISION = Kind.DECISION.value
_NO_EVENTS = (Kind.DECISION.value, Kind.TICK.value)


class Fold:
    """The join of decisions and events, as a fold of the log.

    `push` takes entries, `advance` moves the watermark to the least of the partitions' newest
    `received` and gives what is due by it, `checkpoint` says how far that went. Another fold that
    starts from there, fed from `Checkpoint.offsets` on, goes on as this one would have: it rebuilds
    the open funnels from entries it has seen before, silently, and gives and counts nothing twice.

    Laws: the observations of all advances are those of the oracle, for any batching and any
    interleaving of partitions; the counts add up to the oracle's, at every moment.

    Args:
        lookup: the clauses of a bandit's declaration, by name and number. What it knows once must stay; what
            it does not know is asked again with later records.
        checkpoint: where to go on; the beginning of the log by default.
        partitions: how many the log has. One that was not heard of holds the watermark back.

    Raises:
        InvalidInput: the checkpoint is of a log with another number of partitions.
    """

    def __init__(
        self, lookup: Lookup, checkpoint: Checkpoint | None = None, partitions: int = 1
    ) -> None:
        checkpoint = Checkpoint() if checkpoint is None else checkpoint
        if checkpoint.marks and len(checkpoint.marks) != partitions:
            raise InvalidInput(
                f"the checkpoint must be of a log with {partitions} partitions, got one of "
                f"{len(checkpoint.marks)}",
                hint="the number of partitions is fixed for the life of a log",
            )
        self._clauses = Clauses(lookup)
        self._tally = Tally()
        self._state = State(self._clauses, self._tally, partitions)
        self._checkpoint = checkpoint
        marks = checkpoint.marks or (Mark(),) * partitions
        self._start = [mark.read for mark in marks]
        self._read = [mark.low for mark in marks]
        self._newest = [mark.newest for mark in marks]
        self._watermark = checkpoint.watermark
        self._levels: dict[int, tuple[int, int]] = {}
        self._new: list[Entry] = []
        self._rebuilding = True
        self._end_rebuild()

    @property
    def watermark(self) -> Time | None:
        """Up to here everything due was given; none before every partition was heard of."""
        return None if self._watermark is None else Time(self._watermark)

    @property
    def rebuilding(self) -> bool:
        """Whether entries from before the checkpoint are still to come; until then nothing is given."""
        return self._rebuilding

    @property
    def low_water(self) -> tuple[int, ...]:
        """Per partition the first offset that an open funnel needs, as of the last `advance`."""
        return self._checkpoint.offsets

    @property
    def open_decisions(self) -> int:
        """How many decision ids are held."""
        return len(self._state.funnels)

    @property
    def open_deliveries(self) -> int:
        """How many deliveries have no observation yet."""
        return self._state.placing.open.total()

    @property
    def held_events(self) -> int:
        """How many events wait for their place."""
        return self._state.held.total()

    def push(self, entries: Sequence[Entry]) -> None:
        """Takes `entries`, whole or in pieces, in log order per partition."""
        if self._rebuilding:
            for entry in entries:
                self._read[entry.partition] = entry.offset + 1
            known = [entry for entry in entries if entry.offset < self._start[entry.partition]]
            self._new += [
                entry for entry in entries if entry.offset >= self._start[entry.partition]
            ]
            self._take(known)
            self._end_rebuild()
            return
        for last in {entry.partition: entry for entry in entries}.values():
            newest = self._newest[last.partition]
            self._read[last.partition] = last.offset + 1
            self._newest[last.partition] = max(last.received, newest or 0)
        self._take(entries)

    def advance(self) -> Emitted:
        """Moves the watermark and gives everything that is due by it."""
        if self._rebuilding:
            return Emitted([], {}, [])
        newest = [one for one in self._newest if one is not None]
        if len(newest) == len(self._newest):
            self._watermark = min(newest) * MILLISECOND_US
        observations = []
        if self._watermark is not None:
            rows = self._state.settle(self._watermark)
            observations = observations_of(self._state, self._clauses, rows)
            self._state.close(self._watermark)
        self._checkpoint = Checkpoint(
            marks=tuple(
                Mark(
                    low=self._state.funnels.low_water(partition, read),
                    read=read,
                    newest=self._newest[partition],
                )
                for partition, read in enumerate(self._read)
            ),
            watermark=self._watermark,
        )
        return Emitted(observations, self._counts(), self._state.asides.take())

    def checkpoint(self) -> Checkpoint:
        """How far the last `advance` went; what was pushed since is not in it."""
        return self._checkpoint

    def _take(self, entries: Sequence[Entry]) -> None:
        decisions = [entry for entry in entries if entry.kind == _DECISION]
        events = [entry for entry in entries if entry.kind not in _NO_EVENTS]
        # Decisions first: the rules never know the difference, and their events find them.
        opened: list[NDArray[np.int64]] = []
        if decisions:
            made = read_decisions(decisions, self._clauses, self._set_aside)
            self._tally.add("decisions_read", self._clauses.bandit[made.clause])
            opened.append(self._state.accept(made))
        if events:
            heard = read_events(events, self._clauses, self._state.funnels, self._set_aside)
            self._tally.add("events_read", self._clauses.bandit[heard.clause])
            opened.append(self._state.hear(heard))
        if opened:
            self._state.funnels.queue(np.concatenate(opened))

    def _set_aside(self, entry: Entry, reason: str) -> None:
        name = named_bandit(entry.key, self._clauses.lookup)
        self._state.asides.poison(entry, name, reason)
        bandit = self._clauses.bandit_of(name)
        records = "decisions" if entry.kind == Kind.DECISION else "events"
        self._tally.add_one(f"{records}_read", bandit)
        self._tally.add_one(f"{records}_poison", bandit)

    def _end_rebuild(self) -> None:
        """Once all known entries came again: what was due by the checkpoint is gone, nothing counted."""
        if any(read < start for read, start in zip(self._read, self._start, strict=True)):
            return
        if self._watermark is not None:
            self._state.settle(self._watermark)
            self._state.close(self._watermark)
        self._tally.take()
        self._state.asides.take()
        self._rebuilding = False
        new, self._new = self._new, []
        self.push(new)

    def _counts(self) -> dict[str, dict[str, int]]:
        counts = self._tally.take()
        for bandit in range(len(self._clauses.bandits)):
            levels = (self._state.placing.open.of(bandit), self._state.held.of(bandit))
            if levels != self._levels.get(bandit, (0, 0)) or bandit in counts:
                mine = counts.setdefault(bandit, {})
                mine["deliveries_open"], mine["events_held"] = levels
                self._levels[bandit] = levels
        names = self._clauses.bandits
        return {names[bandit]: counts[bandit] for bandit in sorted(counts, key=names.__getitem__)}
