"""The laws of corrections, a part of those of a store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tamesu.base import GRID, Conflict, Correction, Observation, Outcome, Time
from tamesu.ports import Store
from tamesu.testing.commits import LASTS_US, NOW, THREADS, commit_of, snapshot_of, together


class CorrectionsContract:
    """What the closed-slice job finds and the trainer takes, exactly once."""

    def make(self, place: Path) -> Store:
        """A store at the path `place`, new if nothing is there."""
        raise NotImplementedError

    def test_a_correction_is_kept_to_the_bit(self, tmp_path: Path) -> None:
        """Every clause of it, and of its observation."""
        with self._store(tmp_path) as store:
            assert list(store.corrections(waiting=True)) == []
            lease = store.lease("one", NOW, LASTS_US)
            found = [correction_of("d", 0, 1), correction_of("d", 0, 2, previous=None)]
            assert store.correct(lease, found) == 2
            assert list(store.corrections(waiting=True)) == found

    def test_a_correction_is_kept_once(self, tmp_path: Path) -> None:
        """Duplicate case: the first stays as it was; also after it was taken, and within one call."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)
            first = correction_of("d", 0, 1)
            other = msgspec.structs.replace(first, found=Time(NOW + 9))
            assert store.correct(lease, [first, other]) == 1
            assert store.correct(lease, [other, correction_of("d", 1, 1)]) == 1
            assert store.corrections(waiting=True)[0] == first
            store.commit(commit_of(lease, corrections=[_taken(first)]))
            assert store.correct(lease, [other]) == 0
            assert list(store.corrections(waiting=True)) == [correction_of("d", 1, 1)]

    def test_corrections_wait_in_their_order_until_taken(self, tmp_path: Path) -> None:
        """As they were kept, not more than asked for; afterwards they say where they were taken."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)
            found = [correction_of(name, 0, 1) for name in "cab"]
            store.correct(lease, found)
            assert list(store.corrections(waiting=True, most=2)) == found[:2]
            taken = [_taken(found[0]), _taken(found[2])]
            store.commit(commit_of(lease, corrections=taken))
            assert list(store.corrections(waiting=True)) == [found[1]]
            assert list(store.corrections(waiting=False)) == taken

    def test_what_snapshots_of_a_bandit_took_is_found(self, tmp_path: Path) -> None:
        """After the one and up to the other; not what another bandit's took, nor what waits."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)
            names = ("home.2.d", "home.2.c", "home.2.b", "home.2.a", "home-x.2.a")
            found = [
                msgspec.structs.replace(correction_of(name, 0, 1), bandit=name.partition(".")[0])
                for name in names
            ]
            store.correct(lease, [*found, correction_of("home.2.e", 0, 1)])
            assert list(store.corrections_of("home", 0, 9)) == []
            taken = [
                msgspec.structs.replace(one, read=(5,), snapshot=version)
                for one, version in zip(found, (1, 2, 3, 4, 3), strict=True)
            ]
            store.commit(commit_of(lease, corrections=taken))
            assert list(store.corrections_of("home", 1, 3)) == taken[1:3]
            assert list(store.corrections_of("home-x", 0, 9)) == taken[4:]
            assert list(store.corrections_of("home", 4, 9)) == []

    def test_a_correction_is_taken_once(self, tmp_path: Path) -> None:
        """Refused whole: one that was taken, and one that nobody kept."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)
            first, second = correction_of("d", 0, 1), correction_of("d", 1, 1)
            store.correct(lease, [first, second])
            store.commit(commit_of(lease, corrections=[_taken(first)]))
            for wrong in (first, correction_of("unkept", 0, 1)):
                both = [_taken(second), _taken(wrong)]
                with pytest.raises(Conflict):
                    store.commit(
                        commit_of(lease, snapshots=[snapshot_of("home", 1)], corrections=both)
                    )
            assert list(store.corrections(waiting=True)) == [second]
            assert store.snapshot("home") is None

    def test_a_stale_job_keeps_nothing(self, tmp_path: Path) -> None:
        """Fenced as a commit is."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)
            with pytest.raises(Conflict):
                store.correct(lease._replace(epoch=lease.epoch - 1), [correction_of("d", 0, 1)])
            assert list(store.corrections(waiting=True)) == []

    def test_of_many_that_keep_the_same_at_once_one_does(self, tmp_path: Path) -> None:
        """Concurrent case: each correction is new to one caller."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)
            found = [correction_of(f"d{number}", 0, 1) for number in range(THREADS)]
            kept = together(lambda _: sum(store.correct(lease, [each]) for each in found))
            assert sum(kept) == THREADS
            assert len(store.corrections(waiting=True)) == THREADS

    def test_up_to_where_was_judged_is_kept_with_what_was_found(self, tmp_path: Path) -> None:
        """Per bandit the last word holds; a bandit that is not named stays."""
        with self._store(tmp_path) as store:
            assert dict(store.judged()) == {}
            lease = store.lease("one", NOW, LASTS_US)
            store.correct(lease, [], {"home": NOW, "away": Time(NOW + 1)})
            store.correct(lease, [correction_of("d", 0, 1)], {"home": Time(NOW + 5)})
            store.correct(lease, [correction_of("d", 0, 2)])
            assert dict(store.judged()) == {"home": NOW + 5, "away": NOW + 1}

    @contextlib.contextmanager
    def _store(self, place: Path) -> Iterator[Store]:
        with contextlib.closing(self.make(place / "store")) as store:
            yield store


def correction_of(
    decision_id: str, position: int, number: int, *, previous: int | None = 0
) -> Correction:
    """A correction that brings a click."""
    return Correction(
        bandit="home",
        declaration=2,
        observation=Observation(
            decision_id=decision_id,
            position=position,
            correction=number,
            experiment=None,
            variant=None,
            unit="ü",
            arm="a",
            context={"age": 3.5, "tags": ["x"]},
            eligible=("a", "b"),
            propensity=0.1,
            score=0.25,
            draws=None,
            fallback=False,
            outcome=Outcome.OBSERVED,
            reward=GRID,
            previous_reward=previous,
            previous_terms=None if previous is None else {"click": previous},
            terms={"click": GRID},
            decided=NOW,
            shown=None,
            closed=Time(NOW + 7),
            snapshot=4,
        ),
        accepted=Time(NOW + 6),
        moved={"events_late": -1, "events_corrected": 1},
        found=Time(NOW + 8),
    )


def _taken(correction: Correction) -> Correction:
    return msgspec.structs.replace(correction, read=(11, 0))
