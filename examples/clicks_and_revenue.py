"""Clicks against revenue: a teaser on a shop's front page is to be clicked, and it is to sell.

Some teasers are clicked by many who buy little, others by few who buy much. Whoever adds both up ends with
one of the two kinds. The generalised Gini index looks after the objective that has less: it shows both kinds,
in the mixture at which neither is left behind. Run it:

    python examples/clicks_and_revenue.py
"""

from __future__ import annotations

import numpy as np

from tamesu import Bandit
from tamesu.policy.objectives import welfare

TEASERS = {
    "prize draw": (0.45, 0.3),
    "new collection": (0.25, 1.5),
    "bestsellers": (0.12, 3.0),
    "premium line": (0.04, 4.5),
    "magazine": (0.15, 0.2),
    "newsletter": (0.02, 0.1),
}
"""How often each is clicked, and what is bought after it in the mean; the bandit knows neither."""

RANGES = {"clicks": (0, 1), "revenue": (0, 10)}
"""What a click and a purchase can come to: how they are compared."""

BASKET = 5.0, 10.0
"""A purchase lies between."""

VISITS, AT_ONCE = 20_000, 100
"""Visits, and those between two lessons."""

TRUTH = np.array([*TEASERS.values()]) / [1.0, 10.0]
WEIGHTS = np.array([1.0, 0.5])


def outcomes(teasers: np.ndarray, luck: np.random.Generator) -> dict[str, np.ndarray]:
    """What came of one visit each."""
    clicks, means = np.array([TEASERS[teaser] for teaser in teasers.tolist()]).T
    buys = luck.random(len(teasers)) < means / np.mean(BASKET)
    return {
        "clicks": (luck.random(len(teasers)) < clicks).astype(float),
        "revenue": buys * luck.uniform(*BASKET, len(teasers)),
    }


def shown(scalarise: str) -> dict[str, float]:
    """What a bandit comes to in the second half of its visits: clicks, revenue and the index."""
    luck = np.random.default_rng(1)
    bandit = Bandit(
        arms=list(TEASERS),
        belief="gaussian",
        objectives=RANGES,
        scalarise=scalarise,
        seed=1,
    )
    shares = []
    for _ in range(VISITS // AT_ONCE):
        shares.append(bandit.propensities())
        decisions = bandit.decide_many(n=AT_ONCE)
        bandit.learn_many(decisions, outcomes(decisions.arms, luck))
    clicks, revenue = np.mean(shares[len(shares) // 2 :], axis=0) @ TRUTH
    index = welfare(np.array([clicks, revenue]), WEIGHTS / WEIGHTS.sum())
    return {"clicks": float(clicks), "revenue": float(revenue) * 10.0, "index": float(index)}


def main() -> dict[str, dict[str, float]]:
    """The same visits under a sum of both, and under the index."""
    return {"added up": shown("weighted"), "by Gini": shown("gini")}


if __name__ == "__main__":
    for what, came in main().items():
        print(
            f"{what:10}{came['clicks']:.3f} clicks and {came['revenue']:.2f} of revenue a visit, "
            f"index {came['index']:.3f}"
        )
