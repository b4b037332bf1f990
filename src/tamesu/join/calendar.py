"""`Calendar`: what to look at when time has come so far, at a cost of what is due and not of what waits.

Buckets of a second, a heap of their numbers, and inside a bucket arrays in no order. Refuses to
take anything out before its time: whoever moves a date adds it anew and ignores the old one when it
comes.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tamesu.base.times import SECOND_US

Dates = tuple[NDArray[np.int64], NDArray[np.int64]]

_MOST_PARTS = 64
"""How many small arrays a bucket keeps before it makes one of them: an array has its own weight."""


class Calendar:
    """Items by the microsecond at which they are due."""

    __slots__ = ("_buckets", "_order", "_width_us")

    def __init__(self, width_us: int = SECOND_US) -> None:
        self._width_us = width_us
        self._buckets: dict[int, list[Dates]] = {}
        self._order: list[int] = []

    def __len__(self) -> int:
        """How many dates wait."""
        return sum(len(times) for parts in self._buckets.values() for times, _ in parts)

    def add(self, times: NDArray[np.int64], items: NDArray[np.int64]) -> None:
        """Puts down each of `items` (n,) for its moment in `times` (n,)."""
        if not len(times):
            return
        bucket = times // self._width_us
        first = int(bucket[0])
        if (bucket == first).all():
            self._put(first, (times, items))
            return
        order = np.argsort(bucket, kind="stable")
        bucket, times, items = bucket[order], times[order], items[order]
        cuts = [0, *(np.flatnonzero(np.diff(bucket)) + 1).tolist(), len(bucket)]
        for start, end in pairwise(cuts):
            self._put(int(bucket[start]), (times[start:end], items[start:end]))

    def due(self, until: int) -> NDArray[np.int64]:
        """Takes out every item whose moment is at or before `until`, in no order, repeats kept."""
        found: list[NDArray[np.int64]] = []
        last = until // self._width_us
        while self._order and self._order[0] <= last:
            number = heappop(self._order)
            parts = self._buckets.pop(number)
            times, items = _merged(parts)
            if number < last:
                found.append(items)
                continue
            ripe = times <= until
            found.append(items[ripe])
            if not ripe.all():
                self._put(number, (times[~ripe], items[~ripe]))
            break
        if not found:
            return np.empty(0, dtype=np.int64)
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _put(self, number: int, dates: Dates) -> None:
        parts = self._buckets.get(number)
        if parts is None:
            self._buckets[number] = [dates]
            heappush(self._order, number)
            return
        parts.append(dates)
        if len(parts) >= _MOST_PARTS:
            parts[:] = [_merged(parts)]


def _merged(parts: list[Dates]) -> Dates:
    if len(parts) == 1:
        return parts[0]
    times, items = zip(*parts, strict=True)
    return np.concatenate(times), np.concatenate(items)
