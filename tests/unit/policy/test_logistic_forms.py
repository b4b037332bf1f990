"""What holds of the logistic belief in both of its forms, full and diagonal."""

from __future__ import annotations

import numpy as np
import pytest
from chances import ARMS, asked, batch, batch_of, belief_of, learnt
from scipy import special

from tamesu.base import Time
from tamesu.policy.uniforms import Uniforms

FORMS = pytest.mark.parametrize("covariance", ["full", "diagonal"])


@FORMS
@pytest.mark.parametrize("sharing", ["shared", "hybrid"])
def test_joint_draws_are_chances_with_the_deviations_of_the_posterior(sharing, covariance):
    """20,000 draws: a mean is off by 5 deviations once in 10^6, and their deviation by 4 %."""
    belief = belief_of(sharing=sharing, covariance=covariance, rate=0.1)
    state = learnt(belief, batch_of(np.random.default_rng(23), 60))
    told = belief.reading(state, asked(), Time(0)).at(np.array([0.3, -0.2, 0.5]))
    drawn = special.logit(told.joint(20_000, Uniforms(bytes(8), "x.1.y")))
    error = told.family.scale / np.sqrt(20_000)
    assert (np.abs(drawn.mean(axis=0) - told.family.location) < 5 * error).all()
    assert drawn.std(axis=0) == pytest.approx(told.family.scale, rel=0.04)


@FORMS
@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
@pytest.mark.parametrize("size", [1e-150, 1e9, 1e70, 1e300])
def test_extreme_contexts_leave_every_number_finite(sharing, size, covariance):
    belief, rng = belief_of(sharing=sharing, covariance=covariance), np.random.default_rng(25)
    x = size * rng.choice([-1.0, 0.0, 1.0], (40, 3))
    x[:, 2] = x[:, 1]
    state = belief.init()
    for first, last in ((0, 1), (1, 20), (20, 40)):
        part = batch(
            rng.choice(ARMS, last - first), x[first:last], rng.integers(0, 2, last - first)
        )
        state = learnt(belief, part, state=state)
    for columns in (state.per_arm, state.shared):
        assert all(np.isfinite(column).all() for column in columns.values())
    for context in (np.zeros(3), x[0], x[5], np.full(3, size)):
        told = belief.reading(state, asked(), Time(0)).at(context)
        for numbers in (told.family.mean(), told.family.deviation(), told.family.scale):
            assert np.isfinite(numbers).all()
        assert ((told.family.mean() >= 0) & (told.family.mean() <= 1)).all()
