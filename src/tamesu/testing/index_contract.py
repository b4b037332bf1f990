"""The laws of indexes, as `tamesu.ports.index` states them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tamesu.base import ShapeMismatch
from tamesu.ports import Index
from tamesu.ports.index import Singles

DIM = 8
SHARE = 0.95
"""Of the highest that an index finds at least, where it does not find all of them."""


class IndexContract:
    """Bind an index by a subclass that defines `make`."""

    def make(self, embeddings: Singles) -> Index:
        """A new index of items (n, dim)."""
        raise NotImplementedError

    def test_the_highest_are_found_in_their_order(self) -> None:
        """All of them where it is exact, else most; of vectors that differ in length too."""
        rng = np.random.default_rng(3)
        items = rng.standard_normal((2_000, DIM)) * rng.lognormal(0.0, 0.3, (2_000, 1))
        embeddings = items.astype(np.float32)
        index = self.make(embeddings)
        assert len(index) == 2_000
        right = 0
        for query in rng.standard_normal((50, DIM)).astype(np.float32):
            scores = embeddings @ query
            found = index.nearest(query, 20)
            assert len(set(found.tolist())) == 20
            assert (np.diff(scores[found]) <= 0).all()
            right += len({*found.tolist()} & {*np.argsort(-scores)[:20].tolist()})
        assert right == 1_000 if index.exact else right >= SHARE * 1_000

    def test_more_than_there_are_is_all_of_them(self) -> None:
        """Few items are found by any index; of none asked for none are."""
        index = self.make(np.eye(DIM, dtype=np.float32))
        query = np.arange(DIM, dtype=np.float32)
        assert index.nearest(query, 100).tolist() == list(range(DIM))[::-1]
        assert index.nearest(query, 3).tolist() == [7, 6, 5]
        assert index.nearest(query, 0).tolist() == []

    def test_equal_items_stand_in_their_order(self) -> None:
        """However often the same item is there."""
        index = self.make(np.ones((6, DIM), dtype=np.float32))
        assert index.nearest(np.ones(DIM, dtype=np.float32), 6).tolist() == [0, 1, 2, 3, 4, 5]

    def test_as_many_are_found_as_were_asked_for(self) -> None:
        """Of items of which many are equal, too; and each once."""
        points = np.random.default_rng(9).standard_normal((3, DIM)).astype(np.float32)
        index = self.make(np.repeat(points, 700, axis=0))
        query = points.sum(axis=0)
        for most in (900, 2_000, 2_100, 3_000):
            found = index.nearest(query, most)
            assert min(most, 2_100) <= len(found) == len(set(found.tolist()))

    def test_who_is_level_with_the_last_is_there_too_where_it_is_exact(self) -> None:
        """Equal items have an equal right to be found, wherever they stand."""
        rng = np.random.default_rng(7)
        points = rng.standard_normal((5, DIM)).astype(np.float32)
        whose = rng.integers(5, size=1_003)
        index = self.make(points[whose])
        for query in rng.standard_normal((9, DIM)).astype(np.float32):
            best = int(np.argmax(points @ query))
            found = index.nearest(query, 10)
            assert {int(whose[row]) for row in found} == {best}
            assert len(found) == (int((whose == best).sum()) if index.exact else 10)

    def test_no_items_and_none_are_found(self) -> None:
        """Whatever is asked for."""
        index = self.make(np.zeros((0, DIM), dtype=np.float32))
        assert len(index) == 0
        assert index.nearest(np.ones(DIM, dtype=np.float32), 5).tolist() == []

    def test_a_query_of_another_length_is_refused(self) -> None:
        """By the lengths of both."""
        index = self.make(np.eye(DIM, dtype=np.float32))
        with pytest.raises(ShapeMismatch, match=r"\(8,\) as items are, got \(3,\)"):
            index.nearest(np.ones(3, dtype=np.float32), 1)

    def test_the_same_query_gives_the_same_from_many_threads(self) -> None:
        """And a second index of the same items gives it too."""
        rng = np.random.default_rng(5)
        embeddings = rng.standard_normal((500, DIM)).astype(np.float32)
        queries = rng.standard_normal((40, DIM)).astype(np.float32)
        index, again = self.make(embeddings), self.make(embeddings)

        def nearest(query: Singles) -> list[int]:
            return [int(row) for row in index.nearest(query, 10)]

        expected = [nearest(query) for query in queries]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(nearest, queries)) == expected
        assert [again.nearest(query, 10).tolist() for query in queries] == expected
