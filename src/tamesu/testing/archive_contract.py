"""The laws of an archive, as `tamesu.ports.Archive` states them."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings

from tamesu.base import Bug, Corrupt, Observations
from tamesu.base.outline import Outline
from tamesu.testing.archive_bound import damaged
from tamesu.testing.archived_records_contract import ArchivedRecordsLaws
from tamesu.testing.merging_contract import MergingLaws
from tamesu.testing.observations import difference, observations, same_outline, single


class ArchiveContract(ArchivedRecordsLaws, MergingLaws):
    """Bind an adapter by a subclass that defines `make` and `path`, and say what it can do.

    Attributes:
        durable: what was written is there when the archive is made anew at the same place.
    """

    def test_what_is_written_is_read_back(self, tmp_path: Path) -> None:
        """To the bit, every column, whatever is in it."""
        places = (tmp_path / str(number) for number in count())

        @settings(max_examples=40)
        @given(observations())
        def law(written: Observations) -> None:
            archive = self.make(next(places))
            file = archive.write("1-0-9", written)
            (read,) = archive.read([file])
            assert difference(written, read) == ""
            assert (file.bandit, file.rows) == (written.bandit, len(written))

        law()

    def test_many_are_written_as_each_is(self, tmp_path: Path) -> None:
        """The same names and what the manifest must say, and each reads back; of none, none."""
        one, all_ = self.make(tmp_path / "one"), self.make(tmp_path / "all")
        groups = [single(bandit=f"bandit-{n}", position=n) for n in range(20)]
        files = all_.write_all("1-0-9", groups)
        assert files == [one.write("1-0-9", group) for group in groups]
        for written, read in zip(groups, all_.read(files), strict=True):
            assert difference(written, read) == ""
        assert all_.write_all("1-0-9", []) == []

    def test_an_outline_is_that_of_what_is_read(self, tmp_path: Path) -> None:
        """To the bit, one for each file, in their order."""
        places = (tmp_path / str(number) for number in count())

        @settings(max_examples=40)
        @given(observations(), observations())
        def law(one: Observations, other: Observations) -> None:
            archive = self.make(next(places))
            files = [archive.write("1-0-9", one), archive.write("1-9-12", other)]
            for written, outline in zip((one, other), archive.outlines(files), strict=True):
                assert same_outline(Outline.of(written), outline)

        law()

    def test_batches_come_in_the_manifests_order(self, tmp_path: Path) -> None:
        """One batch a file, however the manifest is ordered; no files give no batches."""
        archive = self.make(tmp_path)
        files = [archive.write(f"1-{n}-{n + 1}", single(position=n)) for n in range(3)]
        assert len({file.name for file in files}) == len(files)
        order = [files[2], files[0], files[1], files[0]]
        read = [int(batch.position[0]) for batch in archive.read(order)]
        assert read == [2, 0, 1, 0]
        assert list(archive.read([])) == []

    def test_a_stem_written_again_replaces_the_file(self, tmp_path: Path) -> None:
        """Duplicate case: a batch repeated under the same stem lands on its name."""
        archive = self.make(tmp_path)
        first = archive.write("1-0-9", single(position=1))
        again = archive.write("1-0-9", single(position=2))
        assert again.name == first.name
        (read,) = archive.read([again])
        assert read.position.tolist() == [2]

    def test_bandits_and_declarations_have_files_of_their_own(self, tmp_path: Path) -> None:
        """The same stem stands for several files: one a bandit and declaration."""
        archive = self.make(tmp_path)
        batches = [single(), single(bandit="away"), single(declaration=2)]
        files = [archive.write("1-0-9", batch) for batch in batches]
        assert len({file.name for file in files}) == len(files)
        for written, read in zip(batches, archive.read(files), strict=True):
            assert difference(written, read) == ""

    def test_no_rows_are_a_bug(self, tmp_path: Path) -> None:
        """Empty case: there is nothing to say of such a file."""
        with pytest.raises(Bug):
            self.make(tmp_path).write("1-0-9", single().take(slice(0, 0)))

    def test_a_missing_file_is_corruption(self, tmp_path: Path) -> None:
        """The manifest names it, so it must be there."""
        archive = self.make(tmp_path)
        file = archive.write("1-0-9", single())
        gone = msgspec.structs.replace(file, name=file.name.replace("1-0-9", "1-0-8"))
        with pytest.raises(Corrupt):
            list(archive.read([gone]))

    def test_another_number_of_rows_is_corruption(self, tmp_path: Path) -> None:
        """The manifest says how many there are."""
        archive = self.make(tmp_path)
        file = archive.write("1-0-9", single())
        with pytest.raises(Corrupt):
            list(archive.read([msgspec.structs.replace(file, rows=file.rows + 1)]))

    def test_a_torn_or_damaged_file_is_corruption(self, tmp_path: Path) -> None:
        """Cut off anywhere, with more behind it, or any byte another: it says so, and gives no rows.

        An archive without bytes of its own has nothing to damage: its file has none.
        """
        archive = self.make(tmp_path)
        file = archive.write("1-0-9", Observations.concatenate([single(), single(position=1)]))
        path = self.path(tmp_path, file)
        if path is None:
            assert file.bytes == 0
            return
        whole = path.read_bytes()
        for content in damaged(whole):
            path.write_bytes(content)
            with pytest.raises(Corrupt):
                list(archive.read([file]))
        path.write_bytes(whole)
        (read,) = archive.read([file])
        assert len(read) == file.rows

    def test_an_archive_made_anew_holds_what_was_written(self, tmp_path: Path) -> None:
        """Durable case: the same observations. Else: the files are gone, and it says so."""
        file = self.make(tmp_path).write("1-0-9", single())
        anew = self.make(tmp_path)
        if self.durable:
            (read,) = anew.read([file])
            assert difference(single(), read) == ""
        else:
            with pytest.raises(Corrupt):
                list(anew.read([file]))
