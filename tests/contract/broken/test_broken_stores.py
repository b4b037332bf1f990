"""Every law of `StoreContract` can fail."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tamesu.adapters.store.memory import MemoryStore
from tamesu.adapters.store.sql import SqlStore
from tamesu.base import Conflict, Time
from tamesu.ports import Lease
from tamesu.testing import StoreContract


class StartsWithAVersion(MemoryStore):
    def versions(self):
        return {"home": 0, **super().versions()}


class ForgetsTheSeed(MemoryStore):
    def declared(self, bandit, number):
        found = super().declared(bandit, number)
        return found and msgspec.structs.replace(found, seed=None)


class LetsTheLastWin(MemoryStore):
    def declare(self, declaration, now):
        self._declared.pop(declaration.name, None)
        return super().declare(declaration, now)


class NeverRenews(MemoryStore):
    def lease(self, holder, now, lasts_us):
        held = self._lease
        return held if held and held.holder == holder else super().lease(holder, now, lasts_us)


class GivesToAll(MemoryStore):
    def _take(self, holder, now, lasts_us, *, raise_epoch):
        self._lease = None
        return super()._take(holder, now, lasts_us, raise_epoch=raise_epoch)


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


class LosesFiles(MemoryStore):
    def commit(self, commit):
        super().commit(msgspec.structs.replace(commit, files=commit.files[1:]))


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


class SharesOneStore(MemoryStore):
    shared = None

    def __init__(self):
        super().__init__()
        cls = type(self)
        cls.shared = self._declared = cls.shared or self._declared

    def close(self):
        pass


BROKEN = {
    "test_a_new_store_is_empty": StartsWithAVersion,
    "test_a_declaration_is_kept_as_number_one": ForgetsTheSeed,
    "test_a_name_is_taken_once": LetsTheLastWin,
    "test_of_many_that_declare_at_once_one_wins": LetsTheLastWin,
    "test_a_free_lease_is_given_and_renewed": NeverRenews,
    "test_a_held_lease_is_refused_to_others": GivesToAll,
    "test_an_expired_lease_is_renewed_by_its_holder": RaisesTheEpochOfTheSlow,
    "test_an_expired_lease_that_another_took_is_lost": KeepsTheEpochOfTheExpired,
    "test_takeover_fences_the_dead_predecessor_at_once": TakesOverWithoutAFence,
    "test_a_released_lease_is_free": NeverReleases,
    "test_releasing_what_is_no_longer_the_newest_does_nothing": ReleasesForAnybody,
    "test_of_many_that_ask_at_once_one_gets_the_lease": GivesToAll,
    "test_a_commit_changes_everything_it_says": LosesFiles,
    "test_counts_add_up_and_levels_are_replaced": AddsLevels,
    "test_a_refused_commit_changes_nothing": CommitsByHalves,
    "test_commits_from_threads_add_up": LosesEveryTenth,
    "test_a_snapshot_is_kept_to_the_bit": RoundsTimes,
    "test_a_store_made_anew_holds_what_was_kept": SharesOneStore,
}
KILLED = "test_a_killed_trainer_leaves_a_whole_commit"


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_the_law_fails_on_what_breaks_it(law, must_fail):
    class Bound(StoreContract):
        durable = False

        def make(self, _place):
            return BROKEN[law]()

    if BROKEN[law] is SharesOneStore:
        Bound.durable = True  # it keeps declarations, and nothing else
    must_fail(Bound(), law)


def test_the_law_of_the_killed_trainer_fails_on_what_breaks_it(must_fail, monkeypatch):
    class Bound(StoreContract):
        elsewhere = "forgetful:ForgetfulStore"

        def make(self, place):
            return SqlStore(place)

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    must_fail(Bound(), KILLED)


def test_every_law_was_broken(laws_of):
    assert laws_of(StoreContract) == {*BROKEN, KILLED}
