"""Weights: how many rounds of the target policy a log is worth, and on how few of them all hangs.

Refuses to judge: limits stand in `tamesu.evaluate.verdict`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.evaluate.clustered import clustered_error, clusters_of
from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions
from tamesu.evaluate.rounds import Rounds

Floats: TypeAlias = NDArray[np.float64]

STEPS = 4
"""Bins of weights from one power of ten to the next."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What n weights w = target / propensity tell.

    Attributes:
        effective: rounds of the target policy that these are worth, (sum w)^2 / sum w^2.
        effective_clusters: the same of the sums of clusters.
        effective_rewards: rounds that tell rewards apart, (sum w d)^2 / sum (w d)^2, d how far a reward lies above the
            least one, or below the greatest: the fewer. Where few earn anything it is how many do, where nearly all do
            how many do not; 0 where all that have a weight earned the same.
        mean: of the weights; 1 where every arm that the target policy chooses could be chosen.
        error: its standard error, by clusters.
        largest: weight.
        largest_share: of all weight that one round carries.
        unmatched: share of rounds in which the target policy would never have done what was done.
        untried: share of what the target policy would do that was done in no round; NaN of slates, of which nobody
            says what it would do but with the logged arms.
        bins: how they are spread.
    """

    effective: float
    effective_clusters: float
    effective_rewards: float
    mean: float
    error: float
    largest: float
    largest_share: float
    unmatched: float
    untried: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Bin:
    """Weights from `low` to below `high`; those of 0 from 0 to 0.

    Attributes:
        rounds: how many.
        share: of all weight that they carry.
    """

    low: float
    high: float
    rounds: int
    share: float


def weights_of(rounds: Rounds, contrast: Contrast) -> Weights:
    """Their summary. O(n)."""
    weight = contrast.weight
    n, total = len(weight), float(weight.sum())
    alone = clusters_of(rounds.cluster) == n
    of_cluster = weight
    if not alone:
        of_cluster = np.asarray(np.bincount(rounds.cluster, weight), dtype=np.float64)
    largest = float(weight.max(initial=0.0))
    chosen = np.bincount(rounds.chosen, minlength=len(rounds.arms))
    return Weights(
        effective=_effective(weight),
        effective_clusters=_effective(of_cluster),
        effective_rewards=_effective_rewards(weight, contrast.reward),
        mean=total / n if n else math.nan,
        error=clustered_error(Contributions(weight).influence(), None if alone else rounds.cluster),
        largest=largest,
        largest_share=largest / total if total else 0.0,
        unmatched=float((weight == 0.0).mean()) if n else 0.0,
        untried=float(contrast.wanted[chosen == 0].sum()),
        bins=_bins(weight),
    )


def _effective(weight: Floats) -> float:
    # Scaled first: squares of what is tiny would be nothing.
    greatest = float(weight.max(initial=0.0))
    if greatest <= 0.0:
        return 0.0
    scaled = weight / greatest
    return float(scaled.sum()) ** 2 / float(scaled @ scaled)


def _effective_rewards(weight: Floats, reward: Floats) -> float:
    counted = reward[weight > 0.0]
    if not len(counted):
        return 0.0
    return min(
        _effective(weight * (reward - counted.min())), _effective(weight * (counted.max() - reward))
    )


def _bins(weight: Floats) -> tuple[Bin, ...]:
    some = weight[weight > 0.0]
    total = float(some.sum())
    found = [Bin(0.0, 0.0, len(weight) - len(some), 0.0)] if len(some) < len(weight) else []
    if len(some):
        place = np.floor(np.log10(some) * STEPS).astype(np.intp)
        first = int(place.min())
        counts = np.bincount(place - first)
        sums = np.bincount(place - first, some)
        found += [
            Bin(
                10 ** ((first + k) / STEPS),
                10 ** ((first + k + 1) / STEPS),
                int(count),
                carried / total,
            )
            for k, (count, carried) in enumerate(zip(counts, sums.tolist(), strict=True))
        ]
    return tuple(found)
