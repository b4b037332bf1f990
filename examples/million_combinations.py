"""A page of ten places with four modules each: over a million pages, of which nobody could list one in a hundred.

What a module is worth depends on its place and on its neighbours. One belief learns the modules of each place and
the pairs of neighbours; pages are searched, and every one that is shown has a known propensity. Run it:

    python examples/million_combinations.py
"""

from __future__ import annotations

import itertools

import numpy as np

from tamesu import Bandit

PLACES = [f"place {number}" for number in range(10)]
MODULES = ("news", "offers", "videos", "friends")
VISITS, AT_ONCE = 8_000, 200
"""How many there are, and between two lessons."""


class Visitors:
    """How long people stay; the bandit does not know why."""

    def __init__(self, seed: int) -> None:
        self._luck = np.random.default_rng(seed)
        self._module = self._luck.normal(0.0, 1.0, (10, 4))
        self._next = self._luck.normal(0.0, 0.7, (9, 4, 4))

    def minutes(self, page: np.ndarray) -> float:
        """Expected on a page: (10,) numbers of modules."""
        alone = sum(self._module[place, module] for place, module in enumerate(page))
        pairs = itertools.pairwise(page)
        return float(alone + sum(self._next[i, a, b] for i, (a, b) in enumerate(pairs)))

    def stay(self, page: np.ndarray) -> float:
        """Of one visitor."""
        return self.minutes(page) + float(self._luck.normal(0.0, 2.0))

    def most(self) -> float:
        """On the best of all pages, place after place from the left."""
        best = self._module[0]
        for place in range(1, 10):
            best = (best[:, None] + self._next[place - 1]).max(axis=0) + self._module[place]
        return float(best.max())

    def by_chance(self) -> float:
        """On a page that is filled by chance."""
        return float(self._module.mean(axis=1).sum() + self._next.mean(axis=(1, 2)).sum())


def main() -> dict[str, float]:
    """How far on the way from chance to the best page visitors are, early and late."""
    visitors = Visitors(seed=4)
    bandit = Bandit(
        slots=dict.fromkeys(PLACES, MODULES),
        interactions=list(itertools.pairwise(PLACES)),
        reward={"range": [-40, 40]},
        seed=1,
    )
    chance, most = visitors.by_chance(), visitors.most()
    way: list[float] = []
    for _ in range(VISITS // AT_ONCE):
        decisions = bandit.decide_many(n=AT_ONCE)
        pages = [_page(str(arm)) for arm in decisions.arms]
        bandit.learn_many(decisions, [visitors.stay(page) for page in pages])
        way += [(visitors.minutes(page) - chance) / (most - chance) for page in pages]
    return {
        "first tenth": float(np.mean(way[: VISITS // 10])),
        "last tenth": float(np.mean(way[-VISITS // 10 :])),
    }


def _page(combination: str) -> np.ndarray:
    """(10,) numbers of the modules of a page, out of what it is called."""
    parts = combination.split(",")
    return np.array([MODULES.index(part.partition("=")[2]) for part in parts])


if __name__ == "__main__":
    for when, share in main().items():
        print(f"{when:12} {share:6.1%} of the way from chance to the best of 1,048,576 pages")
