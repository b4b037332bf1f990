"""One installation in memory, and what its log must come to.

The oracle folds the whole log at once, the policy learns it at once: whatever an engine did on its
way, it must end there, bit for bit. Refuses to hold any bandit but the journal's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import Entry, Observation, Observations, Reward, Time, encode
from tamesu.base.counts import Counts, merge
from tamesu.join import Checkpoint, oracle
from tamesu.policy import compose
from tamesu.ports import Archive, EventLog, Holds, Store
from tamesu.testing.journal import Journal, declarations, entries_of
from tamesu.train import learn


@dataclass(frozen=True)
class Outcome:
    """What a log came to: states, observations and counts, comparable bit for bit.

    Attributes:
        states: the newest state of every bandit that learnt anything.
        observations: every row, as bytes, in their order; not which snapshot learnt from it: that
            depends on how it was batched.
        counts: as the store keeps them, without zeros.
    """

    states: dict[str, bytes]
    observations: list[bytes]
    counts: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Installation:
    """A log, a store with the bandits of the journal in it, an archive and a clock."""

    log: EventLog
    store: Store = field(default_factory=MemoryStore)
    archive: Archive = field(default_factory=MemoryArchive)
    clock: ManualClock = field(default_factory=ManualClock)

    @classmethod
    def new(cls, partitions: int = 1) -> Installation:
        """An installation in which nothing has happened yet."""
        clock = ManualClock()
        new = cls(MemoryEventLog(partitions, clock=clock), clock=clock)
        for declaration in declarations():
            new.store.declare(declaration, clock.now())
        return new

    @classmethod
    def begun(cls) -> tuple[Installation, Iterator[None]]:
        """An installation with more than half of a journal in its log, and the journal's rest."""
        one = cls.new()
        journal = Journal(5, steps=25).write(one.log, one.clock)
        for _ in range(14):
            next(journal)
        return one, journal

    def outcome(self) -> Outcome:
        """What store and archive hold."""
        rows = [row for batch in self._observed() for row in batch.rows()]
        newest = {name: self.store.snapshot(name) for name in self.store.versions()}
        states = {name: snapshot.state for name, snapshot in newest.items() if snapshot}
        return Outcome(states, _sorted(rows), _tidy(self.store.progress().counts))

    def _observed(self) -> Iterator[Observations]:
        return self.archive.read(self.store.files(Holds.OBSERVATIONS))

    def expected(self) -> Outcome:
        """What they must hold once the log, as it is now, was learnt to its end.

        Of what came too late only those corrections that were taken so far, which must be among
        those that there are. States are those of bandits that no command has changed.
        """
        return self._expected(entries_of(self.log), None)

    def expected_so_far(self) -> Outcome:
        """As `expected`, of what the last commit had read."""
        checkpoint = Checkpoint.from_bytes(self.store.progress().checkpoint)
        entries = [
            entry
            for entry in entries_of(self.log)
            if checkpoint.marks and entry.offset < checkpoint.marks[entry.partition].read
        ]
        return self._expected(entries, checkpoint.time or Time(0))

    def _expected(self, entries: Sequence[Entry], watermark: Time | None) -> Outcome:
        known = {declaration.name: declaration for declaration in declarations()}

        def lookup(bandit: str, number: int) -> Reward | None:
            return known[bandit].reward if bandit in known and number == 1 else None

        result = oracle(entries, lookup, watermark)
        observations = [*result.observations]
        counts: Counts = result.counts
        taken = {one.key: one for one in self.store.corrections(waiting=False)}
        for row in oracle(entries, lookup, watermark, late=True).observations if taken else ():
            one = taken.get((row.decision_id, row.position, row.correction))
            if one is not None:
                observations.append(row)
                counts = merge(counts, {one.bandit: one.moved})
        states: dict[str, bytes] = {}
        for name, declaration in known.items():
            policy = compose(declaration)
            rows = [row for row in observations if row.decision_id.startswith(f"{name}.")]
            if not rows:
                continue
            state, learnt = learn(policy, policy.init(), Observations.of(name, 1, rows))
            if learnt:
                states[name] = policy.encode(state)
        return Outcome(states, _sorted(observations), _tidy(counts))


def _sorted(rows: list[Observation]) -> list[bytes]:
    return sorted(encode(msgspec.structs.replace(row, absorbed=0)) for row in rows)


def _tidy(counts: Counts) -> dict[str, dict[str, int]]:
    return {
        bandit: {name: number for name, number in mine.items() if number}
        for bandit, mine in counts.items()
        if any(mine.values())
    }
