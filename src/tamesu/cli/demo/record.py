"""`Record`: what the player saw and sent, kept for the summary. Refuses to ask the server anything."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.sim import Tally

TENTHS = 10


class Clicks(NamedTuple):
    """Deliveries, and how many of them people clicked."""

    deliveries: int
    clicks: int

    @property
    def rate(self) -> float:
        """Clicks per delivery; 0 for none."""
        return self.clicks / self.deliveries if self.deliveries else 0.0


class Played(NamedTuple):
    """A batch of n decisions of k deliveries, as played.

    Attributes:
        arms: (n, k) ids.
        clicked: (n, k) whether the person clicked.
        rates: (n, k) the true click rate of each.
    """

    arms: NDArray[np.object_]
    clicked: NDArray[np.bool_]
    rates: NDArray[np.float64]


@dataclass
class Record:
    """Grows while the demo plays; safe to add to from several threads."""

    tally: Tally = field(default_factory=Tally)
    decisions: int = 0
    events: int = 0
    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    _batches: list[Played] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def played(self, batch: Played, tally: Tally) -> None:
        """Takes in a batch, in the order in which batches were answered."""
        with self._lock:
            self._batches.append(batch)
            self.tally += tally
            self.decisions += len(batch.arms)

    def sent(self, events: int) -> None:
        """Takes in that so many events were accepted."""
        with self._lock:
            self.events += events

    def newest(self, decisions: int) -> Clicks:
        """Clicks of about the newest so many decisions."""
        with self._lock:
            batches: list[Played] = []
            left = decisions
            for batch in reversed(self._batches):
                if left <= 0:
                    break
                batches.append(batch)
                left -= len(batch.arms)
        return _clicks(batches)

    def everything(self) -> Played:
        """All decisions, in their order."""
        with self._lock:
            batches = list(self._batches)
        return Played(
            np.concatenate([batch.arms for batch in batches]),
            np.concatenate([batch.clicked for batch in batches]),
            np.concatenate([batch.rates for batch in batches]),
        )

    def tenth(self, which: int) -> Played:
        """The `which`-th tenth (from 0) of all decisions, in their order."""
        played = self.everything()
        rows = slice(self.decisions * which // TENTHS, self.decisions * (which + 1) // TENTHS)
        return Played(played.arms[rows], played.clicked[rows], played.rates[rows])


def clicks_of(played: Played) -> Clicks:
    """The clicks of what was played."""
    return _clicks([played])


def _clicks(batches: Sequence[Played]) -> Clicks:
    return Clicks(
        sum(batch.clicked.size for batch in batches),
        sum(int(batch.clicked.sum()) for batch in batches),
    )
