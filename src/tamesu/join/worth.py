"""`Worth`: what the events that counted make of one delivery, event by event, in plain integers.

Refuses to know when an event counts.
"""

from __future__ import annotations

from tamesu.base import GRID, Aggregate, Event, EventTerm, Reward
from tamesu.base.grid import LARGEST, to_grid


class Worth:
    """The reward and the terms of one delivery, in whole 1 / GRID, as events are added in log order.

    A term is weight x min(cap, aggregate), the reward their sum, saturating at ±2^62; with no event
    the reward is the default and every term 0.
    """

    def __init__(self, reward: Reward) -> None:
        self._events = reward.events
        self._default = to_grid(reward.default)
        self._any = False
        self._count = dict.fromkeys(reward.events, 0)
        self._sum = dict.fromkeys(reward.events, 0)
        self._first: dict[str, float] = {}

    def add(self, event: Event) -> bool:
        """Counts `event` as well; gives whether that changed the reward or a term."""
        before = self.reward, self.terms
        value = 1.0 if event.value is None else event.value
        self._any = True
        self._count[event.type] += 1
        self._sum[event.type] += to_grid(value)
        self._first.setdefault(event.type, value)
        return (self.reward, self.terms) != before

    @property
    def reward(self) -> int:
        """The sum of the terms, or the default where no event was counted."""
        if not self._any:
            return self._default
        return max(-int(LARGEST), min(sum(self.terms.values()), int(LARGEST)))

    @property
    def clicked(self) -> bool:
        """Whether it is worth more than a delivery with no event."""
        return self.reward > self._default

    @property
    def terms(self) -> dict[str, int]:
        """By event type."""
        return {name: self._term(name, clause) for name, clause in self._events.items()}

    def _term(self, name: str, clause: EventTerm) -> int:
        if clause.aggregate is Aggregate.ANY:
            aggregate = 1.0 if self._count[name] else 0.0
        elif clause.aggregate is Aggregate.COUNT:
            aggregate = float(self._count[name])
        elif clause.aggregate is Aggregate.SUM:
            aggregate = self._sum[name] / GRID
        else:
            aggregate = self._first.get(name, 0.0)
        capped = aggregate if clause.cap is None else min(clause.cap, aggregate)
        return to_grid(clause.weight * capped)
