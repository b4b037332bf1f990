"""Logs of the reference implementation's own synthetic worlds: runs in its environment, with nothing of ours.

Writes arrays into the file that it is told: rounds and slates as `estimates.py` reads them, of slates how likely either
policy brings an arm to its position, as it enumerates that. Refuses to estimate.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np
from torchless import passed_over

passed_over("obp", "obp.dataset")
one: Any = importlib.import_module("obp.dataset.synthetic")
several: Any = importlib.import_module("obp.dataset.synthetic_slate")

ROUNDS, SLATES, ARMS, SIZE = 10_000, 500, 6, 3


def softmax(scores: Any) -> Any:
    """By rows."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def rounds() -> dict[str, Any]:
    """Ten arms, logistic rewards, a logging policy that prefers bad arms; a target policy that prefers good ones."""
    made = one.SyntheticBanditDataset(
        n_actions=10,
        dim_context=5,
        reward_function=one.logistic_reward_function,
        behavior_policy_function=one.linear_behavior_policy,
        beta=-3,
        random_state=12345,
    ).obtain_batch_bandit_feedback(ROUNDS)
    rng = np.random.default_rng(1)
    expected = made["expected_reward"]
    return {
        "action": made["action"],
        "reward": made["reward"],
        "pscore": made["pscore"],
        "logging": made["pi_b"][:, :, 0],
        "target": softmax(3 * expected),
        "predicted": expected + rng.normal(0, 0.1, expected.shape),
        "kin": np.arange(10) // 2,
    }


def slates() -> dict[str, Any]:
    """Three of six arms without repeats, clicked as a cascade; both policies by their logits."""
    world = several.SyntheticSlateBanditDataset(
        n_unique_action=ARMS,
        len_list=SIZE,
        dim_context=2,
        reward_type="binary",
        reward_structure="cascade_additive",
        click_model="cascade",
        behavior_policy_function=several.linear_behavior_policy_logit,
        base_reward_function=one.logistic_reward_function,
        random_state=1,
    )
    made = world.obtain_batch_bandit_feedback(SLATES, return_pscore_item_position=True)
    rng = np.random.default_rng(1)
    wished = rng.normal(0, 1, (SLATES, ARMS))
    _, placed, prefix = world.obtain_pscore_given_evaluation_policy_logit(
        action=made["action"], evaluation_policy_logit_=wished, return_pscore_item_position=True
    )
    logits = several.linear_behavior_policy_logit(
        context=made["context"], action_context=world.action_context, random_state=1
    )
    action = made["action"].reshape(-1, SIZE)
    left, target = np.exp(wished), []
    for at in range(SIZE):
        target.append(left / left.sum(axis=1, keepdims=True))
        left = left.copy()
        left[np.arange(SLATES), action[:, at]] = 0.0
    return {
        "action": action,
        "reward": made["reward"].reshape(-1, SIZE),
        "propensity": given_above(made["pscore_cascade"].reshape(-1, SIZE)),
        "wanted": given_above(prefix.reshape(-1, SIZE)),
        "target": np.stack(target, axis=1),
        "predicted": rng.normal(0.3, 0.3, (SLATES, SIZE, ARMS)),
        "marginal": made["pscore_item_position"].reshape(-1, SIZE),
        "placed": placed.reshape(-1, SIZE),
        "logits": logits,
        "wished": wished,
    }


def given_above(prefix: Any) -> Any:
    """(n, L) each given those above, out of how likely all are down to it."""
    return np.concatenate([prefix[:, :1], prefix[:, 1:] / prefix[:, :-1]], axis=1)


if __name__ == "__main__":
    worlds = {
        "its own rounds, 10,000 of 10 arms": rounds(),
        "its own slates of 3 of 6 arms, 500": slates(),
    }
    np.savez(
        sys.argv[1],
        **{
            f"{name}/{column}": table
            for name, world in worlds.items()
            for column, table in world.items()
        },
    )
