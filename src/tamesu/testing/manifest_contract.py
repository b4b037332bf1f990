"""The laws of the archive's manifest, a part of those of a store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tamesu.base import Conflict, Time
from tamesu.ports import ArchiveFile, Holds, Store
from tamesu.testing.commits import LASTS_US, NOW, commit_of, file_of

RECORDS = ArchiveFile(
    name="records/0-000",
    bandit="",
    rows=7,
    bytes=9,
    digest="ab",
    holds=Holds.RECORDS,
    partition=1,
    first=3,
    end=12,
    newest=Time(NOW + 5),
)


class ManifestContract:
    """Which files exist, and up to where the log is archived."""

    def make(self, place: Path) -> Store:
        """A store at the path `place`, new if nothing is there."""
        raise NotImplementedError

    def test_files_are_listed_by_what_they_hold(self, tmp_path: Path) -> None:
        """To the bit, in the order in which they came; all of them without a kind."""
        with self._store(tmp_path) as store:
            assert list(store.files(Holds.RECORDS)) == []
            lease = store.lease("one", NOW, LASTS_US)
            store.commit(commit_of(lease, files=[file_of("a")]))
            store.arrange(lease, [RECORDS], [])
            store.commit(commit_of(lease, files=[file_of("b")]))
            assert list(store.files()) == [file_of("a"), RECORDS, file_of("b")]
            assert list(store.files(Holds.OBSERVATIONS)) == [file_of("a"), file_of("b")]
            assert list(store.files(Holds.RECORDS)) == [RECORDS]
            assert list(store.files(Holds.ASIDE)) == []

    def test_arranging_puts_files_in_the_place_of_others(self, tmp_path: Path) -> None:
        """What is removed is there no more, what is added comes last; a name may do both."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)
            store.commit(commit_of(lease, files=[file_of("a"), file_of("b"), file_of("c")]))
            store.arrange(lease, [file_of("ab")], [file_of("a"), file_of("b")])
            assert [file.name for file in store.files()] == ["c", "ab"]
            store.arrange(lease, [file_of("c")], [file_of("c")])
            assert [file.name for file in store.files()] == ["ab", "c"]

    def test_a_refused_arrangement_changes_nothing(self, tmp_path: Path) -> None:
        """A stale epoch, a name that is there, one that is not."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)
            store.commit(commit_of(lease, files=[file_of("a"), file_of("b")]))
            stale = lease._replace(epoch=lease.epoch - 1)
            for holds, add, remove in (
                (stale, [file_of("c")], []),
                (lease, [file_of("c"), file_of("b")], [file_of("a")]),
                (lease, [file_of("c")], [file_of("a"), file_of("x")]),
            ):
                with pytest.raises(Conflict):
                    store.arrange(holds, add, remove, (5,))
                assert [file.name for file in store.files()] == ["a", "b"]
                assert store.archived() == ()

    def test_archived_offsets_change_when_told(self, tmp_path: Path) -> None:
        """Per partition, together with the files; nothing told, nothing changed."""
        with self._store(tmp_path) as store:
            assert store.archived() == ()
            lease = store.lease("one", NOW, LASTS_US)
            store.arrange(lease, [RECORDS], [], (0, 12))
            assert store.archived() == (0, 12)
            store.arrange(lease, [], [RECORDS])
            store.commit(commit_of(lease, files=[file_of("a")]))
            assert store.archived() == (0, 12)
            store.arrange(lease, [], [], (4, 13))
            assert store.archived() == (4, 13)

    @contextlib.contextmanager
    def _store(self, place: Path) -> Iterator[Store]:
        with contextlib.closing(self.make(place / "store")) as store:
            yield store
