"""The laws of an archive's files of records, and of those that were set aside.

Refuses to know in which order a file keeps its rows.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings

from tamesu.base import Bug, Corrupt, Entry, Time
from tamesu.base.times import SECOND_US
from tamesu.ports import Holds, Kept
from tamesu.testing.archive_bound import ArchiveBound, aside, damaged, entry, records, set_aside
from tamesu.testing.observations import single

KEYS = ("a", "", "b", "a", "c", "b", "a")


class ArchivedRecordsLaws(ArchiveBound):
    """`write_records`, `read_records`, `write_aside`, `read_aside`."""

    def test_records_are_read_back_in_log_order(self, tmp_path: Path) -> None:
        """To the bit: whatever is in a body, also what nobody can read."""
        places = (tmp_path / str(number) for number in count())

        @settings(max_examples=20)
        @given(records())
        def law(written: list[Entry]) -> None:
            archive = self.make(next(places))
            file = archive.write_records("1-0-9", written)
            (read,) = archive.read_records([file])
            assert list(read) == written

        law()

    def test_only_the_records_of_some_keys_are_read(self, tmp_path: Path) -> None:
        """In log order, file by file; a key that is not there is no matter, nor are no keys."""
        archive = self.make(tmp_path)
        files = [
            archive.write_records(f"1-{first}", _keyed(first)) for first in (0, len(KEYS), 100)
        ]
        for keys in (set(), {"a"}, {"", "b"}, ["c", "none"], {"none"}):
            found = list(archive.read_records(files, keys))
            assert len(found) == len(files)
            for first, part in zip((0, len(KEYS), 100), found, strict=True):
                wanted = [first + place for place, key in enumerate(KEYS) if key in keys]
                assert [one.offset for one in part] == wanted

    def test_a_sample_is_of_one_bandit_and_of_decisions_that_end_alike(
        self, tmp_path: Path
    ) -> None:
        """In log order, file by file; another bandit whose name begins alike is not in it."""
        archive = self.make(tmp_path)
        keys = [
            "home.1.a0",
            "home.1.b0",
            "",
            "home-page.1.a0",
            "home.2.00",
            "home.1.a1",
            "home.1.a0",
        ]
        written = [entry(place, key) for place, key in enumerate(keys)]
        files = [archive.write_records("1-0", written), archive.write_records("1-9", written[3:4])]
        for ending, wanted in (("", [0, 1, 4, 5, 6]), ("0", [0, 1, 4, 6]), ("00", [4]), ("9", [])):
            found = archive.sampled(files, "home", ending)
            assert [[one.offset for one in part] for part in found] == [wanted, []]

    def test_keys_are_known_by_when_their_events_were_received(self, tmp_path: Path) -> None:
        """From the first moment up to before the second; of several events the newest; events alone."""
        archive = self.make(tmp_path)
        written = _keyed(0)
        written[2] = written[2]._replace(kind="decision")
        file = archive.write_records("1-0", written)
        moments = [Time(one.received * 1000) for one in written]
        for since, until in ((0, 6), (1, 5), (2, 3), (4, 4)):
            wanted = {
                written[place].key: moments[place]
                for place in range(since, until)
                if written[place].kind == "event"
            }
            assert archive.heard(file, moments[since], moments[until]) == wanted

    def test_a_file_of_records_says_which_part_of_the_log_it_has(self, tmp_path: Path) -> None:
        """Offsets, partition, the newest moment; it belongs to no bandit."""
        file = self.make(tmp_path).write_records("1-7-9", [entry(7, "a", 3), entry(11, "b", 3)])
        assert (file.holds, file.bandit, file.rows) == (Holds.RECORDS, "", 2)
        assert (file.partition, file.first, file.end) == (3, 7, 12)
        assert file.newest == 12 * SECOND_US

    @pytest.mark.parametrize(
        "entries",
        [
            [],
            [entry(2, "a"), entry(1, "a")],
            [entry(1, "a"), entry(1, "a")],
            [entry(1, "a"), entry(2, "a", 1)],
        ],
        ids=["none", "falling", "twice", "two partitions"],
    )
    def test_what_is_no_part_of_the_log_is_a_bug(
        self, entries: list[Entry], tmp_path: Path
    ) -> None:
        """No records, out of order, or of several partitions."""
        with pytest.raises(Bug):
            self.make(tmp_path).write_records("1-0-9", entries)

    def test_a_damaged_file_of_records_is_corruption(self, tmp_path: Path) -> None:
        """Also for who looks for one key of it only; missing, or of other rows: the same."""
        archive = self.make(tmp_path)
        file = archive.write_records("1-0-9", _keyed(0))
        gone = msgspec.structs.replace(file, name=file.name.replace("1-0-9", "1-0-8"))
        more = msgspec.structs.replace(file, rows=file.rows + 1)
        for wrong in (gone, more):
            with pytest.raises(Corrupt):
                list(archive.read_records([wrong]))
        path = self.path(tmp_path, file)
        if path is None:
            assert file.bytes == 0
            return
        whole = path.read_bytes()
        for content in damaged(whole):
            path.write_bytes(content)
            for keys in (None, {"a"}):
                with pytest.raises(Corrupt):
                    list(archive.read_records([file], keys))
        path.write_bytes(whole)
        (read,) = archive.read_records([file])
        assert len(read) == file.rows

    def test_what_was_set_aside_is_read_back(self, tmp_path: Path) -> None:
        """To the bit, in its order, also where no bandit can be named."""
        places = (tmp_path / str(number) for number in count())

        @settings(max_examples=20)
        @given(set_aside(), set_aside(bandit=""))
        def law(mine: list[Kept], nobodys: list[Kept]) -> None:
            archive = self.make(next(places))
            files = [archive.write_aside("1-0-9", kept) for kept in (mine, nobodys)]
            assert [list(kept) for kept in archive.read_aside(files)] == [mine, nobodys]

        law()

    def test_a_file_of_what_was_set_aside_says_of_whom(self, tmp_path: Path) -> None:
        """Its bandit, and the newest moment."""
        archive = self.make(tmp_path)
        for bandit in ("home", ""):
            file = archive.write_aside("1-0-9", [aside(entry(9), bandit), aside(entry(3), bandit)])
            assert (file.holds, file.bandit, file.rows) == (Holds.ASIDE, bandit, 2)
            assert file.newest == 10 * SECOND_US

    def test_what_was_set_aside_of_two_bandits_is_a_bug(self, tmp_path: Path) -> None:
        """A file of it is one bandit's; nor is there one of nothing."""
        archive = self.make(tmp_path)
        for kept in ([], [aside(entry(1)), aside(entry(2), "away")]):
            with pytest.raises(Bug):
                archive.write_aside("1-0-9", kept)

    def test_a_file_of_another_kind_is_a_bug(self, tmp_path: Path) -> None:
        """Whoever reads records is not given observations, nor anything else but what was meant."""
        archive = self.make(tmp_path)
        observed = archive.write("1-0-9", single())
        recorded = archive.write_records("1-0-9", [entry(1)])
        kept = archive.write_aside("1-0-9", [aside(entry(1))])
        assert len({observed.name, recorded.name, kept.name}) == 3
        for read, wrong in (
            (archive.read, recorded),
            (archive.read, kept),
            (archive.read_records, observed),
            (archive.read_records, kept),
            (archive.read_aside, observed),
            (archive.read_aside, recorded),
        ):
            with pytest.raises(Bug):
                list(read([wrong]))


def _keyed(first: int) -> list[Entry]:
    return [entry(first + place, key) for place, key in enumerate(KEYS)]
