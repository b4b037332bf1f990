"""True values of policies that were learnt from one log each, in worlds whose truth is known.

    python bench/two_tower.py [--world narrow,wide,items] [--first 100] [--seeds 10] [--plan '{"model_dim": 1}']

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
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import special

from tamesu.evaluate import Rounds
from tamesu.learn import Plan
from tamesu.learn.gradients import learnt_from

Floats = NDArray[np.float64]
NOTHING: Mapping[str, Any] = {}

ROUNDS, ASKED, WIDTH, PREFERENCE = 10_000, 5_000, 5, -3.0
LEVEL = 0.95


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
    "few": Shape(200, 8, 200, 2),
}
PLAIN: dict[str, Any] = {"batch": 256, "rate": 0.003, "decay": 1e-4, "epochs": 40, "patience": 6}
TOLD: dict[str, Any] = {"item": (16,), "decay": 0.02}
"""Of worlds whose arms tell of themselves: a small item tower, or it would know a thousand arms by heart."""

LEARNERS: dict[str, dict[str, Any]] = {
    "regression": {"estimator": "regression"},
    "likelihood": {"estimator": "likelihood"},
    "IPS": {"estimator": "ips"},
    "its model alone": {"estimator": "dr", "clip": 0.0},
    "always corrected": {"estimator": "dr", "alone": False},
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


def values(
    shape: Shape, seed: int, tell: Callable[[str], None], more: Mapping[str, Any] = NOTHING
) -> dict[str, dict[str, float]]:
    """What each policy truly earns in one world, by column of the table; `more` is said of all that learns.

    `value`: as it is served; `greedy`: were it to take the best of its scores each time; `later`: among arms that came
    when all was learnt.
    """
    world = World(shape, seed)
    rounds = world.logged(shape)
    contexts = world.luck.normal(size=(ASKED, WIDTH))
    truth = world.expected(contexts)
    now, later = truth[:, : shape.arms], truth[:, shape.arms :]
    found = {
        "uniform": {"value": float(now.mean())},
        "logging": {"value": earned(softmax(PREFERENCE * now), now)},
        "best": {"value": float(now.max(axis=1).mean())},
    }
    if shape.later:
        found["uniform"]["later"] = float(later.mean())
        found["best"]["later"] = float(later.max(axis=1).mean())
    for name, how in LEARNERS.items():
        began = time.process_time()
        fixed = {"dim": shape.dim, "seed": seed}
        plan = Plan.of({**PLAIN, **(TOLD if shape.told else {}), **more, **how, **fixed})
        policy = learnt_from(rounds, plan).policy
        shares = policy.shares(contexts)
        highest = np.arange(ASKED), shares.argmax(axis=1)
        found[name] = {"value": earned(shares, now), "greedy": float(now[highest].mean())}
        if shape.later:
            assert policy.item is not None
            new = policy.item.of(world.features[shape.arms :])
            found[name]["later"] = earned(policy.shares(contexts, new), later)
        line = ", ".join(f"{column} {got:.4f}" for column, got in found[name].items())
        tell(f"seed {seed}: {name}: {line}, {time.process_time() - began:.1f} s")
    return found


def earned(shares: Floats, truth: Floats) -> float:
    """The mean over contexts of what such shares (m, K) earn."""
    return float((shares * truth).sum(axis=1).mean())


def table(worlds: list[dict[str, dict[str, float]]]) -> list[str]:
    """Lines of Markdown: means with 95 % intervals (Student's), and differences from the regression, world by world."""
    columns = list(worlds[0]["regression"])
    head = [f"{column} | beside the regression" for column in columns]
    lines = [f"| {len(worlds)} seeds | {' | '.join(head)} |", "|---" * (1 + 2 * len(head)) + "|"]
    for name in worlds[0]:
        cells = [name]
        for column in columns:
            mine = np.array([one[name].get(column, np.nan) for one in worlds])
            apart = mine - np.array([one["regression"][column] for one in worlds])
            there = not np.isnan(mine).any()
            cells.append(f"{mine.mean():.4f} ± {half(mine):.4f}" if there else "")
            beside = there and name != "regression"
            cells.append(f"{apart.mean():+.4f} ± {half(apart):.4f}" if beside else "")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def half(found: Floats) -> float:
    """Half of a mean's interval."""
    free = len(found) - 1
    if not free:
        return float("nan")
    return float(special.stdtrit(free, 0.5 + LEVEL / 2) * found.std(ddof=1) / len(found) ** 0.5)


def main() -> None:
    """Prints a table for each world."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--world", default="narrow,wide,items")
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--plan", default="{}", help="JSON, over what stands here")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for name in asked.world.split(","):
        found = []
        for seed in range(asked.first, asked.first + asked.seeds):
            found.append(values(SHAPES[name], seed, told, json.loads(asked.plan)))
            told("\n".join([name, *table(found)]))
        print(f"\n{name}\n", *table(found), sep="\n", flush=True)


def told(line: str) -> None:
    """How far it is."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
