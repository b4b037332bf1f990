"""Run by the reference's own interpreter: its own bandit feedback into files, or what it makes of ours.

    feedback.py write FOLDER     writes FOLDER/<name>.npz, as numpy.savez writes its dictionaries
    feedback.py read FILE...     reads ours

Both print, by file, what uniform choice would have earned by IPS and SNIPS. Refuses to judge anything else.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from torchless import passed_over

passed_over("obp", "obp.dataset", "obp.policy", "obp.ope")
real = importlib.import_module("obp.dataset.real")
made = importlib.import_module("obp.dataset.synthetic")
estimators = importlib.import_module("obp.ope.estimators")


def judged(feedback: dict[str, Any]) -> dict[str, float]:
    """What uniform choice would have earned."""
    positions = 1 if feedback["position"] is None else int(feedback["position"].max()) + 1
    shape = feedback["n_rounds"], feedback["n_actions"], positions
    arrays = {name: np.asarray(feedback[name]) for name in ("action", "reward", "pscore")}
    position = feedback["position"]
    arrays["position"] = np.zeros(shape[0], int) if position is None else position
    arrays["action_dist"] = np.full(shape, 1 / shape[1])
    kinds = {
        "ips": estimators.InverseProbabilityWeighting,
        "snips": estimators.SelfNormalizedInverseProbabilityWeighting,
    }
    return {name: float(kind().estimate_policy_value(**arrays)) for name, kind in kinds.items()}


def write(folder: Path) -> dict[str, dict[str, float]]:
    """Real logs and a synthetic one."""
    logs = {
        f"obd-{policy}": real.OpenBanditDataset(behavior_policy=policy, campaign="men")
        for policy in ("random", "bts")
    }
    given = {name: log.obtain_batch_bandit_feedback() for name, log in logs.items()}
    synthetic = made.SyntheticBanditDataset(
        n_actions=10, dim_context=5, reward_function=made.logistic_reward_function, random_state=1
    )
    given["synthetic"] = synthetic.obtain_batch_bandit_feedback(10_000)
    for name, one in given.items():
        np.savez(folder / f"{name}.npz", **one)
    return {name: judged(one) for name, one in given.items()}


def read(files: list[Path]) -> dict[str, dict[str, float]]:
    """Ours."""
    found = {}
    for file in files:
        arrays = dict(np.load(file))
        found[file.stem] = judged({n: one if one.shape else int(one) for n, one in arrays.items()})
    return found


if __name__ == "__main__":
    places = [Path(one) for one in sys.argv[2:]]
    print(json.dumps(write(places[0]) if sys.argv[1] == "write" else read(places)))
