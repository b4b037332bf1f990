"""What a bandit served, step by step, out of its archived observations: the arms most often delivered.

Refuses deliveries of a fallback, which say nothing of what the bandit knew, and to rank by a handful.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base.outline import Outline
from tamesu.experiment import STEPS, Spans
from tamesu.ports import Archive, Holds, Store

FEW = 30
"""A step with fewer deliveries has no ranking."""


def served_tops(
    store: Store, archive: Archive, bandit: str, spans: Spans, k: int
) -> tuple[list[frozenset[str] | None], list[int]]:
    """Per moment of `spans` the top of the step that ends there, and per window the deliveries.

    Equal numbers rank by id. Before the first step there is no ranking.

    Raises:
        Corrupt, Unavailable: store or archive cannot be read.
    """
    files = [
        file
        for file in store.files(Holds.OBSERVATIONS)
        if file.bandit == bandit and (not file.newest or file.newest >= spans.since)
    ]
    numbers: dict[str, int] = {}
    places, counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for outline in archive.outlines(files):
        new, more = _counted(outline, spans, numbers)
        places, back = np.unique(np.concatenate([places, new]), return_inverse=True)
        counts = np.bincount(back, np.concatenate([counts, more])).astype(np.int64)
    arms = list(numbers)
    tops: list[frozenset[str] | None] = [None]
    deliveries = [0] * spans.count
    steps = places >> _ARM_BITS
    for step in range(spans.count * STEPS):
        rows = slice(*np.searchsorted(steps, [step, step + 1]).tolist())
        total = int(counts[rows].sum())
        deliveries[step // STEPS] += total
        tops.append(_top(places[rows], counts[rows], arms, k) if total >= FEW else None)
    return tops, deliveries


_ARM_BITS = 32


def _counted(
    outline: Outline, spans: Spans, numbers: dict[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Per step and arm of one file, as one number each, how many deliveries."""
    named = np.array([numbers.setdefault(arm, len(numbers)) for arm in outline.arms], np.int64)
    rows = outline.take(
        (outline.correction == 0)
        & ~outline.fallback
        & (outline.decided >= spans.since)
        & (outline.decided < spans.until)
    )
    step = (rows.decided - spans.since) // spans.step_us
    return np.unique(step << _ARM_BITS | named[rows.arm], return_counts=True)


def _top(
    places: NDArray[np.int64], counts: NDArray[np.int64], arms: list[str], k: int
) -> frozenset[str]:
    ids = [arms[place] for place in (places & ((1 << _ARM_BITS) - 1)).tolist()]
    ranked = sorted(zip(counts.tolist(), ids, strict=True), key=lambda one: (-one[0], one[1]))
    return frozenset(arm for _, arm in ranked[:k])
