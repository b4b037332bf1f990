"""`Reorder`: records overtake each other on their way into the log.

Those of one append land in another order, so that a click may come before its impression and both
before their decision. Refuses to lose, to repeat and to delay: across appends order is kept, and so is
the moment of each.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from tamesu.base import Draft
from tamesu.testing.wrapped import Port, wrap


class Reorder:
    """Shuffles the records of each append to the logs it wraps.

    Args:
        seed: decides the order.

    Attributes:
        moved: how many records landed at another place of their append than they were given at.

    Example:
        >>> from tamesu.adapters.clock.manual import ManualClock
        >>> from tamesu.adapters.eventlog.memory import MemoryEventLog
        >>> from tamesu.base import Draft
        >>> from tamesu.testing import Reorder
        >>> log = MemoryEventLog(clock=ManualClock())
        >>> receipts = Reorder(seed=2).wrap(log).append([Draft(key, "", b"") for key in "abc"])
        >>> [log.read(0, receipt.offset, 1)[0].key for receipt in receipts]
        ['a', 'b', 'c']
        >>> [entry.key for entry in log.read(0, 0, 3)]
        ['b', 'c', 'a']
    """

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - a scenario, not a secret
        self.moved = 0

    def wrap(self, port: Port) -> Port:
        """The log `port`, whose appends are shuffled; everything else passes through."""
        return wrap(port, self)

    def call(self, port: object, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Calls the port's method; an append in another order, each receipt still its draft's."""
        if name != "append":
            return getattr(port, name)(*args, **options)
        drafts: Sequence[Draft] = args[0]
        order = list(range(len(drafts)))
        self._draw.shuffle(order)
        self.moved += sum(place != taken for place, taken in enumerate(order))
        landed = getattr(port, name)([drafts[taken] for taken in order], **options)
        by_draft = dict(zip(order, landed, strict=True))
        return [by_draft[number] for number in range(len(drafts))]
