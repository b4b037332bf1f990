"""Old snapshots go, one bandit at a time, and nothing else does."""

import msgspec
import pytest

from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import Conflict, Time
from tamesu.base.times import DAY_US, HOUR_US, MINUTE_US
from tamesu.engine.duty import Slice, Turn
from tamesu.engine.thinning import MOST_DROPPED, ROUND_US, Thinning
from tamesu.testing.commits import LASTS_US, commit_of, snapshot_of

NOW = Time(1_800_000_000_000_000)


@pytest.fixture
def store():
    return MemoryStore()


def turn(store, now=NOW):
    lease = store.lease("trainer", now, LASTS_US)
    return Turn(lease=lease, now=Time(now), watermark=None, read=(0,), low=(0,))


def keep(store, bandit, ages):
    made = [
        msgspec.structs.replace(
            snapshot_of("x", 1), bandit=bandit, version=n, created=Time(NOW - a)
        )
        for n, a in enumerate(sorted(ages, reverse=True), 1)
    ]
    store.commit(commit_of(store.lease("trainer", NOW, LASTS_US), snapshots=made))


def left(store, bandit):
    return [one.version for one in store.snapshots(bandit)]


def test_without_snapshots_there_is_nothing_to_do(store):
    assert Thinning(store).slice(turn(store)) == Slice()


def test_what_need_not_stay_goes_and_is_counted(store):
    keep(store, "home", [DAY_US + 3, DAY_US + 2, DAY_US + 1, 3, 2, 1])
    store.pin("home", 1, pinned=True)
    done = Thinning(store).slice(turn(store))
    assert done == Slice(counts={"snapshots_thinned_total": 1})
    assert left(store, "home") == [1, 3, 4, 5, 6]


def test_each_bandit_has_its_turn_and_then_rests(store):
    for bandit in ("a", "b"):
        keep(store, bandit, [DAY_US + 2, DAY_US + 1, 1])
    thinning = Thinning(store)
    assert thinning.slice(turn(store)).more is True
    assert (left(store, "a"), left(store, "b")) == ([2, 3], [1, 2, 3])
    assert thinning.slice(turn(store)).more is False
    assert left(store, "b") == [2, 3]
    later = Time(NOW + 91 * DAY_US)
    assert thinning.slice(turn(store, Time(NOW + ROUND_US - 1))).more is False
    assert thinning.slice(turn(store, later)).more is True
    assert left(store, "a") == [3]


def test_very_many_go_in_several_slices(store):
    ages = [2 * HOUR_US + n for n in range(MOST_DROPPED + 5)]
    assert ages[-1] < 2 * HOUR_US + MINUTE_US
    keep(store, "home", [*ages, 0])
    thinning = Thinning(store)
    assert thinning.slice(turn(store)).more is True
    assert thinning.slice(turn(store)).more is False
    assert len(left(store, "home")) <= 3


def test_a_stale_trainer_thins_nothing(store):
    keep(store, "home", [DAY_US + 2, DAY_US + 1, 1])
    stale = turn(store)
    store.takeover("trainer", NOW, LASTS_US)
    with pytest.raises(Conflict):
        Thinning(store).slice(stale)
    assert left(store, "home") == [1, 2, 3]
