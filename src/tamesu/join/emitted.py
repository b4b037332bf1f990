"""`Emitted`: what one advance of the join gave.

Refuses to do anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from tamesu.base import Observations, SetAside


@dataclass(frozen=True, slots=True)
class Emitted:
    """What one advance of the join gave.

    Attributes:
        observations: one batch per bandit and declaration that had rows due, by name and number;
            its rows by (closed, partition, offset of the decision, place in it, correction).
        counts: per bandit (empty text where none can be named) what to add to each count since the
            last advance; `deliveries_open` and `events_held` are levels and replace. A bandit where
            nothing changed is left out.
        aside: every record set aside since the last advance, by partition and offset.
    """

    observations: list[Observations]
    counts: dict[str, dict[str, int]]
    aside: list[SetAside]
