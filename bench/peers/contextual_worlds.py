"""The worlds with a context that every peer plays, as tables: plain NumPy, like `worlds.py`.

A run is three tables: the context of each round, what an arm earns if it is played in it, and what it is
expected to earn. They depend on the world and the seed alone. Refuses to know who plays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 10_000
SD = 0.5
"""Deviation of the rewards of linear worlds around what is expected."""


@dataclass(frozen=True)
class ContextualRun:
    """One run of a world.

    Attributes:
        contexts: (rounds, features).
        earns: (rounds, arms) rewards.
        expected: (rounds, arms) their means.
    """

    contexts: NDArray[np.float64]
    earns: NDArray[np.float64]
    expected: NDArray[np.float64]


@dataclass(frozen=True)
class ContextualWorld:
    """A world with a context, and how it is played.

    Attributes:
        told: what it is, in a sentence.
        rewards: `binary` or `real`.
        arms: how many.
        features: numbers of a context.
        run: a seed to a run.
    """

    told: str
    rewards: str
    arms: int
    features: int
    run: Callable[[int], ContextualRun]


def _drawn(
    arms: int, features: int, seed: int, kind: int
) -> tuple[np.random.Generator, NDArray[np.float64], NDArray[np.float64]]:
    """The luck of a run, (rounds, features) contexts and (rounds, arms) products with the truth."""
    rng = np.random.default_rng([kind, arms, features, seed])
    truth = rng.normal(size=(arms, features)) / np.sqrt(features)
    contexts = rng.normal(size=(ROUNDS, features))
    return rng, contexts, contexts @ truth.T


def _linear(arms: int, features: int) -> ContextualWorld:
    def run(seed: int) -> ContextualRun:
        rng, contexts, expected = _drawn(arms, features, seed, 3)
        return ContextualRun(contexts, rng.normal(expected, SD), expected)

    return ContextualWorld(
        f"{arms} arms, {features} features: a reward is x·θ of its arm with normal noise of deviation "
        f"{SD:g}; θ ~ N(0, I/{features}), anew for each seed, and x ~ N(0, I).",
        "real",
        arms,
        features,
        run,
    )


def _logistic(arms: int, features: int) -> ContextualWorld:
    def run(seed: int) -> ContextualRun:
        rng, contexts, products = _drawn(arms, features, seed, 4)
        expected = 1.0 / (1.0 + np.exp(1.0 - 2.0 * products))
        return ContextualRun(contexts, (rng.random(expected.shape) < expected) * 1.0, expected)

    return ContextualWorld(
        f"{arms} arms, {features} features: a reward of 1 with probability 1 / (1 + exp(1 - 2 x·θ)), "
        f"θ and x as in the linear worlds.",
        "binary",
        arms,
        features,
        run,
    )


CONTEXTUAL = {
    "linear": _linear(10, 10),
    "linear-many-arms": _linear(50, 5),
    "linear-few-arms": _linear(3, 20),
    "logistic": _logistic(10, 10),
}
