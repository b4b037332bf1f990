"""Forgetting: sums in which an observation counts half as much a half-life later, and exactly so.

Forward decay: an observation decided at t weighs 2^(t / half-life) beside the others, whenever it is
learnt, and reading at a time T divides by 2^(T / half-life). So neither the batching nor the order nor
the moment of learning changes anything, and what is taken back is gone to the bit.

The weight within a half-life is a whole number of 2^-32; whole half-lives are kept apart, by their
number, and are exact powers of two. Refuses to forget what was counted: how many observations there
were stays known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, Duration, InvalidDeclaration, Time
from tamesu.policy.contract import Batch
from tamesu.policy.integers import by_group, times, whole
from tamesu.policy.table import Table
from tamesu.policy.tally import Lasting, Shape, Tally, Told

KEPT = 64
"""Half-lives kept beside the newest; what is older weighs less than 2^-64 of what is new."""

OBSERVATIONS = "observations"
_NEWEST = "half_life"
_APART = "\x00"
"""Between an arm's id, which is printable, and the number of a half-life."""

WEIGHT_BITS = 32
"""A weight within a half-life is a whole number of 2^-32."""

_STEP_BITS = 12


def tally(shape: Shape, declaration: Declaration) -> Tally:
    """The sums of a declaration's belief: lasting, or as its `forgetting` says.

    Raises:
        InvalidDeclaration: a half-life shorter than the age at which a delivery is first learnt from.
    """
    half_life = half_life_of(declaration)
    return Lasting(shape) if half_life is None else Fading(shape, half_life)


def half_life_of(declaration: Declaration) -> int | None:
    """The half-life of what a declaration's belief learns, in microseconds; none where nothing fades.

    Raises:
        InvalidDeclaration: as `tally`.
    """
    if declaration.forgetting is None:
        return None
    half_life, settle = declaration.forgetting.half_life, declaration.reward.settle_us
    if half_life < settle:
        raise InvalidDeclaration(
            "policy.forgetting.half_life must be at least reward.settle, the age at which a delivery "
            f"is first learnt from: {Duration(settle).text()}, got {half_life.text()}",
            hint="else most of it is forgotten before it is learnt",
        )
    return half_life


