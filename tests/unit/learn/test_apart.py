"""No model is asked of rounds that it learnt from, and nothing learns from what stops it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tamesu.base import NoSupport
from tamesu.evaluate import Rounds
from tamesu.learn import Plan
from tamesu.learn.gradients import expecting as expecting_module
from tamesu.learn.gradients import learnt_from
from tamesu.learn.gradients.expecting import expecting
from tamesu.learn.gradients.held_out import apart
from tamesu.learn.gradients.rows import rows_of

N = 600


@pytest.fixture
def numbered():
    """Rounds of 200 units that have their own number as their context."""
    rng = np.random.default_rng(0)
    return Rounds.of(
        rng.integers(0, 2, N),
        rng.integers(0, 2, N).astype(float),
        [0.5] * N,
        among=[0, 1],
        contexts=np.arange(N, dtype=float)[:, None],
        units=np.arange(N) % 200,
    )


def test_what_is_held_out_is_of_other_units(numbered):
    learnt, held = apart(numbered, 0.25)
    assert sorted([*learnt, *held]) == list(range(N))
    assert not set(numbered.cluster[learnt]) & set(numbered.cluster[held])
    assert 0.15 < len(held) / N < 0.35
    other = apart(numbered, 0.25, lot=1)[1]
    assert len(set(held) & set(other)) < 0.6 * len(held)
    with pytest.raises(NoSupport, match="several clusters"):
        apart(numbered.take(numbered.cluster == 3), 0.25)


def test_a_model_that_is_handed_in_is_asked_of_others_rounds_alone(numbered):
    asked = []

    def model(learnt):
        def predicted(rounds):
            assert not set(rounds.cluster) & set(learnt.cluster)
            asked.append(len(rounds))
            return np.full((len(rounds), 2), 0.5)

        return predicted

    learnt_from(numbered, Plan(estimator="dr", epochs=1, query=(4,)), model=model)
    # Of all rounds, those that are held out too.
    assert sum(asked) >= N


def test_each_round_is_told_by_towers_that_did_not_learn_from_it(numbered, monkeypatch):
    seen = []

    class Told:
        """Towers that say which they are."""

        def __init__(self, number):
            self.number = number

        def requires_grad_(self, *, requires_grad):
            assert not requires_grad
            return self

        def scores(self, context, arms):
            return torch.full((len(context), 2), float(self.number))

    def trained(name, rows, plan, judge, **more):
        seen.append(set(rows.context[:, 0].int().tolist()))
        return SimpleNamespace(towers=Told(len(seen) - 1))

    monkeypatch.setattr(expecting_module, "trained", trained)
    plan = Plan(estimator="dr", folds=3)
    found = expecting(numbered, rows_of(numbered, plan), plan, lambda _: None, None)
    guess = found.guess(torch.arange(N), None)[:, 0]
    which = torch.logit(guess).round().int().tolist()
    assert set(which) == {0, 1, 2}
    assert len(seen) == 3
    for place, number in enumerate(which):
        units = {one % 200 for one in seen[number]}
        assert place % 200 not in units
