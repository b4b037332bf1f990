"""What a decision over a million combinations costs: processor time, in the declared policy.

    python bench/combination.py

Twenty slots of two and six of ten, all pairs, crossed with a context or without one; at the prior, where
searches are longest. Processor time of one thread, so that neighbours on the machine count little. Refuses
to say how good a search is: `tests/unit/policy/test_combination.py` looks at every combination.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

import numpy as np

from figures import Figure, held, show
from tamesu.base import Declaration, Time
from tamesu.policy import compose

SPACES = {"6 slots of 10": (6, 10), "20 slots of 2": (20, 2)}
WARM, DECISIONS = 60, 200
REACH = "≤ 5 ms"


def cost_ms(slots: int, options: int, *, is_contextual: bool) -> float:
    """Median milliseconds of a decision, once the state's draws are made."""
    names = {f"s{slot}": [str(option) for option in range(options)] for slot in range(slots)}
    crossed = {
        "context": {"member": "boolean"},
        "interactions": [["member", slot] for slot in names],
    }
    policy = compose(
        Declaration.parse(
            {
                "name": "wide",
                "slots": names,
                "pairwise": True,
                "seed": 1,
                **(crossed if is_contextual else {}),
            }
        )
    )
    prepared = policy.prepare(policy.init(), policy.declaration.arm_ids, Time(1))
    context = np.array([1.0]) if is_contextual else None
    costs: list[float] = []
    for number in range(WARM + DECISIONS):
        began = time.thread_time()
        prepared.choose(f"wide.1.{number}", None, context)
        costs.append((time.thread_time() - began) * 1e3)
    return median(costs[WARM:])


def measure() -> Iterator[Figure]:
    """A figure for each space."""
    for name, (slots, options) in SPACES.items():
        for is_contextual in (False, True):
            how = "in a context" if is_contextual else "without context"
            cost = cost_ms(slots, options, is_contextual=is_contextual)
            yield Figure(
                name=f"one decision over {options**slots:,} combinations, {name}, {how}",
                value=cost,
                unit="ms",
                reach=REACH,
                held=held(cost, REACH),
            )


if __name__ == "__main__":
    show(measure)
