"""Ids from a seed: decision n of a bandit always has the same id.

There is no clock in memory, so a decision's time is its number: for what is forgotten, decision n stands
at n seconds after the epoch (its id says n milliseconds, which nobody reads). Refuses to be unique across
bandits of one name and seed.
"""

from __future__ import annotations

from hashlib import blake2b

from tamesu.base import RANDOM_BYTES, Time, decision_id, uuid7
from tamesu.base.times import SECOND_US

DECLARATION = 1
"""The number of the declaration in every id: a bandit in memory has one."""


class NumberedIds:
    """Decision ids of one bandit by number, from 0: pure functions of its name and seed."""

    __slots__ = ("_bandit", "_key")

    def __init__(self, bandit: str, seed: int) -> None:
        self._bandit = bandit
        self._key = seed.to_bytes(8, "little")

    def id_of(self, number: int) -> str:
        """The id of decision `number`."""
        random = blake2b(
            number.to_bytes(8, "little"), digest_size=RANDOM_BYTES, key=self._key, person=b"ids"
        ).digest()
        return decision_id(self._bandit, DECLARATION, uuid7(number, random))


def time_of(number: int) -> Time:
    """When decision `number` was made."""
    return Time(number * SECOND_US)
