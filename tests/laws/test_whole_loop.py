"""The whole loop: whatever is written, asked for, repeated and killed, every engine ends in one place.

A machine of Hypothesis plays an installation: records of a journal, repeats, commands, upkeep, and
engines of both kinds, some of which die at a port call. After every step store and archive hold what
the oracle says of what was read, and at the end a replay comes to the states that are served.
"""

from __future__ import annotations

import contextlib
import random
import threading

import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.base import Draft, Status
from tamesu.base.times import MINUTE_US, SECOND_US
from tamesu.engine import InlineEngine, ProcessEngine, Replay, WholeLog, reconcile, view
from tamesu.join import table
from tamesu.testing import Crash, CrashAfter, When
from tamesu.testing.installation import Installation
from tamesu.testing.journal import Journal, declarations, entries_of

pytestmark = pytest.mark.timeout(1800)  # in a soak

BANDITS = {one.name: one for one in declarations()}
NAMES = st.sampled_from(sorted(BANDITS))
KINDS = ["freeze", "resume", "rollback", "delete", "declare", "arms", "arms"]
HOLDER = "one"


class Resting:
    """A clock that ends the process engine once it has wanted to rest so often."""

    def __init__(self, clock, stop, rests):
        self.now, self._clock, self._stop, self._rests = clock.now, clock, stop, rests

    def sleep(self, duration_us):
        self._clock.sleep(duration_us)
        self._rests -= 1
        if self._rests <= 0:
            self._stop.set()


