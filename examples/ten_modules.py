"""Ten modules of a page: which four come first, learnt from what people click.

A slate bandit. People look at the first module always and at each further one less often; what nobody saw
teaches nothing (`None`), so that a module is not thought worse for standing below. Run it:

    python examples/ten_modules.py
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from tamesu import Bandit

MODULES = {
    "recently viewed": 0.16,
    "deals of the day": 0.14,
    "because you liked": 0.13,
    "new in town": 0.10,
    "popular now": 0.09,
    "gift cards": 0.05,
    "from the magazine": 0.04,
    "invite a friend": 0.03,
    "newsletter": 0.02,
    "about us": 0.01,
}
"""How often each is clicked by who sees it; the bandit does not know it."""

LOOKS_ON = 0.8
"""How many of those who saw a module look at the next one, too."""

PAGES = 10_000
AT_ONCE = 100
"""Pages between two lessons."""
SHOWN = 4


def visit(modules: Sequence[str], luck: random.Random) -> list[float | None]:
    """What one visitor does: a click or none on each module that was seen."""
    rewards: list[float | None] = []
    seen = True
    for module in modules:
        seen = seen and (not rewards or luck.random() < LOOKS_ON)
        rewards.append(float(luck.random() < MODULES[module]) if seen else None)
    return rewards


def expected(rates: Sequence[float]) -> float:
    """Clicks that a page comes to, of modules that are clicked at these rates."""
    return sum(rate * LOOKS_ON**position for position, rate in enumerate(rates))


def main() -> dict[str, float]:
    """Clicks per page to be expected at the start, at the end, by chance and at best."""
    luck = random.Random(1)
    bandit = Bandit(arms=list(MODULES), layout="slate", size=SHOWN, seed=1)
    worth: list[float] = []
    for _ in range(PAGES // AT_ONCE):
        decisions = bandit.decide_many(n=AT_ONCE)
        rewards = [visit(modules, luck) for modules in decisions.arms.tolist()]
        bandit.learn_many(decisions, rewards)
        worth += [
            expected([MODULES[module] for module in page]) for page in decisions.arms.tolist()
        ]
    rates = sorted(MODULES.values(), reverse=True)
    tenth = PAGES // 10
    return {
        "first tenth": sum(worth[:tenth]) / tenth,
        "last tenth": sum(worth[-tenth:]) / tenth,
        "by chance": expected([sum(rates) / len(rates)] * SHOWN),
        "at best": expected(rates[:SHOWN]),
    }


if __name__ == "__main__":
    for what, value in main().items():
        print(f"{what:12}{value:.3f} clicks a page")
