"""What a bandit earned beside what uniform choice would have, from its own log.

**Model.** Of n observed decisions, w = (1 / number of eligible arms) / propensity is how many decisions of a
uniform policy each stands for, and r its reward. What uniform choice earns is estimated by the
self-normalised importance-weighted mean Σ w r / Σ w (Hájek 1971; Swaminathan & Joachims 2015): consistent
where every eligible arm could be chosen, and never outside the rewards that were seen. The interval is
normal, from the influence of each row; that of the gain takes both means from the same rows.

It stops holding where arms were given up: what was never chosen is in no row, and the few rows of what was
hardly ever chosen carry most of the weight. `Compared.doubts` says so. Refuses to correct for it: only
`explore` does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEW = 100
"""Effective rows below which an estimate is doubted."""

MOST_OFF = 0.1
"""How far the mean weight, which is 1 where nothing is missing, may lie from 1."""

MOST_ERRORS = 4
"""And in how many of its own standard errors: with few rows it lies off by chance."""

MOST_SHARE = 0.1
"""The share of all weight that one row may carry."""

_Z = 1.959963984540054
"""Half the width of a central 95 % interval, in standard errors."""


@dataclass(frozen=True)
class Interval:
    """A mean and its central 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Compared:
    """A bandit beside uniform choice.

    Attributes:
        observed: rows.
        ours: mean reward of the rows as they are; none without a row.
        uniform: of uniform choice.
        gain: how much more than uniform choice.
        effective: how many rows of a uniform policy these are worth, (Σ w)² / Σ w².
        mean_weight: Σ w / n.
        doubts: why uniform and gain are not to be trusted, in words; empty where they are.
    """

    observed: int
    ours: Interval | None
    uniform: Interval | None
    gain: Interval | None
    effective: float
    mean_weight: float | None
    doubts: tuple[str, ...]


def moments(
    weight: NDArray[np.float64], reward: NDArray[np.float64], sign: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(3, 3) sums of sign · weight^a · reward^b; those of a whole are the sums of its parts'.

    Args:
        weight: (n,) of uniform choice over logged.
        reward: (n,).
        sign: (n,) +1 for a row, -1 for one that a correction takes back.
    """
    weights = sign * np.array([np.ones_like(weight), weight, weight * weight])
    rewards = np.array([np.ones_like(reward), reward, reward * reward])
    sums: NDArray[np.float64] = weights @ rewards.T
    return sums


def compared(sums: NDArray[np.float64], greatest: float) -> Compared:
    """What the `moments` of some rows say.

    Args:
        sums: (3, 3).
        greatest: the greatest weight among them.
    """
    n, total = float(sums[0, 0]), float(sums[1, 0])
    if n < 1 or total <= 0:
        return Compared(0, None, None, None, 0.0, None, ("nothing was observed",))
    ours, uniform = float(sums[0, 1]) / n, float(sums[1, 1]) / total
    own = sums[0, 2] - 2 * ours * sums[0, 1] + n * ours**2
    other = sums[2, 2] - 2 * uniform * sums[2, 1] + uniform**2 * sums[2, 0]
    both = sums[1, 2] - (ours + uniform) * sums[1, 1] + ours * uniform * total
    effective = total * total / float(sums[2, 0])
    return Compared(
        observed=round(n),
        ours=_interval(ours, own / n**2),
        uniform=_interval(uniform, other / total**2),
        gain=_interval(ours - uniform, own / n**2 + other / total**2 - 2 * both / (n * total)),
        effective=effective,
        mean_weight=total / n,
        doubts=_doubts(sums, effective, greatest),
    )


def _interval(mean: float, variance: float) -> Interval:
    half = _Z * max(0.0, float(variance)) ** 0.5
    return Interval(mean, mean - half, mean + half)


def _doubts(sums: NDArray[np.float64], effective: float, greatest: float) -> tuple[str, ...]:
    doubts: list[str] = []
    n, total = float(sums[0, 0]), float(sums[1, 0])
    error = max(0.0, float(sums[2, 0]) - total * total / n) ** 0.5 / n
    if effective < FEW:
        doubts.append(f"the rows are worth {effective:.0f} of a uniform policy, less than {FEW}")
    if abs(total / n - 1) > max(MOST_OFF, MOST_ERRORS * error):
        doubts.append(
            f"the weights have the mean {total / n:.2f} and not 1: arms that were hardly ever "
            "chosen are missing, or one of them was chosen by luck"
        )
    if greatest > MOST_SHARE * total:
        doubts.append(f"one row carries {greatest / total:.0%} of all weight")
    return tuple(doubts)
