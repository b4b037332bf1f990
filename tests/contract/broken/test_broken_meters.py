"""Every law of `MeterContract` can fail, and fails alone."""

from __future__ import annotations

import threading

import pytest

from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.base import Bug
from tamesu.testing import MeterContract


class ForgetsLabels(MemoryMeter):
    """All bandits' decisions are counted as one's."""

    def count(self, name, amount=1.0, **labels):
        if name == "decisions_total" and labels.get("bandit") == "b":
            labels["bandit"] = "a"
        super().count(name, amount, **labels)


class KeepsTheHighest(MemoryMeter):
    """A level never falls."""

    def level(self, name, value, **labels):
        super().level(name, max(value, self.value(name, **labels)), **labels)


class DropsTheSmall(MemoryMeter):
    """What is too small to matter is not counted."""

    def observe(self, name, value, **labels):
        if not 0 <= value < 1e-6:
            super().observe(name, value, **labels)


class AlwaysTheMedian(MemoryMeter):
    """Any quantile is the middle."""

    def quantile(self, name, share, **labels):
        return super().quantile(name, 0.5, **labels)


class ForgivesNames(MemoryMeter):
    """A misspelt metric is nobody's mistake."""

    def count(self, name, amount=1.0, **labels):
        try:
            super().count(name, amount, **labels)
        except Bug:
            return


class DropsSilently(MemoryMeter):
    """What is set aside is not counted."""

    def count(self, name, amount=1.0, **labels):
        if name != "ignored_values_total":
            super().count(name, amount, **labels)


class LosesCounts(MemoryMeter):
    """Of two threads that count at once, one is lost."""

    def __init__(self):
        super().__init__()
        self._first = threading.get_ident()

    def count(self, name, amount=1.0, **labels):
        if threading.get_ident() == self._first or self.value(name) < 700:
            super().count(name, amount, **labels)


BROKEN = {
    "test_counts_add_up_by_label": ForgetsLabels,
    "test_a_level_is_the_last_one_set": KeepsTheHighest,
    "test_a_histogram_counts_what_it_was_given": DropsTheSmall,
    "test_quantiles_lie_where_the_values_do": AlwaysTheMedian,
    "test_a_name_or_label_that_is_not_declared_is_a_bug": ForgivesNames,
    "test_no_value_raises": DropsSilently,
    "test_threads_lose_no_count": LosesCounts,
}


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_what_breaks_a_law_is_caught_on_it_and_on_no_other(law, caught_on):
    class Bound(MeterContract):
        def make(self, *_place):
            return BROKEN[law]()

    caught_on(Bound(), law)


def test_every_law_was_broken(laws_of):
    assert laws_of(MeterContract) == set(BROKEN)
