"""The laws of merging an archive's files, of knowing what lies there, and of deleting it.

Refuses to know when that is due.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tamesu.base import GRID, Bug, Corrupt, Observations
from tamesu.ports import Archive, ArchiveFile, Holds
from tamesu.testing.archive_bound import ArchiveBound, aside, entry
from tamesu.testing.observations import difference, single


class MergingLaws(ArchiveBound):
    """`merge`, `names`, `remove`."""

    @pytest.mark.parametrize("holds", list(Holds))
    def test_merged_files_read_as_they_did_one_after_another(
        self, holds: Holds, tmp_path: Path
    ) -> None:
        """Every row once, in the order of the files; records in log order."""
        archive = self.make(tmp_path)
        files = _three(archive, holds)
        before = _read(archive, files)
        file = archive.merge("2-0-9", files)
        (after,) = _read(archive, [file])
        if holds is Holds.OBSERVATIONS:
            assert difference(Observations.concatenate(before), after) == ""
        else:
            assert list(after) == [row for part in before for row in part]
        assert (file.holds, file.bandit, file.folder) == (holds, files[0].bandit, files[0].folder)
        assert file.rows == sum(one.rows for one in files)
        assert file.newest == max(one.newest for one in files)
        assert (file.partition, file.first) == (files[0].partition, files[0].first)
        assert file.end == files[-1].end

    def test_records_are_merged_into_log_order(self, tmp_path: Path) -> None:
        """In whichever order their files are named."""
        archive = self.make(tmp_path)
        files = _three(archive, Holds.RECORDS)
        file = archive.merge("2-0-9", [files[1], files[2], files[0]])
        (read,) = archive.read_records([file])
        offsets = [one.offset for one in read]
        assert offsets == sorted(offsets)
        assert (file.first, file.end) == (files[0].first, files[-1].end)

    def test_terms_that_one_of_them_lacks_are_nothing(self, tmp_path: Path) -> None:
        """A row has 0 of a type that was not known when its file was written."""
        archive = self.make(tmp_path)
        one, other = single(position=0), single(position=1)
        other = replace(other, terms={**other.terms, "buy": np.array([7])})
        files = [archive.write("1-0", one), archive.write("1-1", other)]
        for order, terms in ((files, [0, 7]), (files[::-1], [7, 0])):
            (read,) = archive.read([archive.merge("2-0-9", order)])
            told = {kind: column.tolist() for kind, column in read.terms.items()}
            assert told == {"click": [GRID, GRID], "buy": terms}

    def test_merging_leaves_what_was_merged(self, tmp_path: Path) -> None:
        """Whoever reads it goes on."""
        archive = self.make(tmp_path)
        files = _three(archive, Holds.RECORDS)
        before = _read(archive, files)
        archive.merge("2-0-9", files)
        assert _read(archive, files) == before

    def test_only_files_of_one_folder_are_merged(self, tmp_path: Path) -> None:
        """Not two bandits', declarations', kinds' or partitions'; nor are none."""
        archive = self.make(tmp_path)
        files = [
            archive.write("1-0", single()),
            archive.write("1-0", single(declaration=2)),
            archive.write("1-0", single(bandit="away")),
            archive.write_records("1-0", [entry(0)]),
            archive.write_records("1-0", [entry(0, partition=1)]),
            archive.write_aside("1-0", [aside(entry(0))]),
            archive.write_aside("1-0", [aside(entry(0), "")]),
        ]
        for one, other in pairwise(files):
            with pytest.raises(Bug):
                archive.merge("2-0-9", [one, other])
        with pytest.raises(Bug):
            archive.merge("2-0-9", [])

    def test_what_was_written_lies_there(self, tmp_path: Path) -> None:
        """Of every kind; an empty archive has nothing."""
        archive = self.make(tmp_path)
        assert set(archive.names()) == set()
        files = [file for holds in Holds for file in _three(archive, holds)]
        assert set(archive.names()) == {file.name for file in files}

    def test_what_is_removed_is_gone(self, tmp_path: Path) -> None:
        """It alone; a second time nothing happens, and no names are no matter."""
        archive = self.make(tmp_path)
        files = [file for holds in Holds for file in _three(archive, holds)]
        gone, left = files[::2], files[1::2]
        assert archive.remove([]) == 0
        assert archive.remove([file.name for file in gone]) == len(gone)
        assert archive.remove([file.name for file in gone]) == 0
        for file in gone:
            if file.holds is Holds.OBSERVATIONS:
                continue  # that these are read is what other laws are about
            with pytest.raises(Corrupt):
                _read(archive, [file])
        assert len(_read(archive, left)) == len(left)

    def test_what_it_would_not_write_it_does_not_remove(self, tmp_path: Path) -> None:
        """A name of another form is a bug, whatever lies there."""
        archive = self.make(tmp_path)
        for name in ("../store.sqlite3", "notes.txt", "home/1/notes.txt", "/etc/hosts", "home/1/"):
            with pytest.raises(Bug):
                archive.remove([name])

    def test_half_a_file_is_ours_and_a_strangers_is_not(self, tmp_path: Path) -> None:
        """What a crash left behind can be found and removed, what people put there stays."""
        archive = self.make(tmp_path)
        file = archive.write("1-0-9", single())
        path = self.path(tmp_path, file)
        if path is None:
            assert file.bytes == 0
            return
        half, strange = path.with_name(".1-0-8.parquet.new"), path.with_name("notes.txt")
        half.write_bytes(b"half")
        strange.write_bytes(b"strange")
        left = set(archive.names()) - {file.name}
        assert len(left) == 1
        assert archive.remove(left) == 1
        assert not half.exists()
        assert strange.exists()


def _three(archive: Archive, holds: Holds) -> list[ArchiveFile]:
    """Three files of a kind that may be merged, in their order."""
    if holds is Holds.OBSERVATIONS:
        return [archive.write(f"1-{place}", single(position=place)) for place in range(3)]
    entries = [entry(place, f"key-{7 * place % 5}") for place in range(6)]
    parts = [entries[place : place + 2] for place in (0, 2, 4)]
    if holds is Holds.RECORDS:
        return [archive.write_records(f"1-{n}", part) for n, part in enumerate(parts)]
    return [
        archive.write_aside(f"1-{n}", [aside(one) for one in part]) for n, part in enumerate(parts)
    ]


def _read(archive: Archive, files: list[ArchiveFile]) -> list[Any]:
    read: dict[Holds, Any] = {
        Holds.OBSERVATIONS: archive.read,
        Holds.RECORDS: archive.read_records,
        Holds.ASIDE: archive.read_aside,
    }
    return [part for file in files for part in read[file.holds]([file])]
