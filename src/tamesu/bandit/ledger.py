"""Which decisions have been learnt: each is learnt at most once.

Refuses to know what was learnt.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Conflict, Corrupt


class Ledger:
    """How many decisions were made, and a mark on each that was learnt. A byte per decision.

    Attributes:
        made: the number that the next decision gets.
    """

    __slots__ = ("_marks", "made")

    def __init__(self) -> None:
        self.made = 0
        self._marks: NDArray[np.bool_] = np.zeros(1024, dtype=np.bool_)

    def take(self, count: int = 1) -> int:
        """The first of `count` new numbers."""
        first = self.made
        self.made += count
        if self.made > len(self._marks):
            more = max(self.made, 2 * len(self._marks)) - len(self._marks)
            self._marks = np.concatenate([self._marks, np.zeros(more, dtype=np.bool_)])
        return first

    @property
    def learnt(self) -> int:
        """How many were marked."""
        return int(self._marks.sum())

    def refuse_learnt(self, numbers: NDArray[np.int64]) -> None:
        """Raises `Conflict` where one of `numbers` was learnt before, or stands there twice."""
        again = np.flatnonzero(self._marks[numbers])
        if not again.size and len({*numbers.tolist()}) < len(numbers):
            raise Conflict("decisions must be learnt once each, got one twice in a batch")
        if again.size:
            raise Conflict(
                f"decision number {numbers[again[0]]} has been learnt already",
                hint="learn each decision once, when its reward is final",
            )

    def mark(self, numbers: NDArray[np.int64]) -> None:
        """Marks `numbers` as learnt."""
        self._marks[numbers] = True

    def to_bytes(self) -> bytes:
        """The marks, packed."""
        return zlib.compress(np.packbits(self._marks[: self.made]).tobytes())

    @classmethod
    def from_bytes(cls, made: int, packed: bytes) -> Ledger:
        """The ledger whose marks were packed when it had `made` numbers.

        Raises:
            Corrupt: bytes that do not read, or of another length.
        """
        try:
            bits = np.unpackbits(np.frombuffer(zlib.decompress(packed), dtype=np.uint8))
        except zlib.error as problem:
            raise Corrupt(f"the marks of learnt decisions do not read: {problem}") from problem
        if not made <= len(bits) < made + 8:
            raise Corrupt(f"the marks of {made} decisions must fit them, got {len(bits)}")
        ledger = cls()
        ledger.take(made)
        ledger._marks[:made] = bits[:made].astype(np.bool_)
        return ledger
