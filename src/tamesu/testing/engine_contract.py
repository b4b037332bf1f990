"""The laws of an engine: the same answer from the same log, however it is driven and killed.

Bind an engine by a subclass that says how to drive it to the end of a log. Refuses to know how it
batches, and to sleep.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.base import TICK, Conflict, Corrupt
from tamesu.base.times import HOUR_US
from tamesu.engine import InlineEngine
from tamesu.join import table
from tamesu.ports import Archive, Clock, EventLog, Store
from tamesu.testing.crash import Crash, CrashAfter, When
from tamesu.testing.duplicate import Duplicate
from tamesu.testing.installation import Installation
from tamesu.testing.journal import Journal
from tamesu.testing.pause import Pause
from tamesu.testing.reorder import Reorder
from tamesu.testing.torn import Torn

MOST_FEW = 8
"""Port calls of one micro-batch that a crash test must at least have met."""


class EngineContract:
    """Bind an engine by a subclass that defines `drive`.

    How many journals are drawn follows Hypothesis's profile: a quarter or an eighth of its examples.
    """

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

        @settings(max_examples=_examples() // 4)
        @given(seed=st.integers(0, 1 << 32), stops=st.sets(st.integers(0, 59), max_size=6))
        def law(seed: int, stops: set[int]) -> None:
            one = Installation.new(partitions)
            for step, _ in enumerate(Journal(seed).write(one.log, one.clock)):
                if step in stops:
                    self._drive(one)
            self._drive(one)
            assert one.outcome() == one.expected()

        law()

    def test_it_equals_the_oracle_while_the_log_grows(self) -> None:
        """One engine that lives as long as the log is written, reading bit by bit."""

        @settings(max_examples=_examples() // 4)
        @given(seed=st.integers(0, 1 << 32))
        def law(seed: int) -> None:
            one = Installation.new()
            journal = Journal(seed).write(one.log, one.clock)
            self.drive(one.log, one.store, one.archive, one.clock, journal)
            assert one.outcome() == one.expected()

        law()

    def test_the_difference_is_zero_at_every_moment(self) -> None:
        """Conservation: whatever was read is in exactly one class, also while it is open."""
        one = Installation.new()
        for _ in Journal(11).write(one.log, one.clock):
            self._drive(one)
            for bandit, counts in one.store.progress().counts.items():
                assert table(counts)["difference"] == 0, bandit

    def test_repeats_teach_nothing(self) -> None:
        """Any number of repeats: the same final observations and states as without them."""

        @settings(max_examples=_examples() // 8)
        @given(seed=st.integers(0, 1 << 32), stops=st.sets(st.integers(0, 59), max_size=3))
        def law(seed: int, stops: set[int]) -> None:
            both = [Installation.new(), Installation.new()]
            repeating = Duplicate(seed)
            logs = [both[0].log, repeating.wrap(both[1].log)]
            for one, log in zip(both, logs, strict=True):
                for step, _ in enumerate(Journal(seed).write(log, one.clock)):
                    if step in stops:
                        self._drive(one)
                self._drive(one)
            plain, repeated = (one.outcome() for one in both)
            assert repeating.repeats > 0
            assert (plain.states, plain.observations) == (repeated.states, repeated.observations)
            assert repeated == both[1].expected()

        law()

    def test_records_that_overtake_each_other_are_joined(self) -> None:
        """An event before its decision is held, however the records of an append are shuffled."""

        @settings(max_examples=_examples() // 8)
        @given(seed=st.integers(0, 1 << 32))
        def law(seed: int) -> None:
            one = Installation.new()
            shuffled = Reorder(seed).wrap(one.log)
            for _ in Journal(seed).write(shuffled, one.clock):
                self._drive(one)
            assert one.outcome() == one.expected()

        law()

    # Crashes ------------------------------------------------------------------------------------

    @pytest.mark.parametrize("when", list(When))
    def test_a_crash_at_any_port_call_changes_nothing_in_the_end(self, when: When) -> None:
        """Killed at its n-th call, for every n, its successor ends where a clean run does."""
        n = crashed = 0
        while True:
            n += 1
            one, journal = Installation.begun()
            self._drive(one)
            for _ in range(8):
                next(journal)
            faults = CrashAfter(n, when)
            try:
                self.drive(
                    faults.wrap(one.log),
                    faults.wrap(one.store),
                    faults.wrap(one.archive),
                    one.clock,
                )
            except Crash:
                crashed += 1
            for _ in journal:
                self._drive(one)
            assert one.outcome() == one.expected(), f"killed at {faults.calls[-1]}, call {n}"
            if not faults.crashed:
                break
        assert crashed == n - 1 >= MOST_FEW, f"only {crashed} calls to crash at"

    def test_a_torn_write_changes_nothing_in_the_end(self) -> None:
        """A file of observations that is half there, for every file: its successor writes it whole."""
        n = 0
        while True:
            n += 1
            one, journal = Installation.begun()
            torn = Torn(n)
            with contextlib.suppress(Crash):
                self.drive(one.log, one.store, torn.wrap(one.archive), one.clock)
            self._drive(one)
            for _ in journal:
                self._drive(one)
            assert one.outcome() == one.expected(), f"torn at write {n}"
            if not torn.crashed:
                break
        assert n > 1, "there was nothing to tear"

    def test_a_log_that_lost_its_end_is_not_learnt_from(self) -> None:
        """The store has read further than the log goes: nothing is written on such ground."""
        one = Installation.new()
        for _ in Journal(3, steps=10).write(one.log, one.clock):
            pass
        self._drive(one)
        before = one.store.progress()
        shorter = replace(one, log=MemoryEventLog(1, clock=one.clock))
        shorter.log.append([TICK])
        with contextlib.suppress(Corrupt):
            self._drive(shorter)
        after = one.store.progress()
        assert (after.checkpoint, after.counts) == (before.checkpoint, before.counts)

    # Two of them --------------------------------------------------------------------------------

    def test_while_another_holds_the_lease_nothing_is_written(self) -> None:
        """The lease lets one write; the other is refused and changes nothing."""
        one = Installation.new()
        for _ in Journal(3, steps=10).write(one.log, one.clock):
            pass
        one.store.lease("somebody else", one.clock.now(), HOUR_US)
        before = one.store.progress()
        with contextlib.suppress(Conflict):
            self._drive(one)
        assert one.store.progress() == before
        assert not one.store.files()

    @pytest.mark.parametrize("when", list(When))
    def test_one_that_stood_still_writes_nothing_once_another_took_over(self, when: When) -> None:
        """Stopped at its n-th port call for longer than its lease, for every n, it is refused.

        Its successor reads, commits and gives the lease back meanwhile. What the sleeper had under
        way is not done; that it may go on from the newest commit later is its own affair.
        """
        n = 0
        while True:
            n += 1
            one, journal = Installation.begun()
            pause = Pause(n, partial(_succeed, one, journal), when)
            with contextlib.suppress(Conflict):
                self.drive(
                    pause.wrap(one.log),
                    pause.wrap(one.store),
                    pause.wrap(one.archive),
                    one.clock,
                )
            for _ in journal:
                pass
            self._drive(one)
            assert one.outcome() == one.expected(), f"slept at {pause.calls[n - 1 :][:1]}"
            if not pause.paused:
                break
        assert n > MOST_FEW, f"only {n - 1} calls to sleep at"

    def _drive(self, one: Installation) -> None:
        self.drive(one.log, one.store, one.archive, one.clock)


def _examples() -> int:
    """As many as Hypothesis's profile says."""
    profile = settings.default
    assert profile is not None
    return profile.max_examples


def _succeed(one: Installation, journal: Iterator[None]) -> None:
    """What another trainer does while the first stands still for longer than its lease."""
    for _ in range(4):
        next(journal)
    one.clock.sleep(HOUR_US)
    InlineEngine(one.log, one.store, one.archive, one.clock, holder="another").catch_up()
    one.clock.sleep(HOUR_US)
