"""Estimates of the reference implementation: runs in its environment, with nothing of ours.

Reads arrays from the file that it is told, writes an object of objects as its last line: world, then estimator
with its options as ours are written, to a number. Refuses to know what ours gives.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import numpy as np
from torchless import passed_over

passed_over("obp")
ope: Any = importlib.import_module("obp.ope")

PLAIN = {
    "ips": ope.InverseProbabilityWeighting,
    "snips": ope.SelfNormalizedInverseProbabilityWeighting,
    "dm": ope.DirectMethod,
    "dr": ope.DoublyRobust,
    "sndr": ope.SelfNormalizedDoublyRobust,
    "replay": ope.ReplayMethod,
}
WITH_AN_OPTION = {
    "ips": ope.InverseProbabilityWeighting,
    "dr": ope.DoublyRobust,
    "switch_dr": ope.SwitchDoublyRobust,
    "dr_os": ope.DoublyRobustWithShrinkage,
    "ips_sg": ope.SubGaussianInverseProbabilityWeighting,
    "dr_sg": ope.SubGaussianDoublyRobust,
}
TUNED = {
    "ips": ope.InverseProbabilityWeightingTuning,
    "dr": ope.DoublyRobustTuning,
    "switch_dr": ope.SwitchDoublyRobustTuning,
    "dr_os": ope.DoublyRobustWithShrinkageTuning,
    "ips_sg": ope.SubGaussianInverseProbabilityWeightingTuning,
    "dr_sg": ope.SubGaussianDoublyRobustTuning,
}
SLATES = {
    "standard": (ope.SlateStandardIPS, "pscore", "evaluation_policy_pscore"),
    "sn_standard": (ope.SelfNormalizedSlateStandardIPS, "pscore", "evaluation_policy_pscore"),
    "item_position": (
        ope.SlateIndependentIPS,
        "pscore_item_position",
        "evaluation_policy_pscore_item_position",
    ),
    "sn_item_position": (
        ope.SelfNormalizedSlateIndependentIPS,
        "pscore_item_position",
        "evaluation_policy_pscore_item_position",
    ),
    "reward_interaction": (
        ope.SlateRewardInteractionIPS,
        "pscore_cascade",
        "evaluation_policy_pscore_cascade",
    ),
    "sn_reward_interaction": (
        ope.SelfNormalizedSlateRewardInteractionIPS,
        "pscore_cascade",
        "evaluation_policy_pscore_cascade",
    ),
}


def of_rounds(world: dict[str, Any], options: dict[str, list[float]]) -> dict[str, float]:
    """Every estimator of single decisions; arrays (n,), and `target`, `predicted` (n, K)."""
    given = {
        "reward": world["reward"],
        "action": world["action"],
        "pscore": world["pscore"],
        "action_dist": world["target"][:, :, None],
        "estimated_rewards_by_reg_model": world["predicted"][:, :, None],
        "position": np.zeros(len(world["reward"]), dtype=int),
    }
    found = {name: kind().estimate_policy_value(**given) for name, kind in PLAIN.items()}
    for name, numbers in options.items():
        for number in numbers:
            one = WITH_AN_OPTION[name](lambda_=number)
            found[f"{name} {number:g}"] = one.estimate_policy_value(**given)
        tuned = TUNED[name](lambdas=list(numbers), tuning_method="slope")
        found[f"{name} slope"] = tuned.estimate_policy_value_with_tuning(**given)
    if "kin" in world:
        k = world["target"].shape[1]
        kin = world["kin"]
        embedded = np.zeros((k, int(kin.max()) + 1, 1))
        embedded[np.arange(k), kin, 0] = 1.0
        found["mips"] = ope.MarginalizedInverseProbabilityWeighting(
            n_actions=k
        ).estimate_policy_value(
            reward=world["reward"],
            action=world["action"],
            action_embed=kin[world["action"]][:, None],
            pi_b=world["logging"][:, :, None],
            action_dist=world["target"][:, :, None],
            p_e_a=embedded,
        )
    return found


def of_slates(world: dict[str, Any]) -> dict[str, float]:
    """Every estimator of slates; arrays (n, L), and `target`, `predicted` (n, L, K)."""
    n, size, k = world["target"].shape
    rows = {
        "slate_id": np.repeat(np.arange(n), size),
        "position": np.tile(np.arange(size), n),
        "reward": world["reward"].ravel(),
        "action": world["action"].ravel(),
        "pscore": np.repeat(world["propensity"].prod(axis=1), size),
        "pscore_cascade": world["propensity"].cumprod(axis=1).ravel(),
        "pscore_item_position": world["marginal"].ravel(),
        "evaluation_policy_pscore": np.repeat(world["wanted"].prod(axis=1), size),
        "evaluation_policy_pscore_cascade": world["wanted"].cumprod(axis=1).ravel(),
        "evaluation_policy_pscore_item_position": world["placed"].ravel(),
    }
    found = {}
    for name, (kind, theirs, ours) in SLATES.items():
        given = {each: rows[each] for each in ("slate_id", "position", "reward", theirs, ours)}
        found[name] = kind(len_list=size).estimate_policy_value(**given)
    found["cascade_dr"] = ope.SlateCascadeDoublyRobust(
        len_list=size, n_unique_action=k
    ).estimate_policy_value(
        **{
            each: rows[each]
            for each in (
                "slate_id",
                "action",
                "reward",
                "position",
                "pscore_cascade",
                "evaluation_policy_pscore_cascade",
            )
        },
        q_hat=world["predicted"].ravel(),
        evaluation_policy_action_dist=world["target"].ravel(),
    )
    return found


def main() -> None:
    """Reads the file, writes the estimates."""
    with np.load(sys.argv[1]) as arrays:
        worlds: dict[str, dict[str, Any]] = {}
        for name in arrays.files:
            world, column = name.split("/")
            worlds.setdefault(world, {})[column] = arrays[name]
    options = json.loads(sys.argv[2])
    found = {
        name: of_slates(world) if "propensity" in world else of_rounds(world, options)
        for name, world in worlds.items()
    }
    print(
        json.dumps(
            {
                name: {one: float(value) for one, value in values.items()}
                for name, values in found.items()
            }
        )
    )


if __name__ == "__main__":
    main()
