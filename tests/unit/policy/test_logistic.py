"""The logistic belief: near the posterior mode of everything, however it was learnt."""

from __future__ import annotations

import numpy as np
import pytest
from chances import ARMS, batch_of, belief_of, columns, distance, learnt, refit, rows_of, scores
from scipy import special

SHARINGS = pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])


@SHARINGS
@pytest.mark.parametrize("rate", [0.5, 0.1])
def test_one_batch_is_at_the_mode_of_everything(sharing, rate):
    belief = belief_of(sharing=sharing, rate=rate, ridge=0.7, repeat=50)
    rows = batch_of(np.random.default_rng(5), 120)
    state = learnt(belief, rows)
    offset = special.logit(rate)
    theta, curvature = refit(rows, sharing, 0.7, offset)
    inverse = np.linalg.inv(curvature)
    for context in np.random.default_rng(6).normal(size=(4, 3)):
        location, scale = scores(belief, state, context)
        design = np.array([columns(sharing, arm, context) for arm in ARMS])
        assert location == pytest.approx(offset + design @ theta, abs=2e-5)
        assert scale == pytest.approx(np.sqrt((design @ inverse * design).sum(axis=1)), rel=1e-4)


@SHARINGS
@pytest.mark.parametrize("size", [1, 10, 100])
def test_rows_in_any_batches_come_near_the_mode_of_everything(sharing, size):
    belief = belief_of(sharing=sharing)
    rows = batch_of(np.random.default_rng(7), 300)
    parts = [rows_of(rows, slice(first, first + size)) for first in range(0, 300, size)]
    assert distance(belief, learnt(belief, *parts), rows, sharing) < 0.4
