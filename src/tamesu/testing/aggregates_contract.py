"""The laws of aggregates, as `tamesu.ports.Aggregates` states them."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from tamesu.base import Corrupt, Sum, Time
from tamesu.base.times import HOUR_US
from tamesu.ports import Aggregates, Group

HOME = Group("home", 1, 7)
OTHERS = (Group("away", 1, 7), Group("home", 2, 7), Group("home", 1, 8))


class AggregatesContract:
    """Bind an adapter by a subclass that defines `make`, and say what it can do.

    Attributes:
        durable: what was written is there when it is made anew at the same place.
    """

    durable: ClassVar[bool] = True

    def make(self, place: Path) -> Aggregates:
        """Aggregates at `place`, new if nothing is there."""
        raise NotImplementedError

    def test_at_first_there_are_none(self, tmp_path: Path) -> None:
        """Empty case: no groups, and reading none gives none."""
        aggregates = self.make(tmp_path)
        assert dict(aggregates.rows()) == {}
        assert list(aggregates.read([])) == []

    def test_sums_are_read_back(self, tmp_path: Path) -> None:
        """To the last digit, however large, in the order that is asked for; a group may have none."""
        aggregates = self.make(tmp_path)
        large = [_sum("a", reward=1 << 90), _sum("é", reward=-(1 << 90)), _sum("a", hour=1)]
        aggregates.write(HOME, 3, large)
        aggregates.write(OTHERS[0], 1, [])
        assert [list(part) for part in aggregates.read([OTHERS[0], HOME])] == [[], large]

    def test_it_says_of_how_many_rows_they_are(self, tmp_path: Path) -> None:
        """Each group for itself."""
        aggregates = self.make(tmp_path)
        groups = (HOME, *OTHERS)
        for rows, group in enumerate(groups, 5):
            aggregates.write(group, rows, [_sum("a", reward=rows)])
        assert dict(aggregates.rows()) == {group: rows for rows, group in enumerate(groups, 5)}
        assert [part[0].reward for part in aggregates.read(groups)] == [5, 6, 7, 8]

    def test_those_of_more_rows_take_the_place_of_those_of_fewer(self, tmp_path: Path) -> None:
        """And never the other way round, however late the other writer is."""
        aggregates = self.make(tmp_path)
        for rows in (3, 9, 9, 5):
            aggregates.write(HOME, rows, [_sum("a", reward=rows)])
        assert dict(aggregates.rows()) == {HOME: 9}
        assert [part[0].reward for part in aggregates.read([HOME])] == [9]

    def test_a_group_that_is_not_there_is_corruption(self, tmp_path: Path) -> None:
        """Whoever reads it has been told that it is."""
        aggregates = self.make(tmp_path)
        aggregates.write(HOME, 1, [_sum("a")])
        for group in OTHERS:
            with pytest.raises(Corrupt):
                list(aggregates.read([group]))

    def test_made_anew_it_has_what_was_written(self, tmp_path: Path) -> None:
        """Durable case: all of it. Else: nothing."""
        self.make(tmp_path).write(HOME, 1, [_sum("a")])
        anew = self.make(tmp_path)
        assert dict(anew.rows()) == ({HOME: 1} if self.durable else {})


def _sum(arm: str, hour: int = 0, reward: int = 0) -> Sum:
    return Sum(hour=Time(hour * HOUR_US), arm=arm, deliveries=2, observed=1, reward=reward)
