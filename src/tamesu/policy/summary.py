"""What a policy thinks of its arms, in numbers for people. Refuses to know how it was learnt."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base.aims import Aims
from tamesu.policy.contract import Marginals

INTERVAL = 0.95
"""Probability inside the interval of a summary."""

LOW, HIGH = (1.0 - INTERVAL) / 2.0, (1.0 + INTERVAL) / 2.0


class Believed(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy thinks of one arm by one of several objectives.

    Attributes:
        mean: expected value of the objective, as its events count.
        low, high: central 95 % interval of that mean.
    """

    mean: float
    low: float
    high: float


class ArmSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy thinks of one arm; in a layout with a belief for each position, of one arm there.

    Attributes:
        position: of which the others speak; none where one belief serves all positions.
        observations: how many it has learnt from this arm.
        mean: expected reward.
        low, high: central 95 % interval of the mean reward.
        clipped: rewards of this arm outside of the bounds, learnt as the nearer bound.
        share: probability of being chosen first when all arms are eligible; of a position further
            down: of being chosen there, were none of them placed above.
        objectives: where objectives are learnt apart, what is thought of each by name, in its own units;
            the mean is then the mean of them, each in its range.
    """

    arm: str
    position: int | None = None
    observations: int
    mean: float
    low: float
    high: float
    share: float
    clipped: int = 0
    objectives: dict[str, Believed] = {}


def summaries(
    arms: Sequence[str],
    marginals: Marginals,
    shares: NDArray[np.float64],
    position: int | None,
    aims: Aims | None,
) -> list[ArmSummary]:
    """One row for each of n `arms`, in their order.

    Args:
        arms: n ids.
        marginals: of them.
        shares: (n,) probabilities of being chosen.
        position: of which the marginals are; none for all.
        aims: the objectives, where there are several.
    """
    mean = marginals.family.mean()
    low, high = marginals.family.quantile(LOW), marginals.family.quantile(HIGH)
    by_objective = {} if aims is None else _by_objective(marginals, aims)
    return [
        ArmSummary(
            arm=arm,
            position=position,
            observations=int(marginals.observations[i]),
            mean=float(mean[i]),
            low=float(low[i]),
            high=float(high[i]),
            share=float(shares[i]),
            clipped=0 if marginals.clipped is None else int(marginals.clipped[i]),
            objectives={name: told[i] for name, told in by_objective.items()},
        )
        for i, arm in enumerate(arms)
    ]


def _by_objective(marginals: Marginals, aims: Aims) -> dict[str, list[Believed]]:
    """What is thought of each arm by each objective that is learnt apart, in its own units."""
    told: dict[str, list[Believed]] = {}
    for number, part in enumerate(marginals.objectives):
        (least, most), family = aims.ranges[number], part.family
        rows = np.stack([family.mean(), family.quantile(LOW), family.quantile(HIGH)], axis=1)
        told[aims.names[number]] = [
            Believed(mean=mean, low=low, high=high)
            for mean, low, high in (least + (most - least) * rows).tolist()
        ]
    return told
