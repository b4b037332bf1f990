"""Every law of `EngineContract` can fail, each alone: engines made wrong in one way."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from tamesu.adapters.archive.naming import observed
from tamesu.base import Conflict, Kind, Time
from tamesu.engine import InlineEngine
from tamesu.join import Checkpoint
from tamesu.ports import Progress
from tamesu.testing import EngineContract


class Between:
    """Stands between the engine and one of its ports; whatever a subclass does not say passes."""

    def __init__(self, port):
        self.port = port

    def __getattr__(self, name):
        return getattr(self.port, name)


class Right(EngineContract):
    """An engine without a mistake: each subclass makes one."""

    def drive(self, log, store, archive, clock, journal=()):
        engine = InlineEngine(log, store, archive, clock)
        for _ in journal:
            engine.step()
        engine.catch_up()


class ReadsOnePartition(Right):
    """Of several, it forgets the last."""

    def drive(self, log, store, archive, clock, journal=()):
        class Last(Between):
            def read(self, partition, offset, most):
                last = partition == self.port.partitions - 1 > 0
                return [] if last else self.port.read(partition, offset, most)

        super().drive(Last(log), store, archive, clock, journal)


class LooksOnce(Right):
    """What is written while it lives it never reads."""

    def drive(self, log, store, archive, clock, journal=()):
        super().drive(log, store, archive, clock)
        for _ in journal:
            pass


class HidesWhatIsOpen(Right):
    """It does not count deliveries before they are final."""

    def drive(self, log, store, archive, clock, journal=()):
        class Quiet(Between):
            def commit(self, commit):
                counts = {
                    bandit: {n: c * (n != "deliveries_open") for n, c in mine.items()}
                    for bandit, mine in commit.counts.items()
                }
                self.port.commit(msgspec.structs.replace(commit, counts=counts))

        super().drive(log, Quiet(store), archive, clock, journal)


class SkipsFloodsOfRepeats(Right):
    """A read with many repeats in a row it takes for one that it has had."""

    def drive(self, log, store, archive, clock, journal=()):
        class Skipping(Between):
            def read(self, partition, offset, most):
                entries = self.port.read(partition, offset, most)
                repeats = sum(a[3:] == b[3:] for a, b in pairwise(entries))
                return entries[-1:] if repeats > 5 else entries

        super().drive(Skipping(log), store, archive, clock, journal)


class HoldsNoEventForLong(Right):
    """An event may come before its decision, but not by much."""

    def drive(self, log, store, archive, clock, journal=()):
        class Forgetting(Between):
            def read(self, partition, offset, most):
                decided = {}
                for entry in self.port.read(partition, 0, offset + most):
                    if entry.kind == Kind.DECISION:
                        decided.setdefault(entry.key, entry.offset)
                return [
                    entry
                    for entry in self.port.read(partition, offset, most)
                    if decided.get(entry.key, 0) <= entry.offset + 2
                ]

        super().drive(Forgetting(log), store, archive, clock, journal)


class CommitsTwice(Right):
    """All but the first time: offsets in one transaction, what was learnt in the next."""

    def drive(self, log, store, archive, clock, journal=()):
        class Halves(Between):
            def commit(self, commit):
                if not self.port.progress().epoch:
                    self.port.commit(commit)
                    return
                replace = msgspec.structs.replace
                self.port.commit(replace(commit, snapshots=(), files=()))
                self.port.commit(replace(commit, counts={}))

        super().drive(log, Halves(store), archive, clock, journal)


class KeepsTheTornFile(Right):
    """A file that is there needs not be written again, it thinks."""

    def drive(self, log, store, archive, clock, journal=()):
        class Keeping(Between):
            def write_all(self, stem, groups):
                return [self.keep(f"0{stem[stem.index('-') :]}", group) for group in groups]

            def keep(self, stem, observations):
                file = observed(stem, observations)
                kept = self.port._kept.get(file.name)
                if kept is None:
                    return self.port.write_all(stem, [observations])[0]
                return observed(stem, kept)

        super().drive(log, store, Keeping(archive), clock, journal)


class StartsOverOnAShorterLog(Right):
    """Rather than to stop."""

    def drive(self, log, store, archive, clock, journal=()):
        class Fresh(Between):
            def progress(self):
                found = self.port.progress()
                marks = Checkpoint.from_bytes(found.checkpoint).marks or ()
                shorter = any(log.end(p) < mark.read for p, mark in enumerate(marks))
                return Progress() if shorter else found

        super().drive(log, Fresh(store), archive, clock, journal)


class IgnoresTheHolder(Right):
    """It takes the lease from whoever has it when it starts."""

    def drive(self, log, store, archive, clock, journal=()):
        class Greedy(Between):
            def takeover(self, holder, now, lasts_us):
                try:
                    return self.port.takeover(holder, now, lasts_us)
                except Conflict as held:
                    return self.port.takeover(holder, Time(held.facts["expires"]), lasts_us)

        super().drive(log, Greedy(store), archive, clock, journal)


class CommitsUnderAnyLease(Right):
    """Refused because another took over, it takes the lease back and commits what it had."""

    def drive(self, log, store, archive, clock, journal=()):
        class Stubborn(Between):
            def commit(self, commit):
                try:
                    self.port.commit(commit)
                except Conflict:
                    lease = self.port.takeover(commit.lease.holder, clock.now(), 5_000_000)
                    versions = self.port.versions()
                    snapshots = [
                        msgspec.structs.replace(new, version=versions.get(new.bandit, 0) + 1)
                        for new in commit.snapshots
                    ]
                    self.port.commit(
                        msgspec.structs.replace(commit, lease=lease, snapshots=snapshots)
                    )

        super().drive(log, Stubborn(store), archive, clock, journal)


BROKEN = {
    "test_it_equals_the_oracle_however_often_it_is_stopped": ReadsOnePartition,
    "test_it_equals_the_oracle_while_the_log_grows": LooksOnce,
    "test_the_difference_is_zero_at_every_moment": HidesWhatIsOpen,
    "test_repeats_teach_nothing": SkipsFloodsOfRepeats,
    "test_records_that_overtake_each_other_are_joined": HoldsNoEventForLong,
    "test_a_crash_at_any_port_call_changes_nothing_in_the_end": CommitsTwice,
    "test_a_torn_write_changes_nothing_in_the_end": KeepsTheTornFile,
    "test_a_log_that_lost_its_end_is_not_learnt_from": StartsOverOnAShorterLog,
    "test_while_another_holds_the_lease_nothing_is_written": IgnoresTheHolder,
    "test_one_that_stood_still_writes_nothing_once_another_took_over": CommitsUnderAnyLease,
}


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_the_law_fails_on_what_breaks_it_and_no_other_does(law, caught_on):
    caught_on(BROKEN[law](), law)


def test_every_law_was_broken(laws_of):
    assert laws_of(EngineContract) == set(BROKEN)
