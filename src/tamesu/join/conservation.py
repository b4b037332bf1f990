"""Conservation: every record read is accounted for, once.

The counts of a join are flat numbers per bandit; here they become the table that people read, and
the check that they add up. Refuses to derive a level by subtraction: then nothing could be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

Counts = Mapping[str, Mapping[str, int]]
"""Per bandit (or empty text) how many records ended as what."""

DECISIONS = ("accepted", "duplicate", "poison")
DELIVERIES = ("observed", "unshown", "unexamined", "open")
EVENTS = (
    "poison",
    "duplicate",
    "too_old",
    "ignored_type",
    "late",
    "orphan",
    "impression",
    "repeat_impression",
    "unseen",
    "out_of_window",
    "joined",
    "held",
)

LEVELS = frozenset({"deliveries_open", "events_held"})
"""Counts that say how things stand, not how often something happened: a newer one replaces."""


class Table(TypedDict):
    """Where all records are, by class; `difference` is how many are missing or too many."""

    decisions: dict[str, int]
    deliveries: dict[str, int]
    events: dict[str, int]
    difference: int


def table(counts: Mapping[str, int]) -> Table:
    """The conservation table of one bandit's flat counts.

    The difference is |decisions read - Σ classes| + |deliveries made - Σ outcomes| +
    |events read - Σ classes|; an absent count is 0.
    """
    decisions = {name: counts.get(f"decisions_{name}", 0) for name in DECISIONS}
    deliveries = {name: counts.get(f"deliveries_{name}", 0) for name in DELIVERIES}
    events = {name: counts.get(f"events_{name}", 0) for name in EVENTS}
    return Table(
        decisions=decisions,
        deliveries=deliveries,
        events=events,
        difference=abs(counts.get("decisions_read", 0) - sum(decisions.values()))
        + abs(counts.get("deliveries_made", 0) - sum(deliveries.values()))
        + abs(counts.get("events_read", 0) - sum(events.values())),
    )


def merge(counts: Counts, delta: Counts) -> dict[str, dict[str, int]]:
    """`counts` with `delta` taken in: counts add up, levels replace."""
    merged = {bandit: dict(mine) for bandit, mine in counts.items()}
    for bandit, changes in delta.items():
        mine = merged.setdefault(bandit, {})
        for name, number in changes.items():
            mine[name] = number if name in LEVELS else mine.get(name, 0) + number
    return merged


def total(counts: Counts) -> dict[str, int]:
    """The sums over all bandits, and over the records of none."""
    totals: dict[str, int] = {}
    for mine in counts.values():
        for name, number in mine.items():
            totals[name] = totals.get(name, 0) + number
    return totals
