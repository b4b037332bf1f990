"""Every law of `ClockContract` and of `IdSourceContract` can fail, each alone."""

from __future__ import annotations

import pytest

from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.base import Time
from tamesu.testing import ClockContract, IdSourceContract


class StartsIn1970(ManualClock):
    def __init__(self):
        super().__init__(0)


class NeverSleeps(ManualClock):
    def sleep(self, duration_us):
        pass


CLOCKS = {
    "test_now_is_a_moment_in_microseconds": StartsIn1970,
    "test_sleeping_lets_time_pass": NeverSleeps,
}


class RoundsToSeconds(SeededIds):
    def uuid7(self, now):
        return super().uuid7(Time(now // 1_000_000 * 1_000_000))


class Repeats(SeededIds):
    def uuid7(self, now):
        return SeededIds(7).uuid7(now)


class DrawsSmallSeeds(SeededIds):
    def seed(self):
        return super().seed() >> 31


IDS = {
    "test_an_id_says_its_moment": RoundsToSeconds,
    "test_no_id_is_given_twice": Repeats,
    "test_seeds_are_63_bits_and_differ": DrawsSmallSeeds,
}


SUITES = {ClockContract: CLOCKS, IdSourceContract: IDS}
CASES = [
    pytest.param(suite, law, broken, id=f"{suite.__name__}-{law}")
    for suite, laws in SUITES.items()
    for law, broken in laws.items()
]


@pytest.mark.parametrize(("suite", "law", "broken"), CASES)
def test_the_law_fails_on_what_breaks_it_and_no_other_does(suite, law, broken, caught_on):
    class Bound(suite):
        def make(self):
            return broken()

    caught_on(Bound(), law)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.__name__)
def test_every_law_was_broken(suite, laws_of):
    assert laws_of(suite) == set(SUITES[suite])
