"""What a later value has grown to: dated amounts added up for each delivery, from its start on.

Refuses to know whose amounts they are: codes say it.
"""

from __future__ import annotations

import numpy as np

from tamesu.experiment.followed import Integers, Reals


def grown(  # noqa: PLR0913 - two tables and a length of time
    whose: Integers, at: Integers, amount: Reals, *, who: Integers, start: Integers, within: int
) -> Reals:
    """For each of n deliveries the sum of the amounts with its code in [start, start + within).

    **Laws**: the same for amounts in any order, up to rounding; an amount counts for every delivery of its
    code that was open when it came. Empty case: 0.

    Args:
        whose: (m,) code of each amount.
        at: (m,) microseconds, when it came.
        amount: (m,).
        who: (n,) code of each delivery.
        start: (n,) microseconds.
        within: microseconds.

    Example:
        >>> codes, days = np.array([7, 7, 8]), np.array([1, 5, 2])
        >>> asked = {"who": np.array([7, 8]), "start": np.array([1, 3]), "within": 4}
        >>> grown(codes, days, np.array([2.0, 4.0, 8.0]), **asked).tolist()
        [2.0, 0.0]
    """
    order = np.lexsort((at, whose))
    whose, at, amount = whose[order], at[order], amount[order]
    # Codes and moments as one rising number: the rank of a moment among all that occur.
    moments = np.unique(np.concatenate([at, start, start + within]))
    size = len(moments) + 1
    places = whose * size + np.searchsorted(moments, at)
    first, last = (
        np.searchsorted(places, who * size + np.searchsorted(moments, moment))
        for moment in (start, start + within)
    )
    if not len(amount):
        return np.zeros(len(who))
    # Each sum by itself: differences of running sums would carry the rounding of all before them.
    bounds = np.column_stack([first, last]).ravel()
    padded = np.append(amount, 0.0)
    sums = np.add.reduceat(padded, bounds)[::2]
    return np.where(first < last, sums, 0.0)
