"""The worlds that every peer plays, as tables: plain NumPy, so that any environment can make them.

A run of a world is two tables of (rounds, arms): what an arm earns if it is played in a round, and
what it is expected to earn. Both depend on the world and the seed alone, so two players of one seed
have the same luck, and their regrets may be compared pair by pair. Refuses to know who plays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ARMS = 10
ROUNDS = 10_000
DELAY = 500
"""Mean number of rounds until an outcome is known, in the delayed world."""


@dataclass(frozen=True)
class Run:
    """One run of a world.

    Attributes:
        earns: (rounds, arms) rewards.
        expected: (rounds, arms) their means.
        known: (rounds,) after how many further rounds an outcome is known; 0 for at once.
    """

    earns: NDArray[np.float64]
    expected: NDArray[np.float64]
    known: NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """A world, and how it is played.

    Attributes:
        told: what it is, in a sentence.
        rewards: `binary` or `real`.
        every: outcomes are learnt after so many rounds.
        run: a seed to a run.
    """

    told: str
    rewards: str
    every: int
    run: Callable[[int], Run]


def rates() -> NDArray[np.float64]:
    """(10,) .10, .11, ... .19."""
    return 0.10 + 0.01 * np.arange(ARMS)


def turning(rounds: int = ROUNDS) -> NDArray[np.float64]:
    """(rounds, 10) rates between .10 and .19: each arm is the best once, and the worst once."""
    phase = np.arange(rounds)[:, None] / rounds + np.arange(ARMS) / ARMS
    return np.asarray(0.145 + 0.045 * np.sin(2 * np.pi * phase))


def _binary(expected: NDArray[np.float64], seed: int, delay: int = 0) -> Run:
    rng = np.random.default_rng([1, seed])
    earns = (rng.random((ROUNDS, ARMS)) < expected).astype(np.float64)
    known = np.zeros(ROUNDS, np.int64)
    if delay:
        known = np.rint(rng.exponential(delay, ROUNDS)).astype(np.int64)
    return Run(earns, np.broadcast_to(expected, earns.shape), known)


def _real(seed: int) -> Run:
    rng = np.random.default_rng([2, seed])
    means = 0.1 * np.arange(ARMS)
    earns = np.clip(rng.normal(means, 1.0, (ROUNDS, ARMS)), *RANGE)
    return Run(earns, np.broadcast_to(means, earns.shape), np.zeros(ROUNDS, np.int64))


RANGE = (-5.0, 6.0)
"""Rewards of the Gaussian world are clipped to it: beyond five deviations, one in a million."""

WORLDS = {
    "bernoulli": World(
        "Rewards 0 or 1, rates .10, .11, … .19. Each outcome is learnt at once.",
        "binary",
        1,
        lambda seed: _binary(rates(), seed),
    ),
    "batches": World(
        "The same, but what came of a decision is learnt every 500 rounds.",
        "binary",
        500,
        lambda seed: _binary(rates(), seed),
    ),
    "delayed": World(
        "The same, but each outcome is known after an exponential delay of 500 rounds on average, "
        "and learnt then.",
        "binary",
        1,
        lambda seed: _binary(rates(), seed, DELAY),
    ),
    "gaussian": World(
        "Normal rewards with means 0, .1, … .9 and deviation 1. Each is learnt at once.",
        "real",
        1,
        _real,
    ),
    "drifting": World(
        "Rewards 0 or 1, each rate a sine between .10 and .19 with one period and a phase of its "
        "own, so that each arm is the best one once. Learnt at once; regret is against the arm that "
        "is best in its round.",
        "binary",
        1,
        lambda seed: _binary(turning(), seed),
    ),
}


def lai_robbins(name: str) -> float | None:
    """The lower bound on regret after `ROUNDS` rounds: ln T times the sum of gap / divergence.

    Asymptotic, for policies that do well in every world of the kind: at 10,000 rounds some stay below
    it in one world. None where rates move or outcomes come late.

    Source: Lai and Robbins, Asymptotically efficient adaptive allocation rules, 1985.
    """
    if name == "bernoulli":
        p, best = rates()[:-1], rates()[-1]
        apart = p * np.log(p / best) + (1 - p) * np.log((1 - p) / (1 - best))
        return float(np.sum((best - p) / apart)) * math.log(ROUNDS)
    if name == "gaussian":  # with an unknown deviation: Burnetas and Katehakis, 1996
        gaps = 0.9 - 0.1 * np.arange(ARMS - 1)
        return float(np.sum(gaps / (0.5 * np.log1p(gaps**2)))) * math.log(ROUNDS)
    return None
