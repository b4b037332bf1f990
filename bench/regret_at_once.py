"""Regret of the formulas of `linear` and `logistic`, all seeds at once: NumPy alone, minutes for a hundred seeds.

The worlds and seeds are those of `regret.py`, which plays Tamesu itself and its peers, for hours. What is
played here was written anew from docs/math, with inverses updated in place: a reference for
[the page on the linear belief](../docs/math/linear.md), and a place to try a default. Not a part of `make bench`.

    python bench/regret_at_once.py                      seeds 0 to 99
    python bench/regret_at_once.py --first 1000         others, to choose by
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

from contextual_worlds import CONTEXTUAL, ROUNDS

Floats = NDArray[np.float64]
TIE = 1e-12
"""Chance below it settles ties."""


class Linear:
    """s bandits of k arms each with its own coefficients, ridge 1.

    Args:
        shape: (s, k, p), the intercept among p where there is one.
        intercept: its precision; none where there is none.
        level: whether the prior of the intercepts stands where they are found to be.
        weight: of the noise's prior, k of docs/math/linear.md.
        caution: how many times the common noise is expected.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        intercept: float | None = 8.0,
        *,
        level: bool = True,
        weight: float = 3.0,
        caution: float = 8.0,
    ) -> None:
        ridge = np.ones(shape[2])
        ridge[:1] = 1.0 if intercept is None else intercept
        self._first = intercept is not None
        self._level = level and self._first
        self._weight, self._caution = weight, caution
        self._inverse = np.tile(np.diag(1.0 / ridge), (*shape[:2], 1, 1))
        self._sums, self._ones, self._of_sums, self._of_ones = np.zeros((4, *shape))
        self._n, self._squares, self._rr, self._r1, self._11 = np.zeros((5, *shape[:2]))
        self._rows = np.arange(shape[0])

    def at(self, z: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Means, variances in units of the noise's, its deviations and degrees of freedom; z (s, p)."""
        variance = ((self._inverse @ z[:, None, :, None])[..., 0] * z[:, None]).sum(2)
        mean = (self._of_sums * z[:, None]).sum(2)
        level = np.zeros((len(z), 1))
        left = self._squares - self._rr
        if self._level:
            seen = self._of_ones[:, :, 0].sum(1)
            level[:, 0] = self._of_sums[:, :, 0].sum(1) / np.where(seen > TIE, seen, np.inf)
            mean += level * (1.0 - (self._of_ones * z[:, None]).sum(2))
            left += level * (2.0 * self._r1 - 2.0 * self._sums[:, :, 0])
            left += level * level * (self._n - self._11)
        left = np.maximum(left, 0.0)
        total = self._n.sum(1, keepdims=True)
        told = left.sum(1, keepdims=True)
        common = np.where(told > TIE, told / np.maximum(total, 1.0), 1.0 / (total + 1.0))
        freedom = self._weight + self._n
        b = self._caution * (self._weight - 2.0) * common
        return mean, variance, np.sqrt((b + left) / freedom), freedom

    def learn(self, arm: NDArray[np.intp], z: Floats, reward: Floats) -> None:
        """One row each: `arm` (s,), `z` (s, p), `reward` (s,)."""
        at = self._rows, arm
        inverse = self._inverse[at]
        along = (inverse @ z[:, :, None])[:, :, 0]
        inverse -= along[:, :, None] * along[:, None] / (1.0 + (along * z).sum(1))[:, None, None]
        self._inverse[at] = inverse
        self._sums[at] += reward[:, None] * z
        self._ones[at] += z
        self._n[at] += 1.0
        self._squares[at] += reward * reward
        sums, ones = self._sums[at], self._ones[at]
        of_sums = (inverse @ sums[:, :, None])[:, :, 0]
        of_ones = (inverse @ ones[:, :, None])[:, :, 0]
        self._of_sums[at], self._of_ones[at] = of_sums, of_ones
        self._rr[at] = (sums * of_sums).sum(1)
        self._r1[at] = (ones * of_sums).sum(1)
        self._11[at] = (ones * of_ones).sum(1)


class Logistic:
    """The same of log-odds: each reward a parabola at the root of t = m + v (r - chance of t), ridge 1."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._inverse = np.tile(np.eye(shape[2]), (*shape[:2], 1, 1))
        self._moment, self._mean = np.zeros((2, *shape))
        self._rows = np.arange(shape[0])

    def at(self, z: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """As `Linear.at`; the noise is 1, and known."""
        variance = ((self._inverse @ z[:, None, :, None])[..., 0] * z[:, None]).sum(2)
        one = np.ones_like(variance)
        return (self._mean * z[:, None]).sum(2), variance, one, np.inf * one

    def learn(self, arm: NDArray[np.intp], z: Floats, reward: Floats) -> None:
        """As `Linear.learn`."""
        at = self._rows, arm
        inverse = self._inverse[at]
        along = (inverse @ z[:, :, None])[:, :, 0]
        v, m = (along * z).sum(1), (self._mean[at] * z).sum(1)
        low, high = m + v * (reward - 1.0), m + v * reward
        for _ in range(60):
            t = 0.5 * (low + high)
            below = t < m + v * (reward - 1.0 / (1.0 + np.exp(-t)))
            low, high = np.where(below, t, low), np.where(below, high, t)
        chance = 1.0 / (1.0 + np.exp(-t))
        w = chance * (1.0 - chance)
        inverse -= along[:, :, None] * along[:, None] * (w / (1.0 + w * v))[:, None, None]
        self._inverse[at] = inverse
        self._moment[at] += (w * t + reward - chance)[:, None] * z
        self._mean[at] = (inverse @ self._moment[at][:, :, None])[:, :, 0]


def randomized(width: float, rng: np.random.Generator) -> Callable[..., Floats]:
    """Bounds of one height for all arms."""
    heights = np.linspace(0.0, width, 32)
    weights = np.exp(-0.5 * heights**2)

    def score(mean: Floats, variance: Floats, noise: Floats, freedom: Floats) -> Floats:
        height = rng.choice(heights, len(mean), p=weights / weights.sum())
        wider = 1.0 / (1.0 - 2.0 / freedom)
        return mean + height[:, None] * noise * np.sqrt(variance * wider)

    return score


def thompson(scale: float, rng: np.random.Generator) -> Callable[..., Floats]:
    """A draw for each arm, with `scale` of its deviation."""

    def score(mean: Floats, variance: Floats, noise: Floats, freedom: Floats) -> Floats:
        drawn = rng.standard_t(np.minimum(freedom, 1e9))
        return mean + scale * noise * np.sqrt(variance) * drawn

    return score


def lin_ucb(mean: Floats, variance: Floats, noise: Floats, freedom: Floats) -> Floats:
    """LinUCB as libraries have it: one deviation with a noise of 1."""
    del noise, freedom
    return mean + np.sqrt(variance)


def players(
    rng: np.random.Generator,
) -> dict[str, tuple[Callable[..., Linear | Logistic], Callable[..., Floats], bool]]:
    """By name: what makes the bandits of a shape, how they score, and whether columns begin with a 1."""
    plain = partial(Linear, intercept=None)
    one = partial(Linear, intercept=1.0, level=False)
    before = partial(Linear, weight=4.0, caution=4.0)
    return {
        "linear × randomized UCB": (Linear, randomized(2.0, rng), True),
        "the same, mean 0": (partial(Linear, level=False), randomized(2.0, rng), True),
        "linear × Thompson": (Linear, thompson(1.0, rng), True),
        "linear × Thompson, half the deviation": (Linear, thompson(0.5, rng), True),
        "linear × Thompson, .3 of it": (Linear, thompson(0.3, rng), True),
        "before ADR 0041": (before, randomized(3.0, rng), True),
        "LinUCB, no intercept": (plain, lin_ucb, False),
        "LinUCB, intercept": (one, lin_ucb, True),
        "logistic × randomized UCB": (Logistic, randomized(2.0, rng), True),
        "logistic × Thompson": (Logistic, thompson(1.0, rng), True),
    }


def play(world: str, player: str, first: int, seeds: int) -> Floats:
    """(seeds,) regret after all rounds."""
    runs = [CONTEXTUAL[world].run(seed) for seed in range(first, first + seeds)]
    d, arms = runs[0].contexts.shape[1], runs[0].earns.shape[1]
    rng = np.random.default_rng(first)
    make, score, one = players(rng)[player]
    bandits = make((seeds, arms, d + one))
    lost, rows, z = np.zeros(seeds), np.arange(seeds), np.ones((seeds, d + one))
    for number in range(ROUNDS):
        z[:, int(one) :] = [run.contexts[number] for run in runs]
        scores = score(*bandits.at(z))
        arm = (scores + TIE * rng.random(scores.shape)).argmax(1)
        expected = np.array([run.expected[number] for run in runs])
        lost += expected.max(1) - expected[rows, arm]
        earned = [run.earns[number, chosen] for run, chosen in zip(runs, arm, strict=True)]
        bandits.learn(arm, z, np.array(earned))
    return lost


def main() -> None:
    """Prints a line for each world and player: the mean, its standard error, and what it is beside the first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--worlds", default=",".join(CONTEXTUAL))
    parser.add_argument("--players", default="", help="only those with this in their names")
    asked = parser.parse_args()
    for world in asked.worlds.split(","):
        beside = None
        for name in players(np.random.default_rng(0)):
            binary = CONTEXTUAL[world].rewards == "binary"
            if asked.players not in name or (name.startswith("logistic") and not binary):
                continue
            lost = play(world, name, asked.first, asked.seeds)
            beside = lost if beside is None else beside
            print(f"{world:18} {name:40} {told(lost):>16} {told(lost - beside):>16}", flush=True)


def told(values: Floats) -> str:
    """The mean and its standard error."""
    return f"{values.mean():.1f} ± {values.std(ddof=1) / math.sqrt(len(values)):.1f}"


if __name__ == "__main__":
    main()
