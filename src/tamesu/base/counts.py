"""Counts: how many records ended as what, per bandit; joins give them and stores keep them.

Refuses to know every class: those are the join's (`tamesu.join.conservation`).
"""

from __future__ import annotations

from collections.abc import Mapping

Counts = Mapping[str, Mapping[str, int]]
"""Per bandit (empty text where none can be named) how many records ended as what, by name."""

LEVELS = frozenset({"deliveries_open", "events_held"})
"""Counts that say how things stand, not how often something happened: a newer one replaces."""


def merge(counts: Counts, delta: Counts) -> dict[str, dict[str, int]]:
    """`counts` with `delta` taken in: counts add up, levels replace. Neither argument is changed."""
    merged = {bandit: dict(mine) for bandit, mine in counts.items()}
    for bandit, changes in delta.items():
        mine = merged.setdefault(bandit, {})
        for name, number in changes.items():
            mine[name] = number if name in LEVELS else mine.get(name, 0) + number
    return merged
