"""What arms at positions of slates are expected to earn with all that follow them, cross-fitted.

A delivery is a round whose reward is that of its position and those below, so any reward model learns it. Refuses to
know what stands above: no model here looks at it, and `cascade_dr` is unbiased all the same.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.evaluate.expected import plain_model
from tamesu.evaluate.placements import Below
from tamesu.evaluate.reward_model import RewardModel, crossed
from tamesu.evaluate.rounds import Rounds
from tamesu.evaluate.slate_contrast import SlateShares
from tamesu.evaluate.slates import Slates

Floats: TypeAlias = NDArray[np.float64]


def following(slates: Slates, model: RewardModel | None = None, folds: int = 3) -> SlateShares:
    """Expected rewards (m, L, K) of an arm at a position and all below it, learnt from slates of other clusters.

    Args:
        slates: as logged, to learn from.
        model: of rewards; none for a plain one.
        folds: that clusters are spread over.

    Raises:
        InvalidInput: slates of one cluster.
    """
    follows = np.cumsum(slates.reward[:, ::-1], axis=1)[:, ::-1]
    slate, at = np.nonzero(slates.there)
    learnt = _rounds(slates, slate, at, slates.chosen[slate, at], follows[slate, at])
    given = plain_model(learnt) if model is None else model
    asked = crossed(learnt, given, folds)

    def expected(part: Slates) -> Floats:
        every = np.arange(len(part))
        each = [asked(_rounds(part, every, np.full_like(every, at))) for at in range(part.size)]
        return np.stack(each, axis=1)

    return expected


def given_above(below: Below) -> SlateShares:
    """A policy that is asked below any arms, asked below the logged ones: (m, L, K)."""

    def shares(part: Slates) -> Floats:
        each = [below(part, part.chosen[:, :at]) for at in range(part.size)]
        return np.stack(each, axis=1)

    return shares


def _rounds(
    slates: Slates,
    slate: NDArray[np.intp],
    at: NDArray[np.intp],
    chosen: NDArray[np.intp] | None = None,
    reward: Floats | None = None,
) -> Rounds:
    """Deliveries as rounds; of those that are asked about nobody knows an arm or a reward."""
    n = len(slate)
    return Rounds(
        arms=slates.arms,
        chosen=np.zeros(n, np.intp) if chosen is None else chosen,
        reward=np.zeros(n) if reward is None else reward,
        propensity=np.ones(n),
        shown=np.ones(n, np.bool_),
        context=slates.context[slate],
        features=slates.features,
        eligible=None,
        position=at,
        cluster=slates.cluster[slate],
        decided=slates.decided[slate],
        row=np.arange(n),
    )
