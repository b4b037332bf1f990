"""Every law of the archive, cache, meter, clock and id suites can fail."""

from __future__ import annotations

import dataclasses

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.cache.memory import MemoryCache
from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.base import Bug, Time
from tamesu.testing import (
    ArchiveContract,
    CacheContract,
    ClockContract,
    IdSourceContract,
    MeterContract,
    single,
)

# Archives -----------------------------------------------------------------------------------------


class ForgetsScores(MemoryArchive):
    def write(self, stem, observations):
        zeros = observations.score * 0
        return super().write(stem, dataclasses.replace(observations, score=zeros))


class ReadsSorted(MemoryArchive):
    def read(self, files):
        return super().read(sorted(files, key=lambda file: file.name))


class KeepsTheFirst(MemoryArchive):
    def write(self, stem, observations):
        kept = dict(self._kept)
        file = super().write(stem, observations)
        self._kept |= kept
        return file


class NamesByStemAlone(MemoryArchive):
    def write(self, stem, observations):
        super().write(stem, observations)
        self._kept[stem] = observations
        return super().write(stem, observations).__replace__(name=stem)


class WritesNothing(MemoryArchive):
    def write(self, stem, observations):
        return super().write(stem, observations if len(observations) else single())


class SkipsWhatIsMissing(MemoryArchive):
    def read(self, files):
        return super().read([file for file in files if file.name in self._kept])


class TrustsTheManifest(MemoryArchive):
    def read(self, files):
        for file in files:
            yield self._kept[file.name]


class SharesOneArchive(MemoryArchive):
    kept: dict = {}  # noqa: RUF012 - that is what is wrong with it

    def __init__(self):
        self._kept = self.kept


ARCHIVES = {
    "test_what_is_written_is_read_back": ForgetsScores,
    "test_batches_come_in_the_manifests_order": ReadsSorted,
    "test_a_stem_written_again_replaces_the_file": KeepsTheFirst,
    "test_bandits_and_declarations_have_files_of_their_own": NamesByStemAlone,
    "test_no_rows_are_a_bug": WritesNothing,
    "test_a_missing_file_is_corruption": SkipsWhatIsMissing,
    "test_another_number_of_rows_is_corruption": TrustsTheManifest,
    "test_an_archive_made_anew_holds_what_was_written": SharesOneArchive,
}

# Caches -------------------------------------------------------------------------------------------


class LetsTheLastStay(MemoryCache):
    def claim(self, key, value, now, lasts_us):
        found = super().claim(key, value, now, lasts_us)
        if found is not None:
            self.drop(key)
            super().claim(key, value, now, lasts_us)
        return found


class NeverEnds(MemoryCache):
    def claim(self, key, value, now, lasts_us):
        return super().claim(key, value, now, lasts_us * 1_000)


class EndsAllTogether(MemoryCache):
    def claim(self, key, value, now, lasts_us):
        if any(end <= now for _, end in self._claims.values()):
            self._claims.clear()
        return super().claim(key, value, now, lasts_us)


class NeverDrops(MemoryCache):
    def drop(self, key):
        pass


class GivesToAll(MemoryCache):
    def claim(self, key, value, now, lasts_us):
        super().claim(key, value, now, lasts_us)


CACHES = {
    "test_the_first_claim_stays": LetsTheLastStay,
    "test_a_claim_ends_with_its_time_to_live": NeverEnds,
    "test_claims_of_other_keys_and_lengths_do_not_end_it": EndsAllTogether,
    "test_a_dropped_claim_is_gone": NeverDrops,
    "test_of_many_that_claim_at_once_one_gets_it": GivesToAll,
}

# Meters -------------------------------------------------------------------------------------------


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


METERS = {
    "test_counts_add_up_by_label": CountsToOne,
    "test_a_level_is_the_last_one_set": KeepsTheHighest,
    "test_a_histogram_counts_what_it_was_given": DropsTheSmall,
    "test_quantiles_lie_where_the_values_do": AlwaysTheMedian,
    "test_a_name_or_label_that_is_not_declared_is_a_bug": ForgivesNames,
    "test_no_value_raises": DropsSilently,
    "test_threads_lose_no_count": CountsToOne,
}

# Clocks and ids -----------------------------------------------------------------------------------


class TicksInMilliseconds(ManualClock):
    def now(self):
        return Time(super().now() // 1_000)


class NeverSleeps(ManualClock):
    def sleep(self, duration_us):
        pass


CLOCKS = {
    "test_now_is_a_moment_in_microseconds": TicksInMilliseconds,
    "test_sleeping_lets_time_pass": NeverSleeps,
}


class RoundsToSeconds(SeededIds):
    def uuid7(self, now):
        return super().uuid7(Time(now // 1_000_000 * 1_000_000))


class Repeats(SeededIds):
    def _draw(self, size):
        return bytes(size)


class DrawsSmallSeeds(SeededIds):
    def seed(self):
        return super().seed() >> 31


IDS = {
    "test_an_id_says_its_moment": RoundsToSeconds,
    "test_no_id_is_given_twice": Repeats,
    "test_seeds_are_63_bits_and_differ": DrawsSmallSeeds,
}

SUITES = {
    ArchiveContract: ARCHIVES,
    CacheContract: CACHES,
    MeterContract: METERS,
    ClockContract: CLOCKS,
    IdSourceContract: IDS,
}
CASES = [
    pytest.param(suite, law, broken, id=f"{suite.__name__}-{law}")
    for suite, laws in SUITES.items()
    for law, broken in laws.items()
]


@pytest.mark.parametrize(("suite", "law", "broken"), CASES)
def test_the_law_fails_on_what_breaks_it(suite, law, broken, must_fail):
    class Bound(suite):
        durable = False

        def make(self, *_place):
            return broken()

    must_fail(Bound(), law)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.__name__)
def test_every_law_was_broken(suite, laws_of):
    assert laws_of(suite) == set(SUITES[suite])
