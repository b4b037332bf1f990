"""Every law of `ClockContract` and of `IdSourceContract` can fail."""

from __future__ import annotations

import pytest

from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.base import Time
from tamesu.testing import ClockContract, IdSourceContract


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


SUITES = {ClockContract: CLOCKS, IdSourceContract: IDS}
CASES = [
    pytest.param(suite, law, broken, id=f"{suite.__name__}-{law}")
    for suite, laws in SUITES.items()
    for law, broken in laws.items()
]


@pytest.mark.parametrize(("suite", "law", "broken"), CASES)
def test_the_law_fails_on_what_breaks_it(suite, law, broken, must_fail):
    class Bound(suite):
        def make(self):
            return broken()

    must_fail(Bound(), law)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.__name__)
def test_every_law_was_broken(suite, laws_of):
    assert laws_of(suite) == set(SUITES[suite])
