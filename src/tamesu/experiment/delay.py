"""The reward-delay curve: how much of all reward has come at an age, and which window would catch it.

Ages are those of events after the anchor of their delivery, of decisions that were all followed for the same
time; what comes later than that nobody saw, and no curve can say. Refuses to suggest from a handful.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US

AGES_US = (
    *(SECOND_US * n for n in (1, 2, 5, 10, 30)),
    *(MINUTE_US * n for n in (1, 2, 5, 10, 15, 30)),
    *(HOUR_US * n for n in (1, 2, 4, 8, 12)),
    *(DAY_US * n for n in (1, 2, 3, 7, 14, 30)),
)
"""Ages at which a curve is told, and windows that are suggested."""

ENOUGH = 0.99
"""Share of the reward that a window that is suggested catches."""

FEW = 100
"""Rewarding events below which none is suggested."""


def caught(
    ages_us: NDArray[np.int64], worth: NDArray[np.float64], at_us: Sequence[int]
) -> list[float]:
    """Share of all worth whose age is below each of `at_us`; 0 where there is none at all.

    **Laws**: in [0, 1], rises with the age.

    Args:
        ages_us: (n,) microseconds from 0.
        worth: (n,) how much each counts, from 0.
        at_us: ages; a window excludes its end.

    Example:
        >>> caught(np.array([1, 5, 9]), np.array([1.0, 1.0, 2.0]), [1, 6, 10])
        [0.0, 0.5, 1.0]
    """
    order = np.argsort(ages_us, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(worth[order])])
    if sums[-1] <= 0:
        return [0.0 for _ in at_us]
    places = np.searchsorted(ages_us[order], np.asarray(at_us, np.int64), side="left")
    shares: list[float] = (sums[places] / sums[-1]).tolist()
    return shares


def suggested(
    ages_us: NDArray[np.int64], worth: NDArray[np.float64], followed_us: int
) -> int | None:
    """The shortest of `AGES_US` that catches `ENOUGH`; none from few events, or where none does.

    Args:
        ages_us: as of `caught`.
        worth: as of `caught`.
        followed_us: how long their decisions were followed: no longer window is known to catch it.
    """
    ages = [age for age in AGES_US if age <= followed_us]
    if len(ages_us) < FEW:
        return None
    shares = caught(ages_us, worth, ages)
    return next((age for age, share in zip(ages, shares, strict=True) if share >= ENOUGH), None)


def age_of(ages_us: NDArray[np.int64], worth: NDArray[np.float64], share: float) -> int:
    """The age in microseconds by which `share` of all worth had come: of the event that made it full.

    Args:
        ages_us: as of `caught`, at least one.
        worth: as of `caught`, not all 0.
        share: in (0, 1].
    """
    order = np.argsort(ages_us, kind="stable")
    sums = np.cumsum(worth[order])
    reached = sums >= share * sums[-1] * (1 - 1e-12)
    return int(ages_us[order][np.argmax(reached)])
