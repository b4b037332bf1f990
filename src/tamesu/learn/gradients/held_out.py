"""What is held out, and what it says of a policy while that learns. Refuses to be learnt from."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from tamesu.base import NoSupport
from tamesu.evaluate import Rounds, Shares, contrast_of, estimator_of, normal, value
from tamesu.learn.gradients.candidates import NEVER
from tamesu.learn.gradients.network import Towers
from tamesu.learn.gradients.objectives import regression
from tamesu.learn.gradients.rows import Rows
from tamesu.learn.gradients.training import Judge, Judged

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]

ONE_ERROR = math.erf(math.sqrt(0.5))
"""The confidence whose interval is one standard error to either side."""


MOST_KEPT = 1 << 22
"""Expected rewards of rounds that are held out, 32 MiB."""


def apart(rounds: Rounds, share: float, lot: int = 0) -> tuple[Places, Places]:
    """Places of rounds to learn from, and of about such a share that is held out; clusters stay whole.

    Args:
        rounds: to be split.
        share: above 0 and below 1.
        lot: another number is another split, whatever was split before.

    Raises:
        NoSupport: one of the two would have none.
    """
    held = _spread(rounds.cluster, lot) < share
    if held.all() or not held.any():
        raise NoSupport(
            f"learning needs rounds of several clusters, some to be held out, got {len(rounds)}",
            hint="log more before you learn",
        )
    return np.flatnonzero(~held), np.flatnonzero(held)


def _spread(cluster: Places, lot: int) -> Floats:
    """(n,) in [0, 1), the same for a cluster, as if by lot (SplitMix64)."""
    turned = cluster.astype(np.uint64) + np.uint64((lot + 1) * 0x9E3779B97F4A7C15 % (1 << 64))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        turned = (turned ^ (turned >> np.uint64(shift))) * np.uint64(factor)
    return ((turned ^ (turned >> np.uint64(31))) >> np.uint64(11)) / 2.0**53


def by_estimate(rounds: Rounds, predicted: Shares | Floats | None) -> Judge:
    """What a policy would have earned in rounds that are held out, per decision.

    Doubly robust where something is `predicted` (n, K), else self-normalised. Rounds are looked at part by part; what
    is predicted stays the same, and is asked for once where it can be kept.
    """
    if callable(predicted) and len(rounds) * len(rounds.arms) <= MOST_KEPT:
        predicted = predicted(rounds)
    estimator = estimator_of("snips" if predicted is None else "dr")

    def judge(towers: Towers) -> Judged:
        contrast = contrast_of(rounds, shares_of(towers), predicted)
        statistic = estimator.contributions(contrast)
        low, high = normal(statistic, rounds.cluster, ONE_ERROR)
        return Judged(value(statistic), (high - low) / 2)

    return judge


def by_loss(rows: Rows) -> Judge:
    """How well a model tells rewards that are held out: minus its loss."""

    def judge(towers: Towers) -> Judged:
        with torch.no_grad():
            scores = towers.scored(rows.context, rows.chosen)
            loss = float(regression(scores, rows.reward - rows.level, whether=rows.whether))
        return Judged(-loss, math.nan)

    return judge


@torch.no_grad()
def shares_of(towers: Towers) -> Shares:
    """What towers would do now."""
    items = towers.items()

    @torch.no_grad()
    def shares(rounds: Rounds) -> Floats:
        context = torch.as_tensor(rounds.context.astype(np.float32), device=items.device)
        scores = (towers.query(context) @ items.T).double() / towers.temperature
        if not bool(torch.isfinite(scores).all()):
            raise NoSupport(
                "scores must stay finite, they did not", hint="take a smaller rate, or clip weights"
            )
        if rounds.eligible is not None:
            among = torch.as_tensor(rounds.eligible, device=items.device)
            scores = scores.masked_fill(~among, NEVER)
        found: Floats = torch.softmax(scores, dim=1).cpu().numpy()
        return found

    return shares
