"""The last states of a bandit in memory, so that what they decided can be made again.

States are immutable: keeping one costs its arrays and no copy. Refuses to keep without bound: of a
hundred arms with a hundred coefficients each, one state has a million numbers.
"""

from __future__ import annotations

from typing import NamedTuple

from tamesu.base import NotFound, Time
from tamesu.policy import State

MOST_STATES = 1_000
"""States kept at most; fewer where they are large."""

MOST_NUMBERS = 1 << 22
"""Numbers in all kept states together, if they are as large as the newest."""


class Standing(NamedTuple):
    """What a bandit decided by, for a while.

    Attributes:
        state: what it had learnt.
        active: ids of the arms in play.
        time: at which it is read.
    """

    state: State
    active: tuple[str, ...]
    time: Time


class Recent:
    """The newest standings, each under the number of the first decision that it may have made."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[int, Standing] = {}

    def keep(self, standing: Standing, number: int) -> None:
        """From decision `number` on, which never falls, `standing` decides; the oldest are let go."""
        self._kept.pop(number, None)  # it made no decision
        self._kept[number] = standing
        most = max(1, min(MOST_STATES, MOST_NUMBERS // max(1, _numbers_in(standing))))
        while len(self._kept) > most:
            del self._kept[next(iter(self._kept))]

    def find(self, number: int) -> Standing:
        """The standing that made decision `number`.

        Raises:
            NotFound: it is kept no more.
        """
        for since in reversed(self._kept):
            if since <= number:
                return self._kept[since]
        raise NotFound(
            f"the state that made decision number {number} must still be kept, it is not: "
            f"the last {len(self._kept):,} are",
            hint="explain a decision before learning much more, by the bandit that made it",
        )


def _numbers_in(standing: Standing) -> int:
    """How many numbers a standing keeps, its arms among them."""
    parts = standing.state.parts
    columns = [
        column for part in parts for column in (*part.per_arm.values(), *part.shared.values())
    ]
    return len(standing.active) + sum(column.size for column in columns)
