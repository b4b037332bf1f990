"""Every law of `StoreContract` catches what breaks it."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
from broken_pasts import BROKEN_PASTS

from tamesu.adapters.store import refusals
from tamesu.adapters.store.memory import MemoryStore
from tamesu.adapters.store.sql import SqlStore
from tamesu.base import Command, Conflict, Time
from tamesu.ports import Declared, Lease
from tamesu.ports.store import MOST_WAITING
from tamesu.testing import StoreContract

LONG_S = 0.01
"""Between looking and writing, where nothing locks: others come in between."""


class StartsWithAVersion(MemoryStore):
    def versions(self):
        return super().versions() or {"home": 0}


class ForgetsTheSeed(MemoryStore):
    def declared(self, bandit, number):
        found = super().declared(bandit, number)
        if found is None:
            return None
        return found._replace(declaration=msgspec.structs.replace(found.declaration, seed=None))


class LetsTheSecondWin(MemoryStore):
    """Where the same caller declares it again; callers at once are kept apart."""

    callers: ClassVar = {}

    def declare(self, declaration, now, number=1):
        caller = threading.get_ident()
        if number == 1 and self.callers.setdefault((self, declaration.name), caller) == caller:
            self._declared.pop(declaration.name, None)
        return super().declare(declaration, now, number)


class DeclaresWithoutALock(MemoryStore):
    def declare(self, declaration, now, number=1):
        if number != 1:
            return super().declare(declaration, now, number)
        if declaration.name in self._declared:
            raise Conflict.exists(declaration.name)
        time.sleep(LONG_S)
        declared = Declared(1, declaration, now)
        self._declared[declaration.name] = [declared]
        return declared


class NeverRenews(MemoryStore):
    def lease(self, holder, now, lasts_us):
        held = self._lease
        if held and held.holder == holder and now < held.expires:
            return held
        return super().lease(holder, now, lasts_us)


class EndsTheLeaseEarly(MemoryStore):
    def _take(self, holder, now, lasts_us, *, raise_epoch):
        if self._lease and self._lease.holder != holder and now + 1 >= self._lease.expires:
            self._lease = None
        return super()._take(holder, now, lasts_us, raise_epoch=raise_epoch)


class LeasesWithoutALock(MemoryStore):
    def lease(self, holder, now, lasts_us):
        held = self._lease
        if held and held.holder != holder and now < held.expires:
            raise refusals.leased(held)
        time.sleep(LONG_S)
        with self._lock:
            if self._lease and self._lease.holder != holder:
                self._lease = None
            return self._take(holder, now, lasts_us, raise_epoch=False)


class RaisesTheEpochOfTheSlow(MemoryStore):
    def lease(self, holder, now, lasts_us):
        if self._lease and self._lease.holder == holder and now >= self._lease.expires:
            return self.takeover(holder, now, lasts_us)
        return super().lease(holder, now, lasts_us)


class KeepsTheEpochOfTheExpired(MemoryStore):
    def lease(self, holder, now, lasts_us):
        if self._lease and now >= self._lease.expires:
            self._lease = Lease(holder, self._epoch, self._lease.expires)
        return super().lease(holder, now, lasts_us)


class TakesOverWithoutAFence(MemoryStore):
    def takeover(self, holder, now, lasts_us):
        return self.lease(holder, now, lasts_us)


class NeverReleases(MemoryStore):
    def release(self, lease):
        pass


class ReleasesForAnybody(MemoryStore):
    def release(self, lease):
        self._lease = None


class ForgetsTheEpoch(MemoryStore):
    def progress(self):
        return msgspec.structs.replace(super().progress(), epoch=0)


class AddsLevels(MemoryStore):
    def commit(self, commit):
        held = self._progress.counts.get("home", {}).get("events_held", 0)
        counts = {name: dict(classes) for name, classes in commit.counts.items()}
        if "events_held" in counts.get("home", {}):
            counts["home"]["events_held"] += held
        super().commit(msgspec.structs.replace(commit, counts=counts))


class CommitsByHalves(MemoryStore):
    def commit(self, commit):
        try:
            super().commit(commit)
        except Conflict:
            self._progress = msgspec.structs.replace(self._progress, checkpoint=b"half")
            raise


class LosesEveryTenth(MemoryStore):
    calls = 0

    def commit(self, commit):
        self.calls += 1
        if self.calls % 10:
            super().commit(commit)


class RoundsTimes(MemoryStore):
    def snapshot(self, bandit, version=None):
        found = super().snapshot(bandit, version)
        return found and msgspec.structs.replace(found, created=Time(found.created // 10 * 10))


class ForgetsDetails(MemoryStore):
    def ask(self, bandit, kind, body, now):
        return super().ask(bandit, kind, {"add": body["add"][:1]} if "add" in body else body, now)


class WaitsTheLatestFirst(MemoryStore):
    def waiting(self):
        waiting = super().waiting()
        late = any(a.asked > b.asked for a, b in itertools.pairwise(waiting))
        return waiting[::-1] if late else waiting


class NumbersWithoutALock(MemoryStore):
    """Reads the last number, lets others run, and takes the next."""

    def ask(self, bandit, kind, body, now):
        number = len(self._commands) + 1
        if "n" in body:
            time.sleep(LONG_S)
        made = Command(number=number, bandit=bandit, kind=kind, body=body, asked=now)
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                raise refusals.too_many_wait(MOST_WAITING)
            self._commands[number] = self._waiting[number] = made
        return made


class TakesAnyEffect(MemoryStore):
    def commit(self, commit):
        with self._lock:
            waits = [done for done in commit.commands if done.number in self._waiting]
        super().commit(msgspec.structs.replace(commit, commands=waits))


class LetsAllWait(MemoryStore):
    def ask(self, bandit, kind, body, now):
        number = len(self._commands) + 1
        made = Command(number=number, bandit=bandit, kind=kind, body=body, asked=now)
        with self._lock:
            number = len(self._commands) + 1
            made = msgspec.structs.replace(made, number=number)
            self._commands[number] = self._waiting[number] = made
        return made


class HasARosterZero(MemoryStore):
    def roster(self, bandit, number):
        return super().roster(bandit, number or 1)


class OverwritesRosters(MemoryStore):
    def commit(self, commit):
        with self._lock:
            for roster in commit.rosters:
                self._rosters.pop((roster.bandit, roster.number), None)
        super().commit(commit)


class KeepsDeclarationsAlone(MemoryStore):
    """Durable in one thing of many; a place is a store."""

    places: ClassVar = {}

    def __init__(self, place):
        super().__init__()
        self._declared = self.places.setdefault(place, self._declared)


BROKEN = {
    "test_a_new_store_is_empty": StartsWithAVersion,
    "test_a_declaration_is_kept_as_number_one": ForgetsTheSeed,
    "test_a_name_is_taken_once": LetsTheSecondWin,
    "test_of_many_that_declare_at_once_one_wins": DeclaresWithoutALock,
    "test_a_free_lease_is_given_and_renewed": NeverRenews,
    "test_a_held_lease_is_refused_to_others": EndsTheLeaseEarly,
    "test_an_expired_lease_is_renewed_by_its_holder": RaisesTheEpochOfTheSlow,
    "test_an_expired_lease_that_another_took_is_lost": KeepsTheEpochOfTheExpired,
    "test_takeover_fences_the_dead_predecessor_at_once": TakesOverWithoutAFence,
    "test_a_released_lease_is_free": NeverReleases,
    "test_releasing_what_is_no_longer_the_newest_does_nothing": ReleasesForAnybody,
    "test_of_many_that_ask_at_once_one_gets_the_lease": LeasesWithoutALock,
    "test_a_commit_changes_everything_it_says": ForgetsTheEpoch,
    "test_counts_add_up_and_levels_are_replaced": AddsLevels,
    "test_a_refused_commit_changes_nothing": CommitsByHalves,
    "test_commits_from_threads_add_up": LosesEveryTenth,
    "test_a_snapshot_is_kept_to_the_bit": RoundsTimes,
    "test_a_command_waits_until_its_effect_is_committed": ForgetsDetails,
    "test_commands_are_numbered_as_they_were_asked": WaitsTheLatestFirst,
    "test_of_many_that_ask_at_once_each_has_a_number": NumbersWithoutALock,
    "test_an_effect_is_given_once": TakesAnyEffect,
    "test_only_so_many_may_wait": LetsAllWait,
    "test_a_roster_is_kept_to_the_bit": HasARosterZero,
    "test_a_roster_number_is_taken_once": OverwritesRosters,
    **BROKEN_PASTS,
    "test_a_store_made_anew_holds_what_was_kept": KeepsDeclarationsAlone,
}
KILLED = "test_a_killed_trainer_leaves_a_whole_commit"


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_the_law_catches_what_breaks_it_and_no_other_law_does(law, caught_on):
    broken = BROKEN[law]

    class Bound(StoreContract):
        durable = broken is KeepsDeclarationsAlone

        def make(self, place):
            return broken(place) if self.durable else broken()

    caught_on(Bound(), law)


def test_the_law_of_the_killed_trainer_catches_what_breaks_it(caught_on, monkeypatch):
    class Bound(StoreContract):
        elsewhere = "forgetful:ForgetfulStore"

        def make(self, place):
            return SqlStore(place)

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    caught_on(Bound(), KILLED)


def test_every_law_was_broken(laws_of):
    assert laws_of(StoreContract) == {*BROKEN, KILLED}
