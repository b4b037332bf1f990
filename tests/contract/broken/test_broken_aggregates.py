"""Every law of `AggregatesContract` can fail, each alone."""

from __future__ import annotations

import msgspec
import pytest

from tamesu.adapters.archive.aggregates import MemoryAggregates, ParquetAggregates
from tamesu.ports import Group
from tamesu.testing import AggregatesContract


class GivesOneForNone(MemoryAggregates):
    def read(self, groups):
        return super().read(groups) if groups else iter([[]])


class KeepsWhatFitsAnInteger(MemoryAggregates):
    def write(self, group, rows, sums):
        most = (1 << 63) - 1
        fitting = [msgspec.structs.replace(one, reward=min(one.reward, most)) for one in sums]
        super().write(group, rows, fitting)


class KnowsOneDeclaration(MemoryAggregates):
    def rows(self):
        return {Group(group.bandit, 1, group.hour): rows for group, rows in super().rows().items()}


class KeepsTheLast(MemoryAggregates):
    def write(self, group, rows, sums):
        self._kept.pop(group, None)
        super().write(group, rows, sums)


class GivesNoneForMissing(MemoryAggregates):
    def read(self, groups):
        for group in groups:
            yield list(self._kept.get(group, (0, []))[1])


class StartsEmpty(ParquetAggregates):
    def __init__(self, folder):
        super().__init__(folder)
        for file in folder.rglob("*.parquet"):
            file.unlink()


BROKEN = {
    "test_at_first_there_are_none": GivesOneForNone,
    "test_sums_are_read_back": KeepsWhatFitsAnInteger,
    "test_it_says_of_how_many_rows_they_are": KnowsOneDeclaration,
    "test_those_of_more_rows_take_the_place_of_those_of_fewer": KeepsTheLast,
    "test_a_group_that_is_not_there_is_corruption": GivesNoneForMissing,
    "test_made_anew_it_has_what_was_written": StartsEmpty,
}


class InMemory(AggregatesContract):
    durable = False

    def make(self, _place):
        return self.broken()


class InFiles(AggregatesContract):
    def make(self, place):
        return self.broken(place)


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_the_law_fails_on_what_breaks_it_and_no_other_does(law, caught_on):
    suite = InFiles() if issubclass(BROKEN[law], ParquetAggregates) else InMemory()
    suite.broken = BROKEN[law]
    caught_on(suite, law)


def test_every_law_was_broken(laws_of):
    assert laws_of(AggregatesContract) == set(BROKEN)
