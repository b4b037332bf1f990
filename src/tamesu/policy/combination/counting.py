"""How many combinations there are, and how many with each option of a slot: exactly, without a list.

A combination is allowed where no two of its options clash. The number of those is a sum of products over
the slots, done slot by slot (variable elimination; Dechter 1999): its cost is in the options of slots that
clash with each other, whatever the others make of them. Refuses clashes so entangled that this would
take too long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidDeclaration

Floats: TypeAlias = NDArray[np.float64]

MOST = 1 << 20
"""Numbers in the widest table on the way."""


class Factor(NamedTuple):
    """A table over some slots.

    Attributes:
        slots: their numbers, rising.
        table: one axis for each.
    """

    slots: tuple[int, ...]
    table: Floats


def counted(factors: Sequence[Factor], keep: int) -> Floats:
    """(options of `keep`,) sums over all other slots of the product of `factors`.

    Each slot has at least one factor of its own.

    Raises:
        InvalidDeclaration: a table on the way would have more than `MOST` numbers.

    Example:
        >>> all_of = [Factor((0,), np.ones(2)), Factor((1,), np.ones(3))]
        >>> counted(all_of, keep=0)
        array([3., 3.])
    """
    left = list(factors)
    sizes = {
        slot: size
        for factor in left
        for slot, size in zip(factor.slots, factor.table.shape, strict=True)
    }
    while sizes.keys() != {keep}:
        around = {slot: _around(left, slot) for slot in sizes if slot != keep}
        cost = {slot: _size(slots, sizes) for slot, slots in around.items()}
        slot = min(cost, key=lambda one: (cost[one], one))
        if cost[slot] > MOST:
            raise InvalidDeclaration(
                "infeasible pairs must leave the slots so far apart that combinations can be counted, "
                f"these entangle {len(around[slot])} slots",
                hint="leave some pairs out, or put slots that belong together into one",
            )
        mine = [factor for factor in left if slot in factor.slots]
        product = _product(mine, around[slot], sizes)
        rest = tuple([one for one in around[slot] if one != slot])
        left = [factor for factor in left if slot not in factor.slots]
        left.append(Factor(rest, product.sum(axis=around[slot].index(slot))))
        del sizes[slot]
    return _product(left, (keep,), sizes)


def _around(factors: Sequence[Factor], slot: int) -> tuple[int, ...]:
    """The slots of all factors that have `slot`, rising."""
    return tuple(
        sorted({one for factor in factors if slot in factor.slots for one in factor.slots})
    )


def _size(slots: Sequence[int], sizes: Mapping[int, int]) -> int:
    return int(np.prod([sizes[slot] for slot in slots], dtype=object))


def _product(factors: Sequence[Factor], slots: tuple[int, ...], sizes: Mapping[int, int]) -> Floats:
    """The product of `factors`, as a table over `slots`."""
    spread = [
        factor.table.reshape([sizes[slot] if slot in factor.slots else 1 for slot in slots])
        for factor in factors
    ]
    ones: Floats = np.ones([sizes[slot] for slot in slots])
    return reduce(np.multiply, spread, ones)
