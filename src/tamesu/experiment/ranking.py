"""The top of a ranking: which arms stand above, by what is believed or by how often they were served.

Refuses order: what it gives are sets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def leading(values: NDArray[np.float64], arms: Sequence[str], k: int) -> frozenset[str]:
    """The k arms with the greatest values, all of them where there are fewer.

    Where positions have values of their own, each takes from the top the best arm that none above it
    took. Equal values rank in the order of `arms`.

    Args:
        values: (b, n) of n arms; b is 1, or one row for each position.
        arms: n ids.
        k: how many; where b is not 1, of the first k positions.

    Example:
        >>> sorted(leading(np.array([[0.3, 0.2, 0.1], [0.3, 0.1, 0.2]]), "abc", 2))
        ['a', 'c']
    """
    orders: list[list[int]] = np.argsort(-values, axis=1, kind="stable").tolist()
    taken: list[int] = []
    if len(orders) == 1:
        taken = orders[0][:k]
    else:
        for order in orders[:k]:
            taken += [row for row in order if row not in taken][:1]
    return frozenset([arms[row] for row in taken])
