"""The laws of an engine: the same answer from the same log, however it is driven and killed.

Bind an engine by a subclass that says how to drive it to the end of a log. Refuses to know how it
batches, and to sleep.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import TICK, Conflict, Corrupt, Observation, Observations, encode
from tamesu.base.times import HOUR_US
from tamesu.join import oracle, table
from tamesu.policy import compose
from tamesu.ports import Archive, Clock, EventLog, Store
from tamesu.testing.crash import Crash, CrashAfter, When
from tamesu.testing.journal import Journal, declarations, entries_of
from tamesu.train import learn


@dataclass(frozen=True)
class World:
    """One installation in memory."""

    log: EventLog
    store: Store
    archive: Archive
    clock: ManualClock


@dataclass(frozen=True)
class Outcome:
    """What a log came to: states, observations and counts, comparable bit for bit."""

    states: dict[str, bytes]
    observations: list[bytes]
    counts: dict[str, dict[str, int]]


class EngineContract:
    """Bind an engine by a subclass that defines `drive`."""

    def drive(
        self,
        log: EventLog,
        store: Store,
        archive: Archive,
        clock: Clock,
        journal: Iterable[None] = (),
    ) -> None:
        """A new engine, driven until it has read and committed all there is, then ended.

        Whenever it has nothing to do it lets `journal` write a bit more; it ends when that has.
        """
        raise NotImplementedError

    # Equality -----------------------------------------------------------------------------------

    @pytest.mark.parametrize("partitions", [1, 3])
    def test_it_equals_the_oracle_however_often_it_is_stopped(self, partitions: int) -> None:
        """State, observations and counts are those of the pure oracle on the whole log."""

        @settings(max_examples=25)
        @given(seed=st.integers(0, 1 << 32), stops=st.sets(st.integers(0, 59), max_size=6))
        def law(seed: int, stops: set[int]) -> None:
            world = _world(partitions)
            for step, _ in enumerate(Journal(seed).write(world.log, world.clock)):
                if step in stops:
                    self._drive(world)
            self._drive(world)
            assert _outcome(world) == _expected(world)

        law()

    def test_it_equals_the_oracle_while_the_log_grows(self) -> None:
        """One engine that lives as long as the log is written, reading bit by bit."""

        @settings(max_examples=25)
        @given(seed=st.integers(0, 1 << 32))
        def law(seed: int) -> None:
            world = _world(1)
            journal = Journal(seed).write(world.log, world.clock)
            self.drive(world.log, world.store, world.archive, world.clock, journal)
            assert _outcome(world) == _expected(world)

        law()

    def test_the_difference_is_zero_at_every_moment(self) -> None:
        """Conservation: whatever was read is in exactly one class, also while it is open."""
        world = _world(1)
        for _ in Journal(11).write(world.log, world.clock):
            self._drive(world)
            for bandit, counts in world.store.progress().counts.items():
                assert table(counts)["difference"] == 0, bandit

    # Crashes ------------------------------------------------------------------------------------

    @pytest.mark.parametrize("when", list(When))
    def test_a_crash_at_any_port_call_changes_nothing_in_the_end(self, when: When) -> None:
        """Killed at its n-th call, for every n, its successor ends where a clean run does."""
        n = crashed = 0
        while True:
            n += 1
            world = _world(1)
            journal = Journal(5, steps=25).write(world.log, world.clock)
            for _ in range(14):
                next(journal)
            self._drive(world)
            for _ in range(8):
                next(journal)
            faults = CrashAfter(n, when)
            try:
                self.drive(
                    faults.wrap(world.log),
                    faults.wrap(world.store),
                    faults.wrap(world.archive),
                    world.clock,
                )
            except Crash:
                crashed += 1
            for _ in journal:
                self._drive(world)
            assert _outcome(world) == _expected(world), f"killed at {faults.calls[-1]}, call {n}"
            if not faults.crashed:
                break
        assert crashed == n - 1 >= MOST_FEW, f"only {crashed} calls to crash at"

    def test_a_log_that_lost_its_end_is_not_learnt_from(self) -> None:
        """The store has read further than the log goes: nothing is written on such ground."""
        world = _world(1)
        for _ in Journal(3, steps=10).write(world.log, world.clock):
            pass
        self._drive(world)
        before = world.store.progress()
        shorter = replace(world, log=MemoryEventLog(1, clock=world.clock))
        shorter.log.append([TICK])
        with contextlib.suppress(Corrupt):
            self._drive(shorter)
        after = world.store.progress()
        assert (after.checkpoint, after.counts) == (before.checkpoint, before.counts)

    # Two of them --------------------------------------------------------------------------------

    def test_while_another_holds_the_lease_nothing_is_written(self) -> None:
        """The lease lets one write; the other is refused and changes nothing."""
        world = _world(1)
        for _ in Journal(3, steps=10).write(world.log, world.clock):
            pass
        world.store.lease("somebody else", world.clock.now(), HOUR_US)
        before = world.store.progress()
        with contextlib.suppress(Conflict):
            self._drive(world)
        assert world.store.progress() == before
        assert not world.store.files()

    def _drive(self, world: World) -> None:
        self.drive(world.log, world.store, world.archive, world.clock)


MOST_FEW = 8
"""Port calls of one micro-batch that a crash test must at least have met."""


def _world(partitions: int) -> World:
    clock = ManualClock()
    world = World(MemoryEventLog(partitions, clock=clock), MemoryStore(), MemoryArchive(), clock)
    for declaration in declarations():
        world.store.declare(declaration, clock.now())
    return world


def _outcome(world: World) -> Outcome:
    rows = [row for batch in world.archive.read(world.store.files()) for row in batch.rows()]
    states = {}
    for name in world.store.versions():
        snapshot = world.store.snapshot(name)
        assert snapshot is not None
        states[name] = snapshot.state
    return Outcome(states, _sorted(rows), _tidy(world.store.progress().counts))


def _expected(world: World) -> Outcome:
    known = {declaration.name: declaration for declaration in declarations()}

    def lookup(bandit: str, number: int) -> Any:
        return known[bandit].reward if bandit in known and number == 1 else None

    result = oracle(entries_of(world.log), lookup)
    states = {}
    for name, declaration in known.items():
        policy = compose(declaration)
        rows = [row for row in result.observations if row.decision_id.startswith(f"{name}.")]
        if not rows:
            continue
        state, learnt = learn(policy, policy.init(), Observations.of(name, 1, rows))
        if learnt:
            states[name] = policy.encode(state)
    return Outcome(states, _sorted(result.observations), _tidy(result.counts))


def _sorted(rows: list[Observation]) -> list[bytes]:
    return sorted(encode(row) for row in rows)


def _tidy(counts: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    return {
        bandit: {name: number for name, number in mine.items() if number}
        for bandit, mine in counts.items()
        if any(mine.values())
    }
