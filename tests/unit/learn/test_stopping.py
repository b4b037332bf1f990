"""When learning ends, which epoch is kept, and that one cut short holds all that it goes on from."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tamesu.evaluate import Rounds
from tamesu.learn import Plan
from tamesu.learn.gradients import learnt_from
from tamesu.learn.gradients.rows import rows_of
from tamesu.learn.gradients.training import Judged, trained


@pytest.fixture(scope="module")
def rounds():
    rng = np.random.default_rng(0)
    contexts = rng.normal(size=(400, 2))
    arms = rng.integers(2, size=400)
    rewards = (rng.random(400) < 1 / (1 + np.exp(-4 * contexts[np.arange(400), arms]))).astype(
        float
    )
    return Rounds.of(arms, rewards, [0.5] * 400, contexts=contexts, among=[0, 1])


@pytest.mark.parametrize(
    ("values", "kept", "stopped"),
    [
        ([0, 1, 3, 2, 2, 9, 9], 2, 4),
        ([5, 1, 1, 9, 9, 9, 9], 0, 2),
        ([0, 1, 2, 3, 4, 5, 6], 6, 6),
        ([0, float("nan"), 1, float("nan"), float("nan"), 9, 9], 2, 4),
    ],
)
def test_the_best_epoch_is_kept_and_after_some_without_a_better_one_it_ends(
    rounds, values, kept, stopped
):
    plan = Plan(estimator="ips", epochs=6, patience=2, query=(4,))
    looked = []

    def judge(towers):
        looked.append(towers.query.weights[0].detach().clone())
        return Judged(float(values[len(looked) - 1]), 0.0)

    found = trained("x", rows_of(rounds, plan), plan, judge, seed=1, tell=lambda _: None)
    assert (found.epoch, found.stopped) == (kept, stopped)
    assert found.judged.value == values[kept]
    assert torch.equal(found.towers.query.weights[0], looked[kept])
    assert len({one.sum().item() for one in looked}) == len(looked)


def test_an_epoch_is_better_that_is_so_by_more_than_it_is_less_sure(rounds):
    plan = Plan(estimator="ips", epochs=4, patience=9, query=(4,))
    told = [
        Judged(0.5, 0.01),
        Judged(0.9, 0.5),
        Judged(0.6, 0.02),
        Judged(0.61, 0.04),
        Judged(0.55, 0.0),
    ]
    judged = iter(told)
    found = trained(
        "x", rows_of(rounds, plan), plan, lambda _: next(judged), seed=1, tell=lambda _: None
    )
    assert (found.epoch, found.judged) == (2, told[2])


@pytest.mark.parametrize("error", [math.nan, math.inf])
def test_where_nobody_knows_how_sure_a_value_is_it_counts_as_it_stands(error):
    assert Judged(0.5, error).worth == 0.5


@pytest.mark.parametrize("estimator", ["snips", "regression"])
def test_what_goes_on_has_its_luck_its_pace_and_its_level_again(rounds, estimator, tmp_path):
    plan = Plan(estimator=estimator, epochs=4, patience=9, query=(4,), batch=64, warm=False)

    class Cut(Exception):
        pass

    def cut(epoch):
        if epoch.number == 3:
            raise Cut

    whole = learnt_from(rounds, plan)
    with pytest.raises(Cut):
        learnt_from(rounds, plan, tell=cut, checkpoints=tmp_path)
    losses = {}
    again = learnt_from(
        rounds, plan, checkpoints=tmp_path, tell=lambda one: losses.update({one.number: one.loss})
    )
    told = {}
    learnt_from(rounds, plan, tell=lambda one: told.update({one.number: one.loss}))
    assert losses == {number: told[number] for number in (3, 4)}
    assert again.policy.embeddings.tobytes() == whole.policy.embeddings.tobytes()
