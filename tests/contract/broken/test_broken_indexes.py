"""Every law of `IndexContract` can fail, each alone."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.adapters.index.exact import ExactIndex
from tamesu.testing import IndexContract


class LooksAtEveryOther(ExactIndex):
    exact = False

    def nearest(self, query, most):
        if len(self) < 1_500 or most > 100:
            return super().nearest(query, most)[:most]
        return 2 * ExactIndex(self._embeddings[::2]).nearest(query, most)[:most]


class GivesOneAtLeast(ExactIndex):
    def nearest(self, query, most):
        return super().nearest(query, max(1, most))


class LooksNoFurther(ExactIndex):
    def nearest(self, query, most):
        return super().nearest(query, most)[:1_500]


class LeavesOutWhoIsLevel(ExactIndex):
    def nearest(self, query, most):
        return super().nearest(query, most)[:most]


class LastComeFirst(ExactIndex):
    def nearest(self, query, most):
        turned = ExactIndex(self._embeddings[::-1]).nearest(query, most)
        return len(self) - 1 - turned


class NeedsItems(ExactIndex):
    def nearest(self, query, most):
        if not len(self):
            raise ValueError("attempt to get the highest of an empty sequence")
        return super().nearest(query, most)


class TakesAnyLength(ExactIndex):
    def nearest(self, query, most):
        whole = np.zeros(self._embeddings.shape[1], dtype=np.float32)
        whole[: len(query)] = query[: len(whole)]
        return super().nearest(whole, most)


class NeverTheSameTwice(ExactIndex):
    def __init__(self, embeddings):
        super().__init__(embeddings)
        self._asked = set()

    def nearest(self, query, most):
        found, key = super().nearest(query, most), (query.tobytes(), most)
        again = key in self._asked
        self._asked.add(key)
        return found[::-1] if again else found


INDEXES = {
    "test_the_highest_are_found_in_their_order": LooksAtEveryOther,
    "test_more_than_there_are_is_all_of_them": GivesOneAtLeast,
    "test_equal_items_stand_in_their_order": LastComeFirst,
    "test_as_many_are_found_as_were_asked_for": LooksNoFurther,
    "test_who_is_level_with_the_last_is_there_too_where_it_is_exact": LeavesOutWhoIsLevel,
    "test_no_items_and_none_are_found": NeedsItems,
    "test_a_query_of_another_length_is_refused": TakesAnyLength,
    "test_the_same_query_gives_the_same_from_many_threads": NeverTheSameTwice,
}


@pytest.mark.parametrize(("law", "broken"), INDEXES.items(), ids=INDEXES)
def test_the_law_fails_on_what_breaks_it_and_no_other_does(law, broken, caught_on):
    class Bound(IndexContract):
        def make(self, embeddings):
            return broken(embeddings)

    caught_on(Bound(), law)


def test_every_law_was_broken(laws_of):
    assert laws_of(IndexContract) == set(INDEXES)
