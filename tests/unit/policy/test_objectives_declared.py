"""What can be declared of objectives that are learnt apart, what each is told in, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from objectives import ARMS, NOW, declared, learnt, policy_of

from tamesu.base import GRID, Declaration, InvalidDeclaration, InvalidInput
from tamesu.policy import Batch, compose, known_kinds
from tamesu.policy.objectives.mixing import FITTING
from tamesu.policy.warm_start import Logged, priors_from


@pytest.mark.parametrize("explorer", known_kinds("explorer"))
def test_what_cannot_mix_is_refused_by_name(explorer):
    options = {"temperature": 0.1} if explorer == "softmax" else {}
    belief = {"kind": "losses" if explorer == "exponential_weights" else "gaussian"}
    parts = belief, {"kind": explorer, **options}, 2
    if explorer in FITTING:
        policy_of(*parts)
        return
    with pytest.raises(InvalidDeclaration) as refused:
        policy_of(*parts)
    assert explorer in refused.value.message
    assert "'thompson'" in refused.value.message


@pytest.mark.parametrize("layout", ["slate", "per_position", "cascade"])
def test_decisions_of_several_arms_are_refused_by_name(layout):
    with pytest.raises(InvalidDeclaration, match=f"'{layout}' cannot use several objectives"):
        policy_of({"kind": "gaussian"}, {"kind": "thompson"}, 2, layout={"kind": layout, "size": 2})


def test_combinations_are_refused_by_name():
    data = declared({"kind": "linear"}, {"kind": "thompson"}, 2)
    for name in ("arms", "context", "arm_features"):
        del data[name]
    with pytest.raises(InvalidDeclaration, match="'combination' cannot use several objectives"):
        compose(
            Declaration.parse(
                {**data, "layout": "combination", "slots": {"x": ["1", "2"], "y": ["3"]}}
            )
        )


def test_a_belief_that_cannot_learn_an_objective_says_which():
    data = declared({"kind": "beta"}, {"kind": "thompson"}, 2)
    spent = {"events": {"purchase": {"weight": 1, "aggregate": "sum"}}, "range": [0, 50]}
    data["reward"]["objectives"]["revenue"] = spent
    with pytest.raises(InvalidDeclaration, match=r"'revenue' by itself.*beta needs rewards"):
        compose(Declaration.parse(data))


def test_means_are_told_in_units_of_the_objective_and_the_score_as_the_reward_of_the_log():
    data = declared({"kind": "gaussian"}, {"kind": "greedy"}, 2)
    data["reward"]["objectives"] = {
        "clicks": {"click": 1},
        "margin": {"events": {"sold": {"weight": 1, "aggregate": "sum"}}, "range": [-10, 30]},
    }
    policy = compose(Declaration.parse(data))
    rewards = np.tile(np.array([[GRID, GRID // 4]]), (5_000, 1))  # a click, and a margin of 0
    batch = Batch(
        np.full(5_000, "a", dtype=object), np.full(5_000, GRID // 2), np.zeros(5_000, np.int64),
        np.ones(5_000), np.full(5_000, int(NOW)), rewards=rewards,
    )  # fmt: skip
    row, *_ = policy.summary(learnt(policy, batch), ARMS, NOW)
    assert row.objectives["clicks"].mean == pytest.approx(1.0, abs=1e-3)
    assert row.objectives["margin"].mean == pytest.approx(0.0, abs=1e-2)
    # In the log a click is worth 1/2, a margin of 0 nothing: the sum of its terms.
    assert row.mean == pytest.approx(0.5, abs=1e-3)


def test_a_log_of_one_reward_makes_no_priors_of_several_objectives():
    declaration = Declaration.parse(declared({"kind": "gaussian"}, {"kind": "thompson"}, 2))
    with pytest.raises(InvalidInput, match="must not fill the priors of objectives"):
        priors_from(declaration, {"a": Logged(3, 0.5, 0.1)}, 10.0)
