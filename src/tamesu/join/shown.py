"""When a row says that its delivery was shown: what was known of it then.

Refuses to anchor a delivery: `Anchoring` does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base.observations import NO_TIME
from tamesu.join.clauses import Clauses
from tamesu.join.deliveries import Deliveries

Integers = NDArray[np.int64]


def shown_at_first(
    clauses: Clauses, deliveries: Deliveries, number: int, rows: Integers
) -> Integers:
    """`shown` of observation 0 of the deliveries `rows` (n,): of an early one, if it was known by then."""
    shown = deliveries.shown[rows]
    if not (clauses.by_decision[number] and clauses.early[number]):
        return shown
    known = deliveries.shown_received[rows] < cut_of(clauses, deliveries, number, rows)
    return np.where(known, shown, NO_TIME)


def shown_by(
    clauses: Clauses, deliveries: Deliveries, number: int, rows: Integers, offset: Integers
) -> Integers:
    """`shown` of corrections made by the events at `offset` (n,): if it was known by then."""
    shown = deliveries.shown[rows]
    if not clauses.by_decision[number]:
        return shown
    return np.where(deliveries.shown_offset[rows] < offset, shown, NO_TIME)


def cut_of(clauses: Clauses, deliveries: Deliveries, number: int, rows: Integers) -> Integers:
    """(n,) moments from which on what is received is not in observation 0 of those that are due."""
    if clauses.until_click[number] and clauses.early[number]:
        return deliveries.due[rows]
    cut: Integers = deliveries.anchor[rows] + clauses.cut[number]
    return cut
