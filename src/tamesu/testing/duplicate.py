"""`Duplicate`: some records come twice, as from a client or a network that tries again.

The copy lands right behind its original, in the same append. Refuses to change anything else: whoever
drops repeats sees exactly what there would be without it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from tamesu.base import Draft
from tamesu.testing.wrapped import Port, wrap


class Duplicate:
    """Repeats records on their way into the logs it wraps.

    Args:
        seed: decides which.
        share: the probability of each record to come twice, in [0, 1].

    Attributes:
        repeats: how many came twice so far.

    Example:
        >>> from tamesu.adapters.clock.manual import ManualClock
        >>> from tamesu.adapters.eventlog.memory import MemoryEventLog
        >>> from tamesu.base import TICK
        >>> from tamesu.testing import Duplicate
        >>> log = MemoryEventLog(clock=ManualClock())
        >>> receipts = Duplicate(seed=1, share=1.0).wrap(log).append([TICK, TICK])
        >>> [receipt.offset for receipt in receipts], log.end(0)
        ([0, 2], 4)
    """

    def __init__(self, seed: int, share: float = 0.3) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - a scenario, not a secret
        self._share = share
        self.repeats = 0

    def wrap(self, port: Port) -> Port:
        """The log `port`, whose appends repeat; everything else passes through."""
        return wrap(port, self)

    def call(self, port: object, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Calls the port's method; an append with repeats, whose receipts are the originals'."""
        if name != "append":
            return getattr(port, name)(*args, **options)
        drafts: list[Draft] = []
        originals: list[int] = []
        given: Sequence[Draft] = args[0]
        for draft in given:
            originals.append(len(drafts))
            drafts.append(draft)
            if self._draw.random() < self._share:
                drafts.append(draft)
                self.repeats += 1
        receipts = getattr(port, name)(drafts, **options)
        return [receipts[place] for place in originals]
