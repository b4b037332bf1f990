"""Conservation: every record read is accounted for, once.

The counts of a join are flat numbers per bandit; here they become the table that people read, and
the check that they add up. Refuses to derive a level by subtraction: then nothing could be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from tamesu.join.verdict import Verdict

DECISIONS = ("accepted", "duplicate", "poison")
DELIVERIES = ("observed", "unshown", "unexamined", "open")
UNFIT = "deliveries_unfit"
"""Count of observed deliveries that taught nothing, for their declaration asks for something else.

Their context, or what their arm told of itself, does not fit it. The trainer counts them; a join cannot know."""
SATURATED = "deliveries_saturated"
"""Count of observed deliveries whose reward is too large for the grid, and stands as the largest; they are learnt from."""
EVENTS = tuple(verdict.value for verdict in Verdict)


class Table(TypedDict):
    """Where all records are, by class; `difference` is how many are missing or too many."""

    decisions: dict[str, int]
    deliveries: dict[str, int]
    events: dict[str, int]
    difference: int


def table(counts: Mapping[str, int]) -> Table:
    """The conservation table of one bandit's flat counts.

    An observed delivery that does not fit its declaration is `unfit`, and stands nowhere else.

    The difference is |decisions read - Σ classes| + |deliveries made - Σ outcomes| +
    |events read - Σ classes|; an absent count is 0.
    """
    decisions = {name: counts.get(f"decisions_{name}", 0) for name in DECISIONS}
    deliveries = {name: counts.get(f"deliveries_{name}", 0) for name in DELIVERIES}
    deliveries["unfit"] = counts.get(UNFIT, 0)
    deliveries["observed"] -= deliveries["unfit"]
    events = {name: counts.get(f"events_{name}", 0) for name in EVENTS}
    return Table(
        decisions=decisions,
        deliveries=deliveries,
        events=events,
        difference=abs(counts.get("decisions_read", 0) - sum(decisions.values()))
        + abs(counts.get("deliveries_made", 0) - sum(deliveries.values()))
        + abs(counts.get("events_read", 0) - sum(events.values())),
    )
