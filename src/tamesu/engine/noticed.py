"""What a trainer counts of observations beside what the join did: those that fit nothing, and those that are too large.

Refuses to count rows: each number is of deliveries, however often they are corrected, so a replay comes to the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from tamesu.base import Observations
from tamesu.join import SATURATED, UNFIT
from tamesu.train import Standing, saturated, unlearnt


def noticed(before: Standing, after: Standing, groups: Sequence[Observations]) -> dict[str, int]:
    """What `groups`, which made `after` of `before`, change of the counts of their bandit; often nothing."""
    found = {
        UNFIT: unlearnt(before, after, groups),
        SATURATED: sum(map(saturated, groups)),
    }
    return {name: number for name, number in found.items() if number}
