"""Every law of `FeaturesContract` can fail, and catches what breaks it alone."""

from __future__ import annotations

import threading

import pytest

from tamesu.adapters.features.memory import MemoryFeatures
from tamesu.testing import FeaturesContract

NOBODY = threading.Event()


class MergesIntoWhatWasThere(MemoryFeatures):
    def put(self, entity, key, features):
        (found,) = self.find(entity, [key])
        super().put(entity, key, {**(found or {}), **features})


class FindsEachOnce(MemoryFeatures):
    def find(self, entity, keys):
        found = super().find(entity, keys)
        return [
            each if keys.index(key) == n else None
            for n, (key, each) in enumerate(zip(keys, found, strict=True))
        ]


class FoldsCase(MemoryFeatures):
    def put(self, entity, key, features):
        super().put(entity, key.lower(), features)

    def find(self, entity, keys):
        return super().find(entity, [key.lower() for key in keys])


class SaysItDeletedMore(MemoryFeatures):
    def delete(self, entity, key):
        super().delete(entity, key)
        return True


class KnowsNoEmptyObject(MemoryFeatures):
    def empty(self):
        return all(body == b"{}" for body in self._kept.values())


class PutsMemberByMember(MemoryFeatures):
    def put(self, entity, key, features):
        whole = {}
        for name, value in features.items():
            whole[name] = value
            super().put(entity, key, whole)
            if len(features) == 2:
                NOBODY.wait(0.0005)
        super().put(entity, key, features)


class SharedAfterAll(MemoryFeatures):
    places: dict = {}  # noqa: RUF012 - that is what is wrong with it

    def __init__(self, place):
        super().__init__()
        self._kept = self.places.setdefault(place, {})


BROKEN = {
    "test_what_is_put_is_found_as_it_was": MergesIntoWhatWasThere,
    "test_each_of_several_is_found_or_not": FindsEachOnce,
    "test_entities_do_not_meet": FoldsCase,
    "test_what_is_deleted_is_gone": SaysItDeletedMore,
    "test_it_says_whether_anything_is_kept": KnowsNoEmptyObject,
    "test_puts_at_once_leave_one_whole": PutsMemberByMember,
    "test_features_at_one_place_are_the_same": SharedAfterAll,
}


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_the_law_catches_what_breaks_it_and_no_other_law_does(law, caught_on):
    class Bound(FeaturesContract):
        shared = False

        def make(self, place):
            broken = BROKEN[law]
            return broken(place) if broken is SharedAfterAll else broken()

    caught_on(Bound(), law)


def test_every_law_was_broken(laws_of):
    assert laws_of(FeaturesContract) == set(BROKEN)