class WholeLoop(RuleBasedStateMachine):
    """One installation, and what may happen to it."""

    @initialize(seed=st.integers(0, 1 << 32), partitions=st.sampled_from([1, 1, 3]))
    def begin(self, seed, partitions):
        self.one = Installation.new(partitions)
        self.draw = random.Random(seed)
        self.journal = Journal(seed, steps=10_000).write(self.one.log, self.one.clock)
        self.living = None
        self.commanded = set()
        self.checked = None

    # What happens outside -----------------------------------------------------------------------

    @rule(batches=st.integers(1, 40))
    def write(self, batches):
        for _ in range(batches):
            next(self.journal)

    @rule(batches=st.integers(20, 60))
    def write_more(self, batches):
        self.write(batches)

    @rule(most=st.integers(1, 8))
    def repeat(self, most):
        """Records come once more, as after a lost answer."""
        entries = entries_of(self.one.log)
        for entry in self.draw.sample(entries, min(most, len(entries))):
            self.one.log.append([Draft(entry.key, entry.kind, entry.body)])

    @rule(seconds=st.sampled_from([1, 10, 70]))
    def wait(self, seconds):
        self.one.clock.sleep(seconds * SECOND_US)

    @rule(name=NAMES, kind=st.sampled_from(KINDS), draw=st.randoms(use_true_random=False))
    def command(self, name, kind, draw):
        body = {}
        if kind == "rollback":
            newest = self.one.store.versions().get(name, 0)
            body = {"version": max(0, newest - draw.randrange(6))}
        elif kind == "arms":
            body = {"add": draw.sample("abdef", draw.randrange(1, 4)), "retire": ["c"]}
        elif kind == "declare":
            declared = self.one.store.declarations()[name]
            belief = {"kind": "beta", "prior": [1, draw.choice([1, 1, 5])]}
            changed = {**declared.declaration.plain(), "policy": {"belief": belief}}
            number = declared.number - (draw.random() < 0.1)
            body = {"declaration": changed, "number": number, "warm": draw.random() < 0.5}
        self.commanded.add(name)
        self.one.store.ask(name, kind, body, self.one.clock.now())

    @precondition(lambda self: any(map(self.is_deleted, BANDITS)))
    @rule()
    def make_again(self):
        """A bandit that was deleted gets the next number of its name."""
        for name in filter(self.is_deleted, BANDITS):
            now, number = self.one.clock.now(), self.one.store.declarations()[name].number
            self.one.store.declare(BANDITS[name], now, number + 1)

    # Engines ------------------------------------------------------------------------------------

    @rule()
    def step(self):
        """One that lives on, as long as nobody else takes its lease."""
        self.living = self.living or self.inline()
        self.living.step()

    @rule(tends=st.booleans())
    def catch_up(self, tends):
        self.living = self.living or self.inline()
        self.living.catch_up()
        if tends:
            self.living.tend()
            self.living.catch_up()

    @rule(n=st.integers(1, 40), when=st.sampled_from(When), tends=st.booleans())
    def die_inline(self, n, when, tends):
        faults = CrashAfter(n, when)
        self.living = None
        with contextlib.suppress(Crash):
            engine = self.inline(faults.wrap)
            engine.catch_up()
            if tends:
                engine.tend()
        event("killed inline" if faults.crashed else "ended inline")

    @rule(n=st.integers(0, 60), when=st.sampled_from(When), rests=st.sampled_from([1, 1, 60]))
    def process(self, n, when, rests):
        """The loop of a trainer process, to its end or its death."""
        faults, stop = CrashAfter(n, when), threading.Event()
        self.living = None
        one = self.one
        ports = [faults.wrap(port) for port in (one.log, one.store, one.archive)]
        clock = Resting(one.clock, stop, rests)
        engine = ProcessEngine(*ports, clock, MemoryMeter(), holder=HOLDER, succeeds=True)
        with contextlib.suppress(Crash):
            engine.run(stop)
        event("killed in the loop" if faults.crashed else "the loop ended")

    # What always holds --------------------------------------------------------------------------

    @invariant()
    def holds_what_the_oracle_says(self):
        """At every commit: rows, counts, and states that no command has touched."""
        progress = self.one.store.progress()
        if progress.checkpoint == self.checked:
            return
        self.checked = progress.checkpoint
        outcome, expected = self.one.outcome(), self.one.expected_so_far()
        assert outcome.observations == expected.observations
        assert outcome.counts == expected.counts
        for name, state in expected.states.items():
            assert name in self.commanded or outcome.states[name] == state
        for counts in progress.counts.values():
            assert table(counts)["difference"] == 0

    def teardown(self):
        if not hasattr(self, "one"):
            return
        one = self.one
        self.living = None
        for _ in range(3):
            one.clock.sleep(2 * MINUTE_US)
            for draft in [Draft(f"tick-{salt}", "tick", b'{"v":1}') for salt in range(16)]:
                one.log.append([draft])
            engine = self.inline()
            engine.catch_up()
            engine.tend()
            engine.catch_up()
        assert not one.store.waiting()
        self.holds_what_the_oracle_says()
        assert one.outcome().observations == one.expected().observations
        self.tell()
        for source in (one.log, WholeLog(one.log, one.store, one.archive)):
            then = view(one.store)
            replay = Replay(source, one.store, then)
            for _ in replay.run():
                pass
            assert reconcile(replay, then, one.store) == []

    # How ----------------------------------------------------------------------------------------

    def inline(self, wrap=lambda port: port):
        one = self.one
        ports = [wrap(port) for port in (one.log, one.store, one.archive)]
        return InlineEngine(*ports, one.clock, holder=HOLDER)

    def tell(self):
        """Says to Hypothesis what has happened."""
        for command in self.one.store.commands(None):
            refused = command.effect.refusal is not None
            event(f"{command.kind} {'refused' if refused else 'applied'}")
        rows = [row for batch in self.one._observed() for row in batch.rows()]
        if any(row.correction for row in rows):
            event("corrected")
        if self.one.store.corrections(waiting=False):
            event("corrected late")
        for snapshot in map(self.one.store.snapshot, BANDITS):
            if snapshot is not None:
                event(f"ends {snapshot.status}")

    def is_deleted(self, name):
        snapshot = self.one.store.snapshot(name)
        declared = self.one.store.declarations()[name]
        return (
            snapshot is not None
            and snapshot.status is Status.DELETED
            and snapshot.declaration == declared.number
        )


TestWholeLoop = WholeLoop.TestCase
TestWholeLoop.settings = settings(max_examples=settings().max_examples // 4, stateful_step_count=25)
