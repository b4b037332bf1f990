"""`Emitted`: what one advance of the join gave.

Refuses to do anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tamesu.base import Observations

MOST_POISON = 100
"""How many set-aside records one advance reports; all are counted."""


class SetAside(NamedTuple):
    """A record that could not be used: where it stands in the log, and why."""

    partition: int
    offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class Emitted:
    """What one advance of the join gave.

    Attributes:
        observations: one batch per bandit and declaration that had deliveries due, by name and
            number; its rows by (closed, partition, offset of the decision, place in it).
        counts: per bandit (empty text where none can be named) what to add to each count since the
            last advance; `deliveries_open` and `events_held` are levels and replace. A bandit where
            nothing changed is left out.
        poison: the newest records set aside since the last advance, at most `MOST_POISON`.
    """

    observations: list[Observations]
    counts: dict[str, dict[str, int]]
    poison: list[SetAside]
