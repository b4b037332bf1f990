"""`Tally`: how many records ended as what since the last advance, per bandit.

Refuses to know how things stand: levels are counted where the things are held.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base.counts import LEVELS
from tamesu.join.conservation import DECISIONS, DELIVERIES, EVENTS

NAMES = tuple(
    name
    for name in (
        "decisions_read",
        *(f"decisions_{name}" for name in DECISIONS),
        "deliveries_made",
        *(f"deliveries_{name}" for name in DELIVERIES),
        "events_read",
        *(f"events_{name}" for name in EVENTS),
    )
    if name not in LEVELS
)
"""Every count that is not a level."""

_PLACE = {name: place for place, name in enumerate(NAMES)}


class Tally:
    """Counts by bandit and name; `add` is one array operation whatever the number of records."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts = np.zeros((1, len(NAMES)), dtype=np.int64)

    def add(self, name: str, bandits: NDArray[np.int64]) -> None:
        """Counts one `name` for each of `bandits` (n,), given by place."""
        if len(bandits):
            numbers = np.bincount(bandits)
            self._room(len(numbers))
            self._counts[: len(numbers), _PLACE[name]] += numbers

    def add_many(self, name: str, bandits: NDArray[np.int64], numbers: NDArray[np.int64]) -> None:
        """Counts `numbers` (n,) of `name` for `bandits` (n,)."""
        if len(bandits):
            self._room(int(bandits.max()) + 1)
            np.add.at(self._counts[:, _PLACE[name]], bandits, numbers)

    def add_one(self, name: str, bandit: int) -> None:
        """Counts one `name` for one bandit."""
        self._room(bandit + 1)
        self._counts[bandit, _PLACE[name]] += 1

    def take(self) -> dict[int, dict[str, int]]:
        """What was counted since the last `take`, without zeros, by the bandits' places."""
        taken: dict[int, dict[str, int]] = {}
        for bandit, place in zip(*np.nonzero(self._counts), strict=True):
            mine = taken.setdefault(int(bandit), {})
            mine[NAMES[place]] = int(self._counts[bandit, place])
        self._counts[:] = 0
        return taken

    def _room(self, bandits: int) -> None:
        missing = bandits - len(self._counts)
        if missing > 0:
            self._counts = np.concatenate(
                [self._counts, np.zeros((missing, len(NAMES)), dtype=np.int64)]
            )
