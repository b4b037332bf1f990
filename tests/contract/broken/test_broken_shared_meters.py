"""Every law of `SharedMeterContract` can fail, and fails alone."""

from __future__ import annotations

import pytest
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from tamesu.adapters.meter.measured import Measured
from tamesu.adapters.meter.prometheus import PrometheusMeter
from tamesu.testing import SharedMeterContract


class ShowsTheLargestCount(PrometheusMeter):
    """Two processes that both count: the larger count wins."""

    def measured(self):
        whole = super().measured()
        parts = [self._copy(), *(self._circle.others() if self._circle else ())]
        for key in whole.counters:
            if key[0] == "decisions_total":
                whole.counters[key] = max(part.counters.get(key, 0.0) for part in parts)
        return whole


class KnowsWhatItTold(PrometheusMeter):
    """Asked for a quantile, it speaks of what the others know too."""

    tellings = 0

    def write(self):
        super().write()
        self.tellings += 1

    def quantile(self, name, share, **labels):
        return super().quantile(name, share, **labels) if self.tellings > 1 else None


class ShowsBeforeItTells(PrometheusMeter):
    """A scrape tells nobody else."""

    def expose(self):
        return CONTENT_TYPE_LATEST, generate_latest(self._registry)


class HistogramsOfItsOwn(PrometheusMeter):
    """Others' histograms are not asked for."""

    def measured(self):
        whole = super().measured()
        for key in whole.histograms:
            if key[0] == "freshness_seconds":
                whole.histograms[key] = self._copy().histograms.get(key, whole.histograms[key])
        return whole


class LevelsOfItsOwn(PrometheusMeter):
    """A level that all of them set is one's own."""

    def measured(self):
        whole = super().measured()
        mine = self._copy().levels
        for key in whole.levels:
            if key[0].startswith("snapshot_"):
                whole.levels[key] = mine.get(key, whole.levels[key])
        return whole


class LeavesWithoutAWord(PrometheusMeter):
    """What was counted since the last telling is lost at the end."""

    def close(self):
        if self._circle is not None:
            self._mine = Measured(levels=self._mine.levels)
        super().close()


class KeepsLevelsOfTheDead(PrometheusMeter):
    """They are kept from when they lived."""

    def __init__(self, *place, **options):
        self._seen = {}
        super().__init__(*place, **options)

    def measured(self):
        whole = super().measured()
        for key, level in whole.levels.items():
            if key[0] == "queue_length":
                self._seen[key] = max(level, self._seen.get(key, level))
        whole.levels.update(self._seen)
        return whole


class StartsFromNothing(PrometheusMeter):
    """Who follows does not go on where its predecessor was."""

    def __init__(self, *place, **options):
        super().__init__(*place, **options)
        self._mine = Measured()


class OneForAName(PrometheusMeter):
    """The second of a name writes over what the first wrote."""

    def write(self):
        if self._circle is not None and self._circle.process.endswith("-2"):
            self._mine.counters.clear()
        super().write()


class FailsWithItsPlace(PrometheusMeter):
    """A place that cannot be used takes the numbers with it."""

    def write(self):
        super().write()
        if self._circle is not None and self._circle._page is None:
            self._mine.counters.clear()


BROKEN = {
    "test_any_of_them_shows_what_all_counted": ShowsTheLargestCount,
    "test_what_one_has_not_told_yet_it_knows_itself": KnowsWhatItTold,
    "test_what_one_showed_all_show": ShowsBeforeItTells,
    "test_histograms_and_quantiles_are_over_all": HistogramsOfItsOwn,
    "test_levels_go_together_as_their_metric_says": LevelsOfItsOwn,
    "test_what_was_counted_outlives_who_counted": LeavesWithoutAWord,
    "test_the_levels_of_the_dead_are_gone": KeepsLevelsOfTheDead,
    "test_no_counter_goes_back_when_its_process_is_killed_and_followed": StartsFromNothing,
    "test_two_of_one_name_are_two": OneForAName,
    "test_a_place_that_cannot_be_used_costs_the_view_alone": FailsWithItsPlace,
}


def bound(broken):
    class Bound(SharedMeterContract):
        def make(self, place, process):
            return broken(place, process, write_s=3_600)

        def kill(self, meter):
            meter._circle.close()

    return Bound()


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_what_breaks_a_law_is_caught_on_it_and_on_no_other(law, caught_on):
    caught_on(bound(BROKEN[law]), law)


def test_every_law_was_broken(laws_of):
    assert laws_of(SharedMeterContract) == set(BROKEN)