def weighed(
    decided: NDArray[np.int64], half_life: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n,) number of the half-life in which each was decided, and (n,) its weight there, times 2^32.

    floor(t / h), and 2^(t / h - floor(t / h)): from 1 to 2, within 2^-32 of itself. Made of additions,
    products and roots as IEEE 754 defines them, so that every machine gives the same bits.

    Example:
        >>> weighed(np.array([0, 50, 100, -100]), 100)
        (array([ 0,  0,  1, -1]), array([4294967296, 6074001000, 4294967296, 4294967296]))
    """
    numbers, rest = np.divmod(decided, half_life)
    place = np.floor(rest / half_life * 2.0 ** (3 * _STEP_BITS)).astype(np.int64)
    factor = np.float64(1 << WEIGHT_BITS)
    weight = np.full(len(decided), factor)
    last = (1 << _STEP_BITS) - 1
    for step, powers in enumerate(_POWERS):
        weight *= powers[place >> (2 - step) * _STEP_BITS & last]
    return numbers, np.rint(weight).astype(np.int64)


class Fading:
    """Sums by arm and half-life.

    A row of the table is an arm, with what is never forgotten, or an arm in one half-life, with its
    weighed sums. The newest half-life that was ever taught stays known, also where what it taught is
    taken back: so which rows are too old to be kept does not depend on the order.
    """

    def __init__(self, shape: Shape, half_life: int) -> None:
        self._raw = (OBSERVATIONS, *shape.raw)
        self._counting = shape.counting
        self._sums = (*shape.counting, *shape.sums)
        self._half_life = half_life

    def empty(self) -> Table:
        """No arm has anything."""
        return self._table([], 0, {}, {})

    def evidence(self, batch: Batch, values: Mapping[str, NDArray[Any]]) -> Table:
        """Counts by arm, and weighed sums by arm and half-life."""
        if not len(batch):
            return self.empty()
        sign = np.ones(len(batch), np.int64) if batch.sign is None else batch.sign
        numbers, weight = weighed(batch.decided, self._half_life)
        arms, codes = batch.numbered
        cells, cell = np.unique(np.stack([codes, numbers]), axis=1, return_inverse=True)
        keys = [f"{arms[code]}{_APART}{number}" for code, number in cells.T.tolist()]
        one = np.zeros(len(batch), np.int64)
        for name in self._counting:
            one += values[name]
        raw = {**values, OBSERVATIONS: one}
        signed = sign * weight
        return self._table(
            [*arms, *keys],
            len(arms),
            {name: by_group(codes, len(arms), times(raw[name], sign)) for name in self._raw},
            {
                name: by_group(cell.reshape(-1), len(keys), times(values[name], signed))
                for name in self._sums
            },
            int(numbers.max()),
        )

    def absorb(self, state: Table, evidence: Table) -> Table:
        """Sums add up, and half-lives that are `KEPT` behind the newest go."""
        before, newest = state.highest.get(_NEWEST), evidence.highest.get(_NEWEST)
        if newest is None:
            return state + evidence
        newest = newest if before is None else max(before, newest)
        if before is not None and newest > before:
            state = _since(state, newest - KEPT)
        return state + _since(evidence, newest - KEPT)

    def told(self, state: Table, arms: Sequence[str], time: Time) -> Told:
        """The sums as they weigh at `time`, or when the newest half-life began, if that is later."""
        rows = {arm: row for row, arm in enumerate(arms)}
        sums = {name: [0] * len(arms) for name in self._sums}
        newest = state.highest.get(_NEWEST, 0)
        columns = [(sums[name], state.per_arm[name].tolist()) for name in self._sums]
        counting, everything = columns[: len(self._counting)], 0
        for place, key in enumerate(state.arms):
            arm, apart, number = key.partition(_APART)
            if not apart:
                continue
            shift = int(number) - newest + KEPT
            everything += sum(column[place] for _, column in counting) << shift
            if arm in rows:
                for total, column in columns:
                    total[rows[arm]] += column[place] << shift
        now, rest = divmod(max(time, newest * self._half_life), self._half_life)
        power = newest - KEPT - now - WEIGHT_BITS
        scale = math.ldexp(2.0 ** (-rest / self._half_life), max(power, -5000))
        counts = [sums[name] for name in self._counting]
        return Told(
            sums={name: whole(total) for name, total in sums.items()},
            scale=scale,
            raw={name: state.column(name, arms) for name in self._raw[1:]},
            observations=state.column(OBSERVATIONS, arms),
            total=int(state.per_arm[OBSERVATIONS].sum()),
            weight=np.array([sum(of_arm) * scale for of_arm in zip(*counts, strict=True)]),
            total_weight=everything * scale,
        )

    def _table(
        self,
        keys: Sequence[str],
        arms: int,
        raw: Mapping[str, NDArray[Any]],
        sums: Mapping[str, NDArray[Any]],
        newest: int | None = None,
    ) -> Table:
        """Rows of `arms` first, with `raw`; then those of half-lives, with `sums`."""
        columns: dict[str, NDArray[Any]] = {}
        for name in self._raw:
            columns[name] = np.zeros(len(keys), np.int64)
            columns[name][:arms] = raw.get(name, 0)
        for name in self._sums:
            columns[name] = whole([0] * len(keys))
            columns[name][arms:] = sums.get(name, 0)
        return Table.of(keys, columns, highest={} if newest is None else {_NEWEST: newest})


def _since(table: Table, number: int) -> Table:
    """`table` without half-lives before `number`."""
    parts = [key.partition(_APART) for key in table.arms]
    kept = np.array([not apart or int(one) >= number for _, apart, one in parts], dtype=np.bool_)
    return table if kept.all() else table.where(kept)


def _powers() -> list[NDArray[np.float64]]:
    """2^(i / 2^12), 2^(i / 2^24) and 2^(i / 2^36) for i of 12 bits, by repeated roots of 2."""
    root = 2.0
    found: list[NDArray[np.float64]] = []
    for _ in range(3):
        powers = np.ones(1 << _STEP_BITS)
        place = np.arange(1 << _STEP_BITS)
        for bit in reversed(range(_STEP_BITS)):
            root = math.sqrt(root)
            powers[place >> bit & 1 == 1] *= root
        found.append(powers)
    return found


_POWERS = _powers()
