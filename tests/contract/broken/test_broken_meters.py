"""Every law of `MeterContract` can fail."""

from __future__ import annotations

import pytest

from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.base import Bug
from tamesu.testing import MeterContract


class CountsToOne(MemoryMeter):
    def count(self, name, amount=1.0, **labels):
        if not self.value(name, **labels):
            super().count(name, amount, **labels)


class KeepsTheHighest(MemoryMeter):
    def level(self, name, value, **labels):
        super().level(name, max(value, self.value(name, **labels)), **labels)


class DropsTheSmall(MemoryMeter):
    def observe(self, name, value, **labels):
        if value > 1e-6:
            super().observe(name, value, **labels)


class AlwaysTheMedian(MemoryMeter):
    def quantile(self, name, share, **labels):
        return super().quantile(name, 0.5, **labels)


class ForgivesNames(MemoryMeter):
    def count(self, name, amount=1.0, **labels):
        try:
            super().count(name, amount, **labels)
        except Bug:
            return


class DropsSilently(MemoryMeter):
    def count(self, name, amount=1.0, **labels):
        if name != "ignored_values_total":
            super().count(name, amount, **labels)


BROKEN = {
    "test_counts_add_up_by_label": CountsToOne,
    "test_a_level_is_the_last_one_set": KeepsTheHighest,
    "test_a_histogram_counts_what_it_was_given": DropsTheSmall,
    "test_quantiles_lie_where_the_values_do": AlwaysTheMedian,
    "test_a_name_or_label_that_is_not_declared_is_a_bug": ForgivesNames,
    "test_no_value_raises": DropsSilently,
    "test_threads_lose_no_count": CountsToOne,
}


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_the_law_fails_on_what_breaks_it(law, must_fail):
    class Bound(MeterContract):
        def make(self, *_place):
            return BROKEN[law]()

    must_fail(Bound(), law)


def test_every_law_was_broken(laws_of):
    assert laws_of(MeterContract) == set(BROKEN)
