"""What a belief adds up by arm: the promise that sums keep, and `Lasting`, which keeps them for ever.

A belief says what a row adds to each of its sums; a tally says how long that counts. Refuses to know
what the sums mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Time
from tamesu.policy.contract import Batch
from tamesu.policy.integers import by_group
from tamesu.policy.table import Table


class Shape(NamedTuple):
    """What a belief adds up.

    Attributes:
        counting: sums that add up to the number of observations, each +1 or 0 for a row.
        sums: the others, whole numbers of any size.
        raw: counts of rows that are never forgotten, each +1 or 0 for a row.
    """

    counting: tuple[str, ...]
    sums: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()


class Told(NamedTuple):
    """What a tally says of n arms at a moment.

    Attributes:
        sums: by name, of `counting` and `sums`: (n,) whole numbers, in units of 1 / `scale`.
        scale: what one of their units weighs now; from 0 to 1.
        raw: by name: (n,).
        observations: (n,) how many were learnt, whatever they weigh now.
        total: the same of all arms, others included.
        weight: (n,) what those observations weigh now; none where nothing is forgotten.
        total_weight: the same of all arms; 0 where nothing is forgotten.
    """

    sums: Mapping[str, NDArray[Any]]
    scale: float
    raw: Mapping[str, NDArray[np.int64]]
    observations: NDArray[np.int64]
    total: int
    weight: NDArray[np.float64] | None = None
    total_weight: float = 0.0


class Tally(Protocol):
    """Sums by arm.

    Laws: `evidence(a ++ b) = evidence(a) + evidence(b)`; a row of sign -1 cancels itself; absorbing in
    any order and any pieces gives the same bits.
    """

    def empty(self) -> Table:
        """Nothing added up."""
        ...

    def evidence(self, batch: Batch, values: Mapping[str, NDArray[Any]]) -> Table:
        """What the rows of `batch` add; `values` (n,) of each name in the shape, signs not in them."""
        ...

    def absorb(self, state: Table, evidence: Table) -> Table:
        """`state` with `evidence`."""
        ...

    def told(self, state: Table, arms: Sequence[str], time: Time) -> Told:
        """What `state` says of `arms` at `time`."""
        ...


class Lasting:
    """Sums in which an observation counts the same for ever."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def empty(self) -> Table:
        """No arm has anything."""
        counts, sums = np.zeros(0, np.int64), np.zeros(0, dtype=object)
        columns = dict.fromkeys((*self._shape.counting, *self._shape.raw), counts)
        return Table.of([], {**columns, **dict.fromkeys(self._shape.sums, sums)})

    def evidence(self, batch: Batch, values: Mapping[str, NDArray[Any]]) -> Table:
        """Sums by arm."""
        arms, codes = batch.numbered
        sign = batch.sign
        signed = {name: one if sign is None else one * sign for name, one in values.items()}
        columns: dict[str, NDArray[Any]] = {
            name: by_group(codes, len(arms), signed[name]) for name in self._shape.sums
        }
        for name in (*self._shape.counting, *self._shape.raw):
            columns[name] = np.zeros(len(arms), np.int64)
            np.add.at(columns[name], codes, signed[name])
        return Table.of(arms, columns)

    def absorb(self, state: Table, evidence: Table) -> Table:
        """Sums add up."""
        return state + evidence

    def told(self, state: Table, arms: Sequence[str], time: Time) -> Told:
        """The sums themselves; time changes nothing."""
        del time
        shape = self._shape
        sums = {name: state.column(name, arms) for name in (*shape.counting, *shape.sums)}
        observations = np.zeros(len(arms), np.int64)
        for name in shape.counting:
            observations += sums[name]
        return Told(
            sums=sums,
            scale=1.0,
            raw={name: state.column(name, arms) for name in shape.raw},
            observations=observations,
            total=sum(int(state.per_arm[name].sum()) for name in shape.counting),
        )
