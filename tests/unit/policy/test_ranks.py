"""Ranks of draws from Beta posteriors: by hand, by the exact Thompson shares, and by drawing."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.policy.ranks import rank_shares


def test_each_rank_is_a_distribution_and_each_arm_has_a_rank():
    alpha, beta = np.array([11.0, 6.0, 21.0]), np.array([91.0, 96.0, 181.0])
    shares = rank_shares(alpha, beta, 3)
    assert shares.sum(axis=0) == pytest.approx(np.ones(3), abs=1e-14)
    assert shares.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-9)
    # The first rank is Thompson sampling's distribution.
    assert shares[:, 0] == pytest.approx([0.514107, 0.033395, 0.452499], abs=1e-6)
    assert rank_shares(alpha, beta, 2) == pytest.approx(shares[:, :2], abs=1e-12)


def test_two_arms_by_hand():
    # P(Beta(2, 1) > Beta(1, 1)) = 2/3.
    shares = rank_shares(np.array([2.0, 1.0]), np.array([1.0, 1.0]), 2)
    assert shares == pytest.approx(np.array([[2 / 3, 1 / 3], [1 / 3, 2 / 3]]), abs=1e-5)


def test_arms_that_are_alike_are_likely_alike():
    shares = rank_shares(np.full(5, 7.0), np.full(5, 900.0), 3)
    assert shares == pytest.approx(np.full((5, 3), 0.2), abs=1e-14)


def test_draws_come_to_the_same():
    rng = np.random.default_rng(2)
    alpha, beta = rng.integers(1, 500, 12).astype(float), rng.integers(2_000, 60_000, 12) * 1.0
    drawn = rng.beta(alpha, beta, (40_000, 12))
    order = np.argsort(-drawn, axis=1)[:, :4]
    counts = np.stack([np.bincount(order[:, rank], minlength=12) for rank in range(4)], axis=1)
    # Six standard deviations of a share: a false alarm of 48 of them below 1e-6.
    assert np.abs(counts / 40_000 - rank_shares(alpha, beta, 4)).max() < 6 * 0.5 / 200
