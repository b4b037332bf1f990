"""Every law of `CacheContract` can fail, and catches what breaks it alone."""

from __future__ import annotations

import threading

import pytest

from tamesu.adapters.cache.memory import MemoryCache
from tamesu.ports import Claim
from tamesu.testing import CacheContract

NOBODY = threading.Event()


class TakesTheSameForNew(MemoryCache):
    def claim(self, wanted, now):
        found = super().claim(wanted, now)
        pairs = zip(found, wanted, strict=True)
        return [None if old and old.value == new[1] else old for old, new in pairs]


class LetsTheLastOfACallStay(MemoryCache):
    def claim(self, wanted, now):
        last = {key: value for key, value, _ in wanted}
        return super().claim([(key, last[key], end) for key, _, end in wanted], now)


class EndsLate(MemoryCache):
    def claim(self, wanted, now):
        return super().claim([(key, value, end + 1) for key, value, end in wanted], now)


class FindsNothingToBeConfirmed(MemoryCache):
    def find(self, keys, now):
        found = super().find(keys, now)
        return [None if each is None else Claim(each.value, False) for each in found]


class EndsWithTheNext(MemoryCache):
    def claim(self, wanted, now):
        found = super().claim(wanted, now)
        for key, (claim, end) in self._claims.items():
            self._claims[key] = (claim, min([end, *(each[2] for each in wanted)]))
        return found


class ConfirmsWhateverStands(MemoryCache):
    def confirm(self, known):
        there = [(key, self._claims[key][0].value) for key, _ in known if key in self._claims]
        super().confirm(there)


class KeepsTheConfirmed(MemoryCache):
    def drop(self, known):
        found = [self._claims.get(key) for key, _ in known]
        pairs = zip(known, found, strict=True)
        return super().drop([each for each, old in pairs if old is None or not old[0].confirmed])


class FindsEachOnce(MemoryCache):
    def find(self, keys, now):
        found = super().find(keys, now)
        return [
            each if keys.index(key) == n else None
            for n, (key, each) in enumerate(zip(keys, found, strict=True))
        ]


class FillsUnconfirmed(MemoryCache):
    def fill(self, known, now):
        put = super().fill(known, now)
        for key, (claim, end) in self._claims.items():
            self._claims[key] = (Claim(claim.value, False), end)
        return put


class FilledBySomeOfIt(MemoryCache):
    def fill(self, known, now):
        try:
            return super().fill(known, now)
        finally:
            self._filled = True


class LooksBeforeItClaims(MemoryCache):
    def claim(self, wanted, now):
        there = [self._claims.get(key) for key, _, _ in wanted]
        if len(wanted) == 1 and there == [None]:
            NOBODY.wait(0.001)
            self._claims.pop(wanted[0][0], None)
        return super().claim(wanted, now)


class LooksBeforeItDrops(MemoryCache):
    def drop(self, known):
        there = [(key, value) for key, value in known if self._holds(key, value)]
        if len(known) == 1 and there:
            NOBODY.wait(0.001)
        super().drop(there)
        return len(there)

    def _holds(self, key, value):
        found = self._claims.get(key)
        return found is not None and found[0].value == value


class SharedAfterAll(MemoryCache):
    places: dict = {}  # noqa: RUF012 - that is what is wrong with it

    def __init__(self, place):
        super().__init__()
        self._claims = self.places.setdefault(place, {})


BROKEN = {
    "test_the_first_claim_stays": TakesTheSameForNew,
    "test_claims_of_one_call_are_answered_in_their_order": LetsTheLastOfACallStay,
    "test_a_claim_ends_with_its_time_to_live": EndsLate,
    "test_what_stands_is_found_and_stays_as_it_is": FindsNothingToBeConfirmed,
    "test_claims_of_other_keys_and_lengths_do_not_end_it": EndsWithTheNext,
    "test_a_confirmed_claim_says_so": ConfirmsWhateverStands,
    "test_what_stands_may_be_dropped": KeepsTheConfirmed,
    "test_each_of_several_is_found_or_not": FindsEachOnce,
    "test_what_is_known_from_elsewhere_fills_it": FillsUnconfirmed,
    "test_a_filling_that_breaks_off_has_not_filled": FilledBySomeOfIt,
    "test_of_many_that_claim_at_once_one_gets_it": LooksBeforeItClaims,
    "test_of_many_that_drop_at_once_one_does": LooksBeforeItDrops,
    "test_caches_at_one_place_are_one_cache": SharedAfterAll,
}


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_the_law_catches_what_breaks_it_and_no_other_law_does(law, caught_on):
    class Bound(CacheContract):
        shared = False

        def make(self, place):
            broken = BROKEN[law]
            return broken(place) if broken is SharedAfterAll else broken()

    caught_on(Bound(), law)


def test_every_law_was_broken(laws_of):
    assert laws_of(CacheContract) == set(BROKEN)
