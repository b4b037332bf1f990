"""Every index obeys the laws of its port."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.adapters.index.exact import ExactIndex
from tamesu.adapters.index.usearch import UsearchIndex
from tamesu.base import InvalidInput
from tamesu.testing import IndexContract


class TestExactIndex(IndexContract):
    def make(self, embeddings):
        return ExactIndex(embeddings)


class TestUsearchIndex(IndexContract):
    def make(self, embeddings):
        return UsearchIndex(embeddings)

    def test_progress_is_told(self):
        told = []
        UsearchIndex(np.ones((10_001, 2), np.float32), progress=lambda *step: told.append(step))
        assert told == [(10_000, 10_001), (10_001, 10_001)]

    def test_items_that_lie_close_together_far_away_are_told_apart(self):
        rng = np.random.default_rng(0)
        items = (1_000 + rng.normal(size=(500, 8))).astype(np.float32)
        query = rng.normal(size=8).astype(np.float32)
        query -= query.mean()
        highest = ExactIndex(items).nearest(query, 50)[:50]
        assert len(np.intersect1d(UsearchIndex(items).nearest(query, 50), highest)) >= 48

    def test_what_is_not_finite_is_refused(self):
        with pytest.raises(InvalidInput, match="finite"):
            UsearchIndex(np.array([[np.nan]], np.float32))
