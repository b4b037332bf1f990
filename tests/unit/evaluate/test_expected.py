"""Where expected rewards come from, and that a model which helps nothing is not taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rounds_in_contexts import logged, uniform

from tamesu.base import InvalidInput
from tamesu.evaluate import Rounds, evaluated, folds_of, per_arm, ridge


def test_expected_rewards_come_as_a_table_a_function_or_a_model():
    rounds, _, truth = logged(1_000)
    target = uniform(rounds)

    def dm(predicted):
        (one,) = evaluated(rounds, target, estimators=["dm"], predicted=predicted).estimates
        return one.value

    assert dm(truth) == pytest.approx(truth.mean(), abs=1e-12)
    assert dm(lambda part: truth[part.row]) == pytest.approx(truth.mean(), abs=1e-12)
    assert dm(per_arm()) == pytest.approx(rounds.reward.mean(), abs=0.05)
    # Without any, contexts are looked at.
    assert abs(dm(None) - truth.mean()) < 0.05
    # The place of a round in a larger whole changes nothing.
    some = rounds.take(rounds.row >= 500)
    again = evaluated(some, uniform(some), estimators=["dr"]).estimates[0].value
    fresh = replace(some, row=np.arange(len(some)))
    assert again == evaluated(fresh, uniform(fresh), estimators=["dr"]).estimates[0].value


def test_expected_rewards_say_nothing_of_being_seen():
    rounds, _, truth = logged(400)
    hidden = replace(rounds, shown=np.arange(400) % 2 == 0)
    with pytest.raises(InvalidInput, match="learn how likely arms are seen"):
        evaluated(hidden, uniform(hidden), predicted=truth, estimands=["impression"])


def test_a_model_that_is_fitted_to_noise_is_not_taken():
    """Contexts that say nothing: means by arm tell best, and doubly robust is no noisier than without a model."""
    rng = np.random.default_rng(8)
    arms = rng.integers(0, 20, 3_000)
    rounds = Rounds.of(
        arms,
        (rng.random(3_000) < 0.02).astype(float),
        [0.05] * 3_000,
        among=range(20),
        contexts=rng.normal(size=(3_000, 30)),
    )
    target = np.tile(rng.dirichlet(np.ones(20)), (3_000, 1))
    plain, modelled = evaluated(rounds, target, estimators=["snips", "dr"]).estimates
    width = modelled.interval.high - modelled.interval.low
    assert width < 1.02 * (plain.interval.high - plain.interval.low)
    overfitted = evaluated(rounds, target, estimators=["dr"], predicted=ridge(0.1)).estimates[0]
    assert overfitted.interval.high - overfitted.interval.low > 1.1 * width


def test_a_model_that_tells_something_is_taken():
    rounds, shares, _ = logged(3_000)
    exact = evaluated(rounds, shares[:, ::-1].copy(), estimators=["dr"], predicted=ridge())
    found = evaluated(rounds, shares[:, ::-1].copy(), estimators=["dr"])
    assert found.estimates[0].value == pytest.approx(exact.estimates[0].value, abs=0.01)
    assert (
        found.estimates[0]
        != evaluated(
            rounds, shares[:, ::-1].copy(), estimators=["dr"], predicted=per_arm()
        ).estimates[0]
    )


def test_a_few_clusters_do_not_come_into_one_fold():
    for count in range(2, 12):
        rounds = Rounds.of([0] * count, [1.0] * count, [1.0] * count, units=list(range(count)))
        sizes = np.bincount(folds_of(rounds, 2), minlength=2)
        assert abs(int(sizes[0]) - int(sizes[1])) <= 1
    rounds, _, _ = logged(2)
    assert len(evaluated(rounds, uniform(rounds), estimators=["dr"]).estimates) == 1


def test_a_log_of_one_unit_is_told_what_can_be_done():
    rounds, _, _ = logged(100)
    alone = replace(rounds, cluster=np.zeros(100, np.intp))
    with pytest.raises(InvalidInput, match="of several clusters") as raised:
        evaluated(alone, uniform(alone))
    assert "without a model, such as snips" in raised.value.hint
    assert evaluated(alone, uniform(alone), estimators=["snips"]).refused


@pytest.mark.parametrize("column", ["rewards", "contexts"])
def test_numbers_whose_squares_are_none_are_refused_by_name(column):
    given = {"rewards": [0.0, 1.0], "contexts": [[0.0], [1.0]]}
    given[column] = np.array(given[column]) * 2e100
    with pytest.raises(
        InvalidInput, match=rf"{column} must lie within 1e\+100, got 2e\+100 in row 1"
    ):
        Rounds.of([0, 0], given.pop("rewards"), [1.0, 1.0], **given)
