"""The laws of a store, as `tamesu.ports.Store` states them."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamesu.base import Conflict, Declaration, Snapshot, Time
from tamesu.ports import Deferred, Progress, Store
from tamesu.testing.commands_contract import CommandsContract, roster_of
from tamesu.testing.commits import (
    LASTS_US,
    NOW,
    THREADS,
    commit_of,
    file_of,
    snapshot_of,
    together,
)
from tamesu.testing.corrections_contract import CorrectionsContract, correction_of
from tamesu.testing.history_contract import HistoryContract
from tamesu.testing.kill import lines_until_killed
from tamesu.testing.lease_contract import LeaseContract
from tamesu.testing.manifest_contract import RECORDS, ManifestContract
from tamesu.testing.workload import BANDIT


class StoreContract(
    LeaseContract, CommandsContract, HistoryContract, ManifestContract, CorrectionsContract
):
    """Bind an adapter by a subclass that defines `make`, and say what it can do.

    Attributes:
        durable: what was kept is there when the store is made anew at the same place.
        elsewhere: `module:callable` that makes a store of a place in another process, none where
            processes cannot share one.
    """

    durable: ClassVar[bool] = True
    elsewhere: ClassVar[str | None] = None

    # Declarations -------------------------------------------------------------------------------

    def test_a_new_store_is_empty(self, tmp_path: Path) -> None:
        """Empty case: nothing declared, no versions, no files, no progress."""
        with self._store(tmp_path) as store:
            assert dict(store.declarations()) == {}
            assert store.declared("home", 1) is None
            assert dict(store.versions()) == {}
            assert store.snapshot("home") is None
            assert store.snapshot("home", 1) is None
            assert store.progress() == Progress()
            assert list(store.files()) == []

    def test_a_declaration_is_kept_as_number_one(self, tmp_path: Path) -> None:
        """Every clause of it; other numbers and names are not there."""
        full = _declaration("full", seed=(1 << 63) - 1, description="ein Wörtchen", layout="slate")
        with self._store(tmp_path) as store:
            declared = store.declare(full, NOW)
            store.declare(_declaration("plain"), Time(NOW + 1))
            assert declared == (1, full, NOW)
            assert dict(store.declarations())["full"] == declared
            assert set(store.declarations()) == {"full", "plain"}
            assert store.declared("full", 1) == declared
            assert store.declared("full", 2) is None
            assert store.declared("full", 0) is None

    def test_a_name_is_taken_once(self, tmp_path: Path) -> None:
        """Duplicate case: the first wins, the other is refused and changes nothing."""
        with self._store(tmp_path) as store:
            first = store.declare(_declaration("home", seed=1), NOW)
            with pytest.raises(Conflict):
                store.declare(_declaration("home", seed=2), NOW)
            assert dict(store.declarations()) == {"home": first}

    def test_of_many_that_declare_at_once_one_wins(self, tmp_path: Path) -> None:
        """Concurrent case."""
        with self._store(tmp_path) as store:
            results = together(lambda number: store.declare(_declaration("home", seed=number), NOW))
            (winner,) = [result for result in results if not isinstance(result, Conflict)]
            assert dict(store.declarations()) == {"home": winner}

    # The one transaction ------------------------------------------------------------------------

    def test_a_commit_changes_everything_it_says(self, tmp_path: Path) -> None:
        """Checkpoint, counts, snapshots, files, and the epoch it was made under."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)
            new = [snapshot_of("home", 1), snapshot_of("away", 1)]
            store.commit(
                commit_of(lease, b"\x00one", {"home": {"events_read": 3}}, new, [file_of("a")])
            )
            store.commit(commit_of(lease, b"two", {}, [snapshot_of("home", 2)], [file_of("b")]))
            assert store.progress() == Progress(
                checkpoint=b"two", counts={"home": {"events_read": 3}}, epoch=lease.epoch
            )
            assert dict(store.versions()) == {"home": 2, "away": 1}
            assert store.snapshot("home") == snapshot_of("home", 2)
            assert store.snapshot("home", 1) == snapshot_of("home", 1)
            assert store.snapshot("home", 3) is None
            assert store.snapshot("away") == snapshot_of("away", 1)
            assert list(store.files()) == [file_of("a"), file_of("b")]

    def test_counts_add_up_and_levels_are_replaced(self, tmp_path: Path) -> None:
        """Per bandit, the one without a name included; what a commit leaves out stays."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)
            for counts in (
                {"home": {"events_read": 5, "events_held": 4, "deliveries_open": 9}},
                {"": {"events_poison": 1}, "home": {"events_read": 2, "events_held": 1}},
                {"": {"events_poison": 1}},
            ):
                store.commit(commit_of(lease, counts=counts))
            assert store.progress().counts == {
                "": {"events_poison": 2},
                "home": {"events_read": 7, "events_held": 1, "deliveries_open": 9},
            }

    def test_a_refused_commit_changes_nothing(self, tmp_path: Path) -> None:
        """Whatever it was refused for: a stale epoch, a version or a file that exists."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)
            stale = lease._replace(epoch=lease.epoch - 1)
            store.commit(
                commit_of(lease, b"kept", {"home": {"events_read": 1}}, [snapshot_of("home", 1)])
            )
            store.commit(commit_of(lease, b"kept", {}, [], [file_of("a")]))
            before = _everything(store)
            more = {"home": {"events_read": 1, "events_held": 1}}
            other = [snapshot_of("away", 1)]
            for commit in (
                commit_of(stale, b"lost", more, other, [file_of("b")]),
                commit_of(lease, b"lost", more, [*other, snapshot_of("home", 1)], [file_of("b")]),
                commit_of(lease, b"lost", more, other, [file_of("b"), file_of("a")]),
                commit_of(lease._replace(holder="two"), b"lost", more),
                commit_of(lease._replace(epoch=lease.epoch + 1), b"lost", more),
            ):
                with pytest.raises(Conflict):
                    store.commit(commit)
                assert _everything(store) == before

    def test_commits_from_threads_add_up(self, tmp_path: Path) -> None:
        """Concurrent case: none is lost, none is done by half."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)

            def work(writer: int) -> None:
                for version in range(1, 11):
                    name = f"bandit-{writer}"
                    file = file_of(f"{name}/{version}")
                    counts = {"": {"events_read": 1}}
                    store.commit(
                        commit_of(lease, b"", counts, [snapshot_of(name, version)], [file])
                    )

            assert together(work) == [None] * THREADS
            assert store.progress().counts == {"": {"events_read": THREADS * 10}}
            assert dict(store.versions()) == {f"bandit-{n}": 10 for n in range(THREADS)}
            assert len(store.files()) == THREADS * 10

    def test_a_snapshot_is_kept_to_the_bit(self, tmp_path: Path) -> None:
        """Whatever its state's bytes and its times are."""
        places = (tmp_path / str(number) for number in count())
        times = st.integers(0, 4_000_000_000_000_000).map(Time)
        snapshots = st.builds(
            Snapshot,
            bandit=st.just("home"),
            declaration=st.integers(1, 9),
            version=st.just(1),
            state=st.binary(max_size=300),
            created=times,
            watermark=times,
            observations=st.integers(0, 1 << 53),
            ready=st.none() | times,
            accepted=st.none() | times,
        )

        @settings(max_examples=15)
        @given(snapshots)
        def law(snapshot: Snapshot) -> None:
            with self._store(next(places)) as store:
                lease = store.lease("one", NOW, LASTS_US)
                store.commit(commit_of(lease, snapshots=[snapshot]))
                assert store.snapshot("home") == snapshot

        law()

    # Durability ---------------------------------------------------------------------------------

    def test_a_store_made_anew_holds_what_was_kept(self, tmp_path: Path) -> None:
        """Durable case: everything, and epochs go on rising. Else: it starts anew."""
        with self._store(tmp_path) as store:
            store.declare(_declaration("home"), NOW)
            lease = store.lease("one", NOW, LASTS_US)
            store.commit(
                commit_of(lease, b"c", {"a": {"x": 1}}, [snapshot_of("home", 1)], [file_of("a")])
            )
            store.commit(commit_of(lease, rosters=[roster_of("home", 1)]))
            store.ask("home", "arms", {"add": ["a"]}, NOW)
            store.pin("home", 1, pinned=True)
            store.correct(lease, [correction_of("d", 0, 1)])
            store.arrange(lease, [RECORDS], [], (3, 12))
            aside = Deferred(bandit="home", state=b"aside", observations=1)
            store.commit(commit_of(lease, deferred=[aside]))
            before = _everything(store)
            store.close()
            store.close()
        with self._store(tmp_path) as store:
            assert (_everything(store) == before) is self.durable
            if self.durable:
                with pytest.raises(Conflict):
                    store.lease("two", NOW, LASTS_US)
                assert store.takeover("one", NOW, LASTS_US).epoch == lease.epoch + 1

    def test_a_killed_trainer_leaves_a_whole_commit(self, tmp_path: Path) -> None:
        """Atomicity: after a SIGKILL checkpoint, counts, snapshot and files say the same number."""
        if self.elsewhere is None:
            return
        for lines in (2, 40):
            arguments = ["commit", self.elsewhere, str(tmp_path / "store")]
            printed = lines_until_killed("tamesu.testing.workload", arguments, lines)
            with self._store(tmp_path) as store:
                number = int(store.progress().checkpoint)
                assert int(printed[-1]) <= number <= int(printed[-1]) + 1
                assert store.progress().counts == {BANDIT: {"events_read": number}}
                assert dict(store.versions()) == {BANDIT: number}
                assert [file.name for file in store.files()] == [
                    f"file-{n}" for n in range(1, number + 1)
                ]
                assert store.snapshot(BANDIT, number) is not None


def _declaration(name: str, **clauses: Any) -> Declaration:
    return Declaration.parse({"name": name, "arms": ["a", "b"], **clauses})


def _everything(store: Store) -> tuple[object, ...]:
    """All that a store holds but the lease, to compare before and after."""
    versions = dict(store.versions())
    return (
        dict(store.declarations()),
        [store.snapshot(bandit, n) for bandit in versions for n in range(versions[bandit] + 1)],
        store.progress(),
        list(store.files()),
        [store.roster("home", number) for number in (1, 2)],
        [store.command(number) for number in (1, 2)],
        list(store.waiting()),
        store.pinned("home"),
        store.deferred("home"),
        list(store.corrections(waiting=True)),
        store.archived(),
    )
