"""Epsilon-greedy: what it refuses, and that it needs nothing of a belief but its means."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy import compose
from tamesu.policy.contract import Marginals
from tamesu.policy.explorers.epsilon_greedy import EpsilonGreedyExplorer
from tamesu.policy.families.normal import NormalFamily


@pytest.mark.parametrize("epsilon", [-0.1, 1.1, float("nan"), float("inf")])
def test_an_epsilon_that_is_no_share_is_refused(epsilon):
    explorer = {"kind": "epsilon_greedy", "epsilon": epsilon}
    declaration = Declaration.parse(
        {"name": "one", "arms": ["a"], "policy": {"explorer": explorer}}
    )
    with pytest.raises(InvalidDeclaration, match=r"epsilon must lie in \[0, 1\], got") as caught:
        compose(declaration)
    assert "0.1" in caught.value.hint


def test_any_family_with_a_mean_will_do_and_means_may_be_extreme():
    mean = np.array([-1e150, 0.0, 1e150, 1e150])
    family = NormalFamily(mean, np.full(4, 1e-150))
    marginals = Marginals("normal", family, np.zeros(4, np.int64), 0)
    explorer = EpsilonGreedyExplorer(0.2, 0.0)
    assert explorer.draws(marginals) is None
    propensities = explorer.over(marginals)
    assert propensities(np.arange(4), None) == pytest.approx([0.05, 0.05, 0.45, 0.45])
    assert propensities(np.array([0, 1]), None) == pytest.approx([0.1, 0.9])


def test_a_hundred_thousand_arms_share_what_there_is():
    family = NormalFamily(np.repeat([0.0, 1.0], 50_000), np.ones(100_000))
    marginals = Marginals("normal", family, np.zeros(100_000, np.int64), 0)
    p = EpsilonGreedyExplorer(0.1, 0.0).over(marginals)(np.arange(100_000), None)
    assert abs(p.sum() - 1) <= 1e-12
    assert p[0] == pytest.approx(1e-6)
    assert p[-1] == pytest.approx(1e-6 + 0.9 / 50_000)
