"""Units of a home page in both frameworks: one bandit for the slate, or one for each position.

Two homes. In the first every unit is as good at any place, but places lower down are seen less. In the
second units suit places: a banner works on top, a list works below. One belief for the whole slate learns
faster where places do not matter; one for each place learns what the other cannot see. Run it:

    python examples/home_units.py
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from tamesu import Bandit

UNITS = ["banner", "continue watching", "trending", "for you", "list"]
PLACES = 3
PAGES = 9_000
AT_ONCE = 100
"""Pages between two lessons."""
RUNS = 3
SEEN = (1.0, 0.7, 0.5)
"""How often who opens the page sees each place."""


def alike(unit: str, place: int) -> float:
    """Click rate of a unit that any place suits."""
    del place
    return (0.10, 0.16, 0.08, 0.20, 0.05)[UNITS.index(unit)]


def suited(unit: str, place: int) -> float:
    """Click rate where a banner belongs on top, and a list below."""
    return {("banner", 0): 0.30, ("trending", 1): 0.28, ("list", 2): 0.30}.get((unit, place), 0.08)


def clicks_of(layout: str, rate: Callable[[str, int], float], seed: int) -> float:
    """Clicks per page in the last third, of a bandit with this layout."""
    luck = random.Random(seed)
    bandit = Bandit(arms=UNITS, layout=layout, size=PLACES, seed=seed)
    clicks: list[float] = []
    for _ in range(PAGES // AT_ONCE):
        decisions = bandit.decide_many(n=AT_ONCE)
        rewards = [visit(units, rate, luck) for units in decisions.arms.tolist()]
        bandit.learn_many(decisions, rewards)
        clicks += [sum(reward or 0.0 for reward in page) for page in rewards]
    last = clicks[-PAGES // 3 :]
    return sum(last) / len(last)


def visit(
    units: Sequence[str], rate: Callable[[str, int], float], luck: random.Random
) -> list[float | None]:
    """A click or none on each unit whose place was seen."""
    return [
        float(luck.random() < rate(unit, place)) if luck.random() < SEEN[place] else None
        for place, unit in enumerate(units)
    ]


def main() -> dict[str, dict[str, float]]:
    """Clicks per page by home and layout, mean of `RUNS` runs."""
    homes = {"any place suits": alike, "units suit places": suited}
    return {
        home: {
            layout: sum(clicks_of(layout, rate, seed) for seed in range(RUNS)) / RUNS
            for layout in ("slate", "per_position")
        }
        for home, rate in homes.items()
    }


if __name__ == "__main__":
    for home, found in main().items():
        print(home)
        for layout, clicks in found.items():
            print(f"  {layout:14}{clicks:.3f} clicks a page")
