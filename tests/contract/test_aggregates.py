"""Aggregates obey the laws of their port, wherever they are kept."""

from __future__ import annotations

import pytest

from tamesu.adapters.archive.aggregates import MemoryAggregates, ParquetAggregates
from tamesu.base import Corrupt, Sum, Time, Unavailable
from tamesu.ports import Group
from tamesu.testing import AggregatesContract


class TestMemoryAggregates(AggregatesContract):
    durable = False

    def make(self, _place):
        return MemoryAggregates()


class TestParquetAggregates(AggregatesContract):
    def make(self, place):
        return ParquetAggregates(place)


HOME = Group("home", 1, 7)
SUMS = [Sum(hour=Time(0), arm="a", reward=3)]


def test_the_same_sums_have_the_same_bytes(tmp_path):
    contents = set()
    for place in ("one", "other", "one"):
        ParquetAggregates(tmp_path / place).write(HOME, 3, SUMS)
        (path,) = (tmp_path / place).rglob("*.parquet")
        contents.add(path.read_bytes())
    assert len(contents) == 1


def test_what_a_crash_left_is_passed_over(tmp_path):
    """Between a new file and the removal of the old one, or in the middle of a file."""
    ParquetAggregates(tmp_path).write(HOME, 3, SUMS)
    (path,) = tmp_path.rglob("*.parquet")
    old = path.read_bytes()
    ParquetAggregates(tmp_path).write(HOME, 4, [])
    path.write_bytes(old)
    path.with_name(".0000007-9.parquet.1.new").write_bytes(b"half")
    aggregates = ParquetAggregates(tmp_path)
    assert dict(aggregates.rows()) == {HOME: 4}
    assert list(aggregates.read([HOME])) == [[]]


def test_a_damaged_file_is_told_and_what_to_do(tmp_path):
    ParquetAggregates(tmp_path).write(HOME, 3, SUMS)
    (path,) = tmp_path.rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(Corrupt, match="made again from the archive"):
        list(ParquetAggregates(tmp_path).read([HOME]))


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "home").write_text("in the way")
    with pytest.raises(Unavailable, match="cannot be written"):
        ParquetAggregates(tmp_path).write(HOME, 3, SUMS)
