"""The laws of a source of arms, as `tamesu.ports.ArmSource` states them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tamesu.base import InvalidInput, NotFound
from tamesu.ports import ArmSource

Row = Mapping[str, str | None]
"""Texts by column, `id` among them; every row of a source has the same columns."""


class ArmSourceContract:
    """Bind an adapter by a subclass that defines `make` and `missing`.

    Attributes:
        first: the place of the first arm, as messages tell it; lines of a file count what names columns.
    """

    first = 1

    def make(self, place: Path, rows: Sequence[Row]) -> ArmSource:
        """A source at `place`, a folder, that holds `rows`; what it held before is gone."""
        raise NotImplementedError

    def missing(self, place: Path) -> ArmSource:
        """A source at `place` that is not there; may raise what reading it would."""
        raise NotImplementedError

    def test_arms_come_in_the_sources_order(self, tmp_path: Path) -> None:
        """And as they are spelt: blanks, commas, quotes, numbers and letters of any script."""
        ids = ["b", "a", "007", "7", "1e3", 'x, "y"', "ärm", "null", "A"]
        arms = self.make(tmp_path, [{"id": each} for each in ids]).read()
        assert [arm.id for arm in arms] == ids

    def test_other_columns_are_metadata(self, tmp_path: Path) -> None:
        """A field that holds nothing is left out."""
        rows: list[Row] = [{"id": "a", "title": "Tea"}, {"id": "b", "title": None}]
        arms = self.make(tmp_path, rows).read()
        assert [arm.metadata for arm in arms] == [{"title": "Tea"}, {}]

    def test_columns_of_features_are_no_metadata(self, tmp_path: Path) -> None:
        """And where there are no others, nothing is said of metadata."""
        rows: list[Row] = [
            {"id": "a", "features.genre": "tea"},
            {"id": "b", "features.genre": None},
        ]
        arms = self.make(tmp_path, rows).read()
        assert [arm.features for arm in arms] == [{"genre": "tea"}, {}]
        assert [arm.metadata for arm in arms] == [None, None]

    def test_features_may_stand_in_one_column(self, tmp_path: Path) -> None:
        """As JSON, beside metadata."""
        rows: list[Row] = [{"id": "a", "title": "Tea", "features": '{"size": 0.5}'}]
        (arm,) = self.make(tmp_path, rows).read()
        assert (arm.metadata, arm.features) == ({"title": "Tea"}, {"size": 0.5})

    def test_ids_alone_say_nothing_of_metadata(self, tmp_path: Path) -> None:
        """So that arms keep what they have."""
        (arm,) = self.make(tmp_path, [{"id": "a"}]).read()
        assert arm.metadata is None

    def test_a_source_without_arms_is_refused(self, tmp_path: Path) -> None:
        """Empty case: it is most often a broken export."""
        with pytest.raises(InvalidInput):
            self.make(tmp_path, []).read()

    def test_an_arm_that_stands_twice_is_refused_with_both_places(self, tmp_path: Path) -> None:
        """Duplicate case: neither is taken for the right one."""
        rows = [{"id": each} for each in "abca"]
        with pytest.raises(InvalidInput, match=rf" {self.first + 3} .* {self.first} "):
            self.make(tmp_path, rows).read()

    def test_a_row_that_is_no_arm_is_refused_with_its_place(self, tmp_path: Path) -> None:
        """It is not left out: the arm that it was meant to be would be retired."""
        rows: list[Row] = [{"id": "a", "title": "x"}, {"id": None, "title": "y"}]
        with pytest.raises(InvalidInput, match=rf" {self.first + 1} "):
            self.make(tmp_path, rows).read()

    def test_it_is_read_anew_each_time(self, tmp_path: Path) -> None:
        """Every arm as of now, whatever was read before; and reading changes nothing."""
        source = self.make(tmp_path, [{"id": "a"}])
        assert [arm.id for arm in source.read()] == ["a"]
        assert [arm.id for arm in source.read()] == ["a"]
        self.make(tmp_path, [{"id": "b"}, {"id": "c"}])
        assert [arm.id for arm in source.read()] == ["b", "c"]

    def test_what_is_not_there_is_told_so(self, tmp_path: Path) -> None:
        """And nothing is made in its place."""
        with pytest.raises(NotFound):
            self.missing(tmp_path).read()
        assert not list(tmp_path.iterdir())

    def test_its_name_is_a_line_that_people_read(self, tmp_path: Path) -> None:
        """It stands in histories."""
        name = self.make(tmp_path, [{"id": "a"}]).name
        assert name
        assert name.isprintable()
