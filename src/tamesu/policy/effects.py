"""`effects_of`: what each column of a context changes of what arms are expected to be worth.

    base        a = mean of arm a in the mean context of what was learnt
    effect      (j, a) = mean of a in the context - mean of a in it with column j as it is on average

Of a belief whose mean is linear in the columns they add up: base + effects = mean. Of another each says what
its column changes alone. Asks a belief nothing but means, so that it is the same for all. Refuses to
explain what was drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

MOST_COLUMNS = 64
"""Columns that are tried, those farthest from their mean first."""


class Effects(NamedTuple):
    """What a context changes of n arms.

    Attributes:
        base: (n,) expected reward in the mean context.
        columns: c of the context's columns, those farthest from their mean first.
        changes: (c, n) what each changes.
    """

    base: Floats
    columns: tuple[int, ...]
    changes: Floats


def effects_of(means: Callable[[Floats], Floats], typical: Floats, context: Floats) -> Effects:
    """What `context` changes beside `typical`.

    Args:
        means: (d,) columns to (n,) expected rewards.
        typical: (d,) the mean context.
        context: (d,).
    """
    base, here = means(typical), means(context)
    away = np.abs(context - typical)
    farthest = np.argsort(-away, kind="stable")[:MOST_COLUMNS].tolist()
    columns = tuple([column for column in farthest if away[column] > 0.0])
    changes = np.empty((len(columns), len(here)))
    for row, column in enumerate(columns):
        without = context.copy()
        without[column] = typical[column]
        changes[row] = here - means(without)
    return Effects(base, columns, changes)
