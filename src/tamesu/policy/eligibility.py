"""`Eligibility`: the lists of eligible arms that requests name, read into sets of rows.

Refuses sets that cannot be: empty ones, unknown arms, an arm named twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, NotFound
from tamesu.policy.contract import Eligible

MOST_SETS = 1 << 12
"""Lists of eligible arms remembered; beyond it the memory starts anew."""


class Eligibility:
    """Who may be chosen among `arms`. Safe for any number of reading threads.

    Args:
        arms: ids, in the order of their rows; unique.
    """

    def __init__(self, arms: Sequence[str]) -> None:
        self.arms = arms
        self._all: Eligible = (1 << len(arms)) - 1
        self._every: NDArray[np.intp] = np.arange(len(arms))
        self._rows = {arm: row for row, arm in enumerate(arms)}
        self._sets: dict[tuple[str, ...], Eligible] = {}

    def __call__(self, eligible: Sequence[str] | None) -> Eligible:
        """The set of these ids, in any order; of none given, all.

        Raises:
            InvalidInput: no eligible arm, or one named twice.
            NotFound: an eligible arm that is not here.
        """
        if eligible is None:
            if not self._all:
                raise InvalidInput("at least one arm must be active, got none")
            return self._all
        key = tuple(eligible)
        found = self._sets.get(key)
        if found is None:
            found = self._read(eligible, key)
            if len(self._sets) >= MOST_SETS:
                self._sets = {}
            self._sets[key] = found
        return found

    def rows(self, eligible: Eligible) -> NDArray[np.intp]:
        """(k,) rows of a set, rising."""
        return self._every if eligible == self._all else rows_of(eligible)

    def row(self, arm: str) -> int | None:
        """The row of `arm`; none where it is not here."""
        return self._rows.get(arm)

    def _read(self, eligible: Sequence[str], key: tuple[str, ...]) -> Eligible:
        if isinstance(eligible, str):
            raise InvalidInput(f"eligible must be a list of arm ids, got the text {eligible!r}")
        if not key:
            raise InvalidInput(
                "eligible must name at least one arm, got none",
                hint="leave eligible out to choose among all active arms",
            )
        rows = self._rows
        unknown = {arm for arm in key if arm not in rows}
        if unknown:
            raise NotFound.arms(unknown, self.arms)
        # Bit by bit into bytes: 100,000 sums of numbers of 100,000 bits would take a second.
        among = bytearray(len(self.arms) // 8 + 1)
        for arm in key:
            row = rows[arm]
            byte, bit = row >> 3, 1 << (row & 7)
            if among[byte] & bit:
                raise InvalidInput(f"eligible must name an arm once, got {arm!r} twice")
            among[byte] |= bit
        return int.from_bytes(among, "little")


def rows_of(eligible: Eligible) -> NDArray[np.intp]:
    """(k,) rows of a set, rising."""
    size = (eligible.bit_length() + 7) // 8
    packed = np.frombuffer(eligible.to_bytes(size, "little"), np.uint8)
    return np.flatnonzero(np.unpackbits(packed, bitorder="little"))
