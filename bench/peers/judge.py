"""The process in which the reference implementation of off-policy evaluation is timed: its environment, nothing of ours.

    python judge.py ARRAYS.npz      then for each line of input a line of JSON: seconds, and what was estimated

IPS, SNIPS and DR of given rewards, each with its interval by a hundred resamples, the fewest that its pages speak of.
"""

from __future__ import annotations

import json
import os
import sys
import time

import numpy as np
from estimates import ope

RESAMPLES = 100


def main(path: str) -> None:
    """Answers until its input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not stand between the answers
    held = np.load(path)
    given = {
        "reward": held["reward"],
        "action": held["action"],
        "pscore": held["pscore"],
        "action_dist": held["target"][:, :, None],
    }
    expected = {"estimated_rewards_by_reg_model": held["predicted"][:, :, None]}
    sides = (
        ("ips", ope.InverseProbabilityWeighting(), given),
        ("snips", ope.SelfNormalizedInverseProbabilityWeighting(), given),
        ("dr", ope.DoublyRobust(), given | expected),
    )
    for _ in sys.stdin:
        start, values = time.perf_counter(), {}
        for name, estimator, arrays in sides:
            values[name] = float(estimator.estimate_policy_value(**arrays))
            estimator.estimate_interval(**arrays, n_bootstrap_samples=RESAMPLES, random_state=1)
        taken = time.perf_counter() - start
        print(json.dumps({"seconds": taken, "values": values}), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
