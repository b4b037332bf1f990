"""`Asides`: records of which no observation is made, gathered between two advances of the fold.

Refuses to forget one: there are as many as came.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Aside, Entry, SetAside
from tamesu.join.arrivals import EventArrivals
from tamesu.join.chains import Placed
from tamesu.join.clauses import Clauses
from tamesu.join.funnels import Funnels


class Asides:
    """The records set aside since the last `take`."""

    __slots__ = ("_clauses", "_funnels", "_taken")

    def __init__(self, clauses: Clauses, funnels: Funnels) -> None:
        self._clauses = clauses
        self._funnels = funnels
        self._taken: list[SetAside] = []

    def poison(self, entry: Entry, bandit: str, reason: str) -> None:
        """Sets aside an entry that cannot be used, of `bandit` if that can be read."""
        self._add(Aside.POISON, bandit, entry.partition, entry.offset, entry.key, reason)

    def too_old(self, arrivals: EventArrivals, rows: NDArray[np.int64]) -> None:
        """Sets aside the events `rows` (n,) of `arrivals`: they say to have happened too long ago."""
        numbers: list[int] = rows.tolist()
        for row in numbers:
            number = int(arrivals.clause[row])
            late = self._clauses.rewards[number].late
            self._add(
                Aside.TOO_OLD,
                self._clauses.names[number][0],
                int(arrivals.partition[row]),
                int(arrivals.offset[row]),
                arrivals.key[row],
                f"its time lies more than {late.text()} back",
            )

    def orphans(self, events: Placed, reason: str) -> None:
        """Sets aside `events` (by funnel): there is nothing they could belong to."""
        if not events.rows:
            return
        funnels = self._funnels
        keys: list[str] = funnels.key[events.owner].tolist()
        numbers: list[int] = funnels.clause[events.owner].tolist()
        partitions: list[int] = funnels.partition[events.owner].tolist()
        offsets: list[int] = events.offset.tolist()
        for number, partition, offset, key in zip(numbers, partitions, offsets, keys, strict=True):
            bandit = self._clauses.names[number][0]
            self._add(Aside.ORPHAN, bandit, partition, offset, key, reason)

    def take(self) -> list[SetAside]:
        """What was set aside since the last `take`, by partition and offset."""
        taken, self._taken = self._taken, []
        taken.sort(key=lambda one: (one.partition, one.offset))
        return taken

    def _add(  # noqa: PLR0913, PLR0917 - the fields of what it adds
        self, why: Aside, bandit: str, partition: int, offset: int, key: str, reason: str
    ) -> None:
        self._taken.append(
            SetAside(
                why=why, bandit=bandit, partition=partition, offset=offset, key=key, reason=reason
            )
        )
