"""What uniform choice would have earned: by hand, against a slow look, and where the truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.experiment import compared, moments

ROWS = st.lists(
    st.tuples(st.floats(0.01, 50), st.floats(-3, 3), st.sampled_from([1.0])),
    min_size=1,
    max_size=30,
)


def of(rows):
    return moments(*(np.array(column) for column in zip(*rows, strict=True)))


@given(ROWS, ROWS)
def test_moments_add_up_and_a_row_taken_back_leaves_nothing(one, other):
    np.testing.assert_allclose(of(one) + of(other), of([*one, *other]), rtol=1e-12, atol=1e-9)
    back = [(weight, reward, -1.0) for weight, reward, _ in other]
    np.testing.assert_allclose(of([*one, *other, *back]), of(one), rtol=1e-9, atol=1e-6)


@given(ROWS)
def test_it_is_what_the_formulas_say_row_by_row(rows):
    w, r = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    told = compared(of(rows), max(w))
    uniform, ours = (w * r).sum() / w.sum(), r.mean()
    influence = (r - ours) / len(r) - w * (r - uniform) / w.sum()
    assert told.observed == len(rows)
    assert told.ours.mean == pytest.approx(ours, abs=1e-9)
    assert told.uniform.mean == pytest.approx(uniform, abs=1e-9)
    assert told.gain.mean == pytest.approx(ours - uniform, abs=1e-9)
    error = np.sqrt((influence**2).sum())
    assert (told.gain.high - told.gain.low) / 2 == pytest.approx(1.95996 * error, abs=1e-5)
    assert told.effective == pytest.approx(w.sum() ** 2 / (w * w).sum())


def test_by_hand():
    """Arm a (p .8) earns 1, 1, 1, 0; arm b (p .2) earns 0; each stands for .625 or 2.5 of uniform's."""
    told = compared(of([(0.625, 1, 1.0)] * 3 + [(0.625, 0, 1.0), (2.5, 0, 1.0)]), 2.5)
    assert told.ours.mean == 0.6
    assert told.uniform.mean == pytest.approx(1.875 / 5)
    assert told.mean_weight == 1
    assert len(told.doubts) == 2  # few rows, and one of them half of the weight


def test_a_uniform_policy_has_no_gain_at_all():
    rng = np.random.default_rng(1)
    told = compared(of([(1.0, float(r), 1.0) for r in rng.random(500)]), 1.0)
    assert (told.gain.mean, told.gain.low, told.gain.high) == (0, 0, 0)
    assert (told.effective, told.doubts) == (500, ())


def test_nothing_says_nothing():
    told = compared(np.zeros((3, 3)), 0.0)
    assert (told.observed, told.ours, told.uniform, told.gain) == (0, None, None, None)
    assert told.doubts


def test_the_truth_lies_in_the_interval_as_often_as_it_says():
    """1,000 logs of 2,000 rows, p = .9 and .1, rates .5 and .1: uniform earns .3, we .46.

    The share of intervals that hold the truth is .95 with a standard error of .007; five of them: .915
    to .985, a false alarm below 1e-6.
    """
    rng = np.random.default_rng(7)
    held = np.zeros(2)
    for _ in range(1_000):
        first = rng.random(2_000) < 0.9
        r = (rng.random(2_000) < np.where(first, 0.5, 0.1)).astype(float)
        w = np.where(first, 0.5 / 0.9, 0.5 / 0.1)
        told = compared(moments(w, r, np.ones(2_000)), 5.0)
        assert told.doubts == ()
        held += [
            told.uniform.low <= 0.3 <= told.uniform.high,
            told.gain.low <= 0.16 <= told.gain.high,
        ]
    assert np.all((held > 915) & (held < 985)), held


def test_an_arm_that_was_given_up_is_doubted():
    """It is in no row: the weights of the others are half of a uniform policy's."""
    told = compared(of([(0.5, 1.0, 1.0)] * 1_000), 0.5)
    assert told.mean_weight == 0.5
    assert "missing" in told.doubts[0]
