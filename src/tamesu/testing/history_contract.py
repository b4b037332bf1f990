"""The laws of what a store keeps of the past: snapshots, what was deferred, declarations, commands."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tamesu.base import Conflict, Declaration, Effect, NotFound, Time
from tamesu.ports import Declared, Deferred, Lease, Store
from tamesu.testing.commits import LASTS_US, NOW, commit_of, snapshot_of


class HistoryContract:
    """What can be gone back to, and what is dropped of it."""

    def make(self, place: Path) -> Store:
        """A store at the path `place`, new if nothing is there."""
        raise NotImplementedError

    def test_kept_snapshots_are_listed_without_their_states(self, tmp_path: Path) -> None:
        """By version, of that bandit alone; empty for one that has none."""
        with self._store(tmp_path) as store:
            assert list(store.snapshots("home")) == []
            lease = store.lease("one", NOW, LASTS_US)
            made = [snapshot_of("home", version) for version in (1, 2, 10)]
            store.commit(commit_of(lease, snapshots=[*made, snapshot_of("away", 1)]))
            assert list(store.snapshots("home")) == [
                msgspec.structs.replace(each, state=b"") for each in made
            ]
            assert store.snapshot("home", 2) == made[1]

    def test_thinning_spares_the_newest_and_the_pinned(self, tmp_path: Path) -> None:
        """Whatever is asked; it says how many went, and versions that are not there are no matter."""
        with self._store(tmp_path) as store:
            lease = self._four(store)
            store.pin("home", 2, pinned=True)
            assert store.thin(lease, "home", range(9)) == 2
            assert _versions(store) == [2, 4]
            assert store.snapshot("home", 1) is None
            assert store.thin(lease, "home", []) == store.thin(lease, "away", [1]) == 0
            assert dict(store.versions()) == {"home": 4}

    def test_a_stale_trainer_thins_nothing(self, tmp_path: Path) -> None:
        """Fenced as a commit is."""
        with self._store(tmp_path) as store:
            lease = self._four(store)
            with pytest.raises(Conflict):
                store.thin(lease._replace(epoch=lease.epoch - 1), "home", [1])
            assert _versions(store) == [1, 2, 3, 4]

    def test_a_pin_holds_until_it_is_taken_away(self, tmp_path: Path) -> None:
        """Twice is once; what is not kept cannot be pinned."""
        with self._store(tmp_path) as store:
            lease = self._four(store)
            for _ in range(2):
                store.pin("home", 1, pinned=True)
            assert store.pinned("home") == {1}
            assert store.pinned("away") == frozenset()
            assert store.thin(lease, "home", [1]) == 0
            for _ in range(2):
                store.pin("home", 1, pinned=False)
            assert store.pinned("home") == frozenset()
            assert store.thin(lease, "home", [1]) == 1
            with pytest.raises(NotFound):
                store.pin("home", 1, pinned=True)

    def test_what_was_deferred_is_replaced_and_let_go(self, tmp_path: Path) -> None:
        """The last word holds; no bytes let go, also of nothing."""
        with self._store(tmp_path) as store:
            assert store.deferred("home") is None
            lease = store.lease("one", NOW, LASTS_US)
            first = Deferred(bandit="home", state=b"\x00\xff", observations=3)
            other = Deferred(bandit="away", state=b"a", observations=1)
            store.commit(commit_of(lease, deferred=[first, other]))
            assert store.deferred("home") == first
            second = Deferred(bandit="home", state=b"more", observations=5)
            store.commit(commit_of(lease, deferred=[second]))
            assert (store.deferred("home"), store.deferred("away")) == (second, other)
            for _ in range(2):
                gone = Deferred(bandit="home", state=b"", observations=0)
                store.commit(commit_of(lease, deferred=[gone]))
            assert (store.deferred("home"), store.deferred("away")) == (None, other)

    def test_declarations_are_numbered_one_after_another(self, tmp_path: Path) -> None:
        """The next of a bandit that is there comes by a commit; any other number is refused whole."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)
            old, new = _declaration("a"), _declaration("b", seed=3)
            store.declare(old, NOW)
            second = Declared(2, new, Time(NOW + 1))
            for wrong in (second._replace(number=3), second._replace(number=1)):
                with pytest.raises(Conflict):
                    store.commit(
                        commit_of(lease, snapshots=[snapshot_of("home", 1)], declarations=[wrong])
                    )
            assert store.snapshot("home") is None
            store.commit(commit_of(lease, declarations=[second]))
            assert dict(store.declarations()) == {"home": second}
            kept = [store.declared("home", number) for number in (0, 1, 2, 3)]
            assert [
                each and (each.number, each.declaration.arm_ids, each.created) for each in kept
            ] == [
                None,
                (1, old.arm_ids, NOW),
                (2, new.arm_ids, NOW + 1),
                None,
            ]
            assert store.declared("away", 1) is None

    def test_a_name_is_declared_again_under_its_next_number(self, tmp_path: Path) -> None:
        """For a bandit that was deleted; whoever says another number is too early, or too late."""
        with self._store(tmp_path) as store:
            store.declare(_declaration("a"), NOW)
            for number in (0, 3):
                with pytest.raises(Conflict):
                    store.declare(_declaration("b"), NOW, number)
            again = store.declare(_declaration("b"), NOW, 2)
            assert again.number == 2
            assert dict(store.declarations()) == {"home": again}
            with pytest.raises(Conflict):
                store.declare(_declaration("c"), NOW, 2)

    def test_commands_that_took_effect_are_listed(self, tmp_path: Path) -> None:
        """By number, of one bandit or of all; one that waits is not among them."""
        with self._store(tmp_path) as store:
            assert list(store.commands()) == []
            asked = [store.ask(bandit, "freeze", {}, NOW) for bandit in ("home", "away", "home")]
            effect = Effect(at=NOW, snapshot=1, roster=0, read=(3,))
            done = [msgspec.structs.replace(each, effect=effect) for each in asked[:2]]
            store.commit(commit_of(store.lease("one", NOW, LASTS_US), commands=done[::-1]))
            assert list(store.commands()) == done
            assert list(store.commands("home")) == done[:1]

    def _four(self, store: Store) -> Lease:
        lease = store.lease("one", NOW, LASTS_US)
        store.commit(commit_of(lease, snapshots=[snapshot_of("home", n) for n in (1, 2, 3, 4)]))
        return lease

    @contextlib.contextmanager
    def _store(self, place: Path) -> Iterator[Store]:
        with contextlib.closing(self.make(place / "store")) as store:
            yield store


def _versions(store: Store) -> list[int]:
    return [each.version for each in store.snapshots("home")]


def _declaration(arm: str, seed: int = 1) -> Declaration:
    return Declaration.parse({"name": "home", "arms": [arm], "seed": seed})
