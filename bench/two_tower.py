"""True values of policies that were learnt from one log each, in worlds whose truth is known.

    python bench/two_tower.py [--world narrow,wide,items] [--seeds 10]

Rewards are logistic: an arm with features f earns, in a context x of five numbers,

    q(x, f) = 1 / (1 + exp(-(x M f + u x + v f))),     every coefficient even in [-1, 1]

and the log of 10,000 rounds was made by a policy that prefers what is bad, softmax(-3 q). Ten arms are known by their
ids (f is one of ten unit vectors that nobody is told), a thousand items by eight features, and two hundred more come
when all is learnt. `narrow`: towers that meet in two dimensions, `wide`: in sixteen; the truth takes six. No learner
sees the truth. It is no part of `make bench`: some minutes a world.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tamesu.evaluate import Rounds
from tamesu.learn import Plan
from tamesu.learn.gradients import learnt_from
from tamesu.policy.towers import TwoTower

Floats = NDArray[np.float64]

ROUNDS, ASKED, WIDTH, PREFERENCE = 10_000, 5_000, 5, -3.0
NORMAL = 1.96


@dataclasses.dataclass(frozen=True)
class Shape:
    """A world's sizes: arms, features that they tell (0: none), arms that come later, and the towers' dimensions."""

    arms: int
    told: int
    later: int
    dim: int


SHAPES = {
    "narrow": Shape(10, 0, 0, 2),
    "wide": Shape(10, 0, 0, 16),
    "items": Shape(1_000, 8, 200, 2),
    "wide items": Shape(1_000, 8, 200, 16),
}
PLAIN: dict[str, Any] = {"batch": 256, "rate": 0.003, "decay": 1e-4, "epochs": 40, "patience": 6}
TOLD: dict[str, Any] = {"item": (16,), "decay": 0.02}
"""Of worlds whose arms tell of themselves: a small item tower, or it would know a thousand arms by heart."""

LEARNERS: dict[str, dict[str, Any]] = {
    "regression": {"estimator": "regression"},
    "likelihood": {"estimator": "likelihood"},
    "IPS": {"estimator": "ips"},
    "DR": {"estimator": "dr"},
}


class World:
    """One truth, drawn by a seed."""

    def __init__(self, shape: Shape, seed: int) -> None:
        luck = self.luck = np.random.default_rng(seed)
        arms = shape.arms + shape.later
        self.features = (
            luck.normal(size=(arms, shape.told)) / shape.told**0.5 if shape.told else np.eye(arms)
        )
        wide = self.features.shape[1]
        self._mixed = luck.uniform(-1, 1, (WIDTH, wide)) * (2.0 if shape.told else 1.0)
        self._context = luck.uniform(-1, 1, WIDTH)
        self._arm = luck.uniform(-1, 1, wide)

    def expected(self, contexts: Floats) -> Floats:
        """(m, K) of all arms, later ones too."""
        crossed = contexts @ self._mixed @ self.features.T
        scores = crossed + (contexts @ self._context)[:, None] + self.features @ self._arm
        whole: Floats = 1.0 / (1.0 + np.exp(-scores))
        return whole

    def logged(self, shape: Shape) -> Rounds:
        """What the logging policy did."""
        contexts = self.luck.normal(size=(ROUNDS, WIDTH))
        truth = self.expected(contexts)[:, : shape.arms]
        shares = softmax(PREFERENCE * truth)
        arms = (shares.cumsum(axis=1) < self.luck.random((ROUNDS, 1))).sum(axis=1)
        arms = arms.clip(max=shape.arms - 1)
        mine = np.arange(ROUNDS), arms
        return Rounds.of(
            arms,
            (self.luck.random(ROUNDS) < truth[mine]).astype(float),
            shares[mine],
            among=range(shape.arms),
            contexts=contexts,
            features=self.features[: shape.arms] if shape.told else None,
        )


def softmax(scores: Floats) -> Floats:
    """(m, K)."""
    raised: Floats = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def values(shape: Shape, seed: int, tell: Callable[[str], None]) -> dict[str, float]:
    """What each policy truly earns in one world; of arms that came later, under its name and `, later`."""
    world = World(shape, seed)
    rounds = world.logged(shape)
    contexts = world.luck.normal(size=(ASKED, WIDTH))
    truth = world.expected(contexts)
    now, later = truth[:, : shape.arms], truth[:, shape.arms :]
    found = {
        "uniform": float(now.mean()),
        "logging": float((softmax(PREFERENCE * now) * now).sum(axis=1).mean()),
        "best": float(now.max(axis=1).mean()),
    }
    if shape.later:
        found["uniform, later"] = float(later.mean())
        found["best, later"] = float(later.max(axis=1).mean())
    for name, how in LEARNERS.items():
        began = time.process_time()
        more = TOLD if shape.told else {}
        plan = Plan(**{**PLAIN, **more, **how}, dim=shape.dim, seed=seed)
        policy = learnt_from(rounds, plan).policy
        found[name] = float((policy.shares(contexts) * now).sum(axis=1).mean())
        if shape.later:
            found[f"{name}, later"] = of_later(
                policy, world.features[shape.arms :], contexts, later
            )
        tell(f"seed {seed}: {name} {found[name]:.4f}, {time.process_time() - began:.1f} s")
    return found


def of_later(policy: TwoTower, features: Floats, contexts: Floats, truth: Floats) -> float:
    """What the policy earns among arms that it never met, by what they tell of themselves."""
    assert policy.item is not None
    shares = policy.shares(contexts, policy.item.of(features))
    return float((shares * truth).sum(axis=1).mean())


def table(all_of: list[dict[str, float]]) -> list[str]:
    """Lines of Markdown: means with 95 % intervals, and differences from the regression, seed by seed."""
    lines = [
        f"| policy | true value, mean of {len(all_of)} seeds ± 95 % | beside the regression |",
        "|---|---|---|",
    ]
    for name in all_of[0]:
        mine = np.array([one[name] for one in all_of])
        beside = "regression, later" if name.endswith("later") else "regression"
        apart = mine - np.array([one[beside] for one in all_of])
        told = "" if name == beside else f"{apart.mean():+.4f} ± {half(apart):.4f}"
        lines.append(f"| {name} | {mine.mean():.4f} ± {half(mine):.4f} | {told} |")
    return lines


def half(found: Floats) -> float:
    """Half of a mean's interval."""
    return float(NORMAL * found.std(ddof=1) / len(found) ** 0.5) if len(found) > 1 else float("nan")


def main() -> None:
    """Prints a table for each world."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--world", default=",".join(SHAPES))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--plan", default="{}", help="JSON, over what stands here")
    asked = parser.parse_args()
    PLAIN.update(json.loads(asked.plan))
    torch.set_num_threads(1)
    for name in asked.world.split(","):
        found = []
        for seed in range(asked.seeds):
            found.append(
                values(SHAPES[name], seed, lambda line: print(line, file=sys.stderr, flush=True))
            )
            print(name, *table(found), sep="\n", file=sys.stderr, flush=True)
        print(f"\n{name}\n", *table(found), sep="\n", flush=True)


if __name__ == "__main__":
    main()
