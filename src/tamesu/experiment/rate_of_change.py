"""The rate of change: how much of the top-k *set* of a ranking changed from one look to the next.

A bandit has converged when its ranking only moves by noise. Order inside the top-k is no matter: there
the same arms are shown. Refuses to compare looks where there was no ranking: such a pair counts nothing.

Two numbers for a window, both needed: its *rate*, the mean over its steps, which also sees arms that
flap; and its *turnover*, from its start to its end, which sees one arm that takes another's place once:
among twenty steps that is a small mean.

Source: Udemy's home-page units (systems.md B12), which takes the mean over consecutive rankings of a
window. We look at equal steps of time and not at each ranking: a snapshot that is made twice as often, or
was thinned, does not halve the rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tamesu.experiment.spans import STEPS

SETTLED = 0.02
"""Below this rate a ranking is said to stand: a place in fifty changes from look to look."""


def top(ranking: Sequence[str], k: int) -> frozenset[str]:
    """The first k arms of a ranking, all of them where it has fewer."""
    return frozenset(ranking[:k])


def changed(before: frozenset[str], after: frozenset[str]) -> float:
    """Share of the larger set that is not in both; 0 for two empty ones.

    **Laws**: 0 for equal sets, 1 for disjoint ones, the same both ways; in [0, 1].

    Example:
        >>> changed(frozenset("abc"), frozenset("bcd"))
        0.33333333333333337
    """
    larger = max(len(before), len(after))
    return 1.0 - len(before & after) / larger if larger else 0.0


def rates(tops: Sequence[frozenset[str] | None]) -> list[float | None]:
    """Per window the mean of `changed` over its steps; none for one without a pair of rankings.

    Args:
        tops: per moment of some `Spans` the top-k set then, none where there was no ranking.
    """
    pairs = [
        None if before is None or after is None else changed(before, after)
        for before, after in pairwise(tops)
    ]
    windows = [pairs[first : first + STEPS] for first in range(0, len(pairs), STEPS)]
    told = [[pair for pair in window if pair is not None] for window in windows]
    return [sum(window) / len(window) if window else None for window in told]


def turnovers(tops: Sequence[frozenset[str] | None]) -> list[float | None]:
    """Per window what `changed` from the first ranking in it to the last; none where there were not two.

    Args:
        tops: as of `rates`.
    """
    told: list[float | None] = []
    for first in range(0, len(tops) - 1, STEPS):
        seen = [one for one in tops[first : first + STEPS + 1] if one is not None]
        told.append(changed(seen[0], seen[-1]) if len(seen) > 1 else None)
    return told
