"""Every law of `CacheContract` can fail."""

from __future__ import annotations

import pytest

from tamesu.adapters.cache.memory import MemoryCache
from tamesu.testing import CacheContract


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


BROKEN = {
    "test_the_first_claim_stays": LetsTheLastStay,
    "test_a_claim_ends_with_its_time_to_live": NeverEnds,
    "test_claims_of_other_keys_and_lengths_do_not_end_it": EndsAllTogether,
    "test_a_dropped_claim_is_gone": NeverDrops,
    "test_of_many_that_claim_at_once_one_gets_it": GivesToAll,
}


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_the_law_fails_on_what_breaks_it(law, must_fail):
    class Bound(CacheContract):
        def make(self, *_place):
            return BROKEN[law]()

    must_fail(Bound(), law)


def test_every_law_was_broken(laws_of):
    assert laws_of(CacheContract) == set(BROKEN)
