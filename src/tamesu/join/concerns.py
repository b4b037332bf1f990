"""Concerns: what of a bandit's counts people must be told before they read anything else.

Refuses to judge from a handful of records: a share of few says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from tamesu.base import GRID
from tamesu.base.grid import LARGEST
from tamesu.join.conservation import SATURATED, table

FEW = 100
"""Below so many, no share is judged."""

MOST_UNSHOWN = 0.5
"""Share of the deliveries that may end unshown."""

MOST_UNSEEN = 0.01
"""Share of the rewarding events that may be for deliveries of which no impression came."""


class Concern(TypedDict):
    """One of them: a stable name, what there is, and what to do."""

    code: str
    detail: str
    hint: str


def concerns(counts: Mapping[str, int]) -> list[Concern]:
    """What is wrong with how the records of one bandit come in, the worst first; often nothing.

    Args:
        counts: flat, as the trainer commits them; an absent one is 0.
    """
    found: list[Concern] = []
    difference = table(counts)["difference"]
    if difference:
        found.append(
            Concern(
                code="unaccounted",
                detail=f"{difference:,} records are not accounted for",
                hint="keep the data folder as it is, and report this as a bug",
            )
        )
    too_large = counts.get(SATURATED, 0)
    if too_large:
        found.append(
            Concern(
                code="saturated",
                detail=f"{too_large:,} rewards were beyond ±{LARGEST / GRID:.2g}, and count as that",
                hint="declare a smaller weight, or a cap:  reward.events.<type>.cap",
            )
        )
    unshown = counts.get("deliveries_unshown", 0)
    ended = unshown + counts.get("deliveries_observed", 0)
    if ended >= FEW and unshown > MOST_UNSHOWN * ended:
        found.append(
            Concern(
                code="unshown",
                detail=f"no impressions arrive: {unshown:,} of {ended:,} deliveries ended unshown, "
                "and teach nothing",
                hint="send an impression for each delivery that is seen, or declare "
                "reward.anchor: decision",
            )
        )
    unseen = counts.get("events_unseen", 0)
    rewarding = unseen + counts.get("events_joined", 0)
    if rewarding >= FEW and unseen > MOST_UNSEEN * rewarding:
        found.append(
            Concern(
                code="unseen",
                detail=f"{unseen:,} of {rewarding:,} rewarding events were for deliveries of which "
                "no impression came, and counted for nothing",
                hint="send the impression with them, or before; or declare reward.unseen: imply",
            )
        )
    return found
