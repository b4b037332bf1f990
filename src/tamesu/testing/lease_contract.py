"""The laws of the trainer's lease, a part of those of a store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tamesu.base import Conflict, Time
from tamesu.ports import Lease, Store
from tamesu.testing.commits import LASTS_US, NOW, commit_of, together


class LeaseContract:
    """One holder at a time, and a fence against the one before."""

    def make(self, place: Path) -> Store:
        """A store at the path `place`, new if nothing is there."""
        raise NotImplementedError

    def test_a_free_lease_is_given_and_renewed(self, tmp_path: Path) -> None:
        """The same holder asking while it holds keeps its epoch and gets more time."""
        with self._store(tmp_path) as store:
            first = store.lease("one", NOW, LASTS_US)
            again = store.lease("one", Time(NOW + 1), LASTS_US)
            assert first == ("one", first.epoch, NOW + LASTS_US)
            assert first.epoch >= 1
            assert again == ("one", first.epoch, NOW + 1 + LASTS_US)

    def test_a_held_lease_is_refused_to_others(self, tmp_path: Path) -> None:
        """Until the moment it expires, which the refusal tells."""
        with self._store(tmp_path) as store:
            held = store.lease("one", NOW, LASTS_US)
            last = Time(held.expires - 1)
            for ask in (store.lease, store.takeover):
                with pytest.raises(Conflict) as refusal:
                    ask("two", last, LASTS_US)
                assert refusal.value.facts["expires"] == held.expires
            assert store.lease("two", held.expires, LASTS_US).holder == "two"

    def test_an_expired_lease_is_renewed_by_its_holder(self, tmp_path: Path) -> None:
        """One slow step loses nothing: nobody wrote meanwhile, so the epoch stays and commits hold."""
        with self._store(tmp_path) as store:
            held = store.lease("one", NOW, LASTS_US)
            again = store.lease("one", Time(held.expires + LASTS_US), LASTS_US)
            assert again == ("one", held.epoch, held.expires + 2 * LASTS_US)
            store.commit(commit_of(held))

    def test_an_expired_lease_that_another_took_is_lost(self, tmp_path: Path) -> None:
        """The slow holder is refused, and gets it back only under a newer epoch."""
        with self._store(tmp_path) as store:
            slow = store.lease("one", NOW, LASTS_US)
            quick = store.lease("two", slow.expires, LASTS_US)
            assert quick.epoch == slow.epoch + 1
            for ask in (store.lease, store.takeover):
                with pytest.raises(Conflict):
                    ask("one", slow.expires, LASTS_US)
            with pytest.raises(Conflict):
                store.commit(commit_of(slow))
            assert store.lease("one", quick.expires, LASTS_US).epoch == quick.epoch + 1

    def test_takeover_fences_the_dead_predecessor_at_once(self, tmp_path: Path) -> None:
        """The same holder gets a new epoch; what was under way under the old one is refused."""
        with self._store(tmp_path) as store:
            before = store.takeover("one", NOW, LASTS_US)
            after = store.takeover("one", NOW, LASTS_US)
            assert after.epoch == before.epoch + 1
            with pytest.raises(Conflict):
                store.commit(commit_of(before))
            store.commit(commit_of(after))

    def test_a_released_lease_is_free(self, tmp_path: Path) -> None:
        """The next holder gets it at once, under a new epoch; nothing can be committed under it."""
        with self._store(tmp_path) as store:
            held = store.lease("one", NOW, LASTS_US)
            store.release(held)
            with pytest.raises(Conflict):
                store.commit(commit_of(held))
            assert store.lease("two", NOW, LASTS_US).epoch == held.epoch + 1

    def test_releasing_what_is_no_longer_the_newest_does_nothing(self, tmp_path: Path) -> None:
        """An older epoch's, or another holder's."""
        with self._store(tmp_path) as store:
            new = store.lease("one", NOW, LASTS_US)
            store.release(new._replace(epoch=new.epoch - 1))
            store.release(new._replace(holder="two"))
            store.commit(commit_of(new))
            with pytest.raises(Conflict):
                store.lease("two", NOW, LASTS_US)

    def test_of_many_that_ask_at_once_one_gets_the_lease(self, tmp_path: Path) -> None:
        """Concurrent case."""
        with self._store(tmp_path) as store:
            results = together(lambda number: store.lease(f"holder-{number}", NOW, LASTS_US))
            (held,) = [result for result in results if isinstance(result, Lease)]
            store.commit(commit_of(held))

    @contextlib.contextmanager
    def _store(self, place: Path) -> Iterator[Store]:
        with contextlib.closing(self.make(place / "store")) as store:
            yield store
