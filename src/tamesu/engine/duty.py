"""`Duty`: what a trainer does beside learning, in small slices; and the `Turn` it gets for one.

Archiving, rolling, late corrections, thinning, retention: each is a duty. Refuses to know any of them,
and to say when they have their turn: `upkeep` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tamesu.base import Time
from tamesu.ports import Lease


@dataclass(frozen=True)
class Turn:
    """How the trainer stands when a duty has its turn.

    Attributes:
        lease: what to write under.
        now: the time.
        watermark: the log's time, as of the last commit; none before its first record.
        read: per partition the offset up to which the log was learnt from, as of the last commit.
        low: per partition the offset below which the join needs nothing, as of the last commit.
    """

    lease: Lease
    now: Time
    watermark: Time | None
    read: tuple[int, ...]
    low: tuple[int, ...]


@dataclass(frozen=True)
class Slice:
    """What a duty did at its turn.

    Attributes:
        more: whether the next slice has something to do already.
        counts: what to add to counters of the meter, by name.
    """

    more: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)


class Duty(Protocol):
    """Upkeep of one kind.

    What it changes outside is consistent after each port call: a trainer may be killed at any of
    them, and its successor begins anew with nothing but the ports. What a duty remembers between
    slices may save work and nothing else.
    """

    name: str
    """What it is called in the meter and in messages, in one word."""

    every_us: int
    """Rest after a slice that left nothing to do."""

    def slice(self, turn: Turn) -> Slice:
        """Does a part of what is to be done, for .3 s at most.

        Empty case: nothing to do, and nothing changed.

        Raises:
            Conflict: the lease is stale: another trainer has taken over.
            Unavailable, Corrupt: a port failed; it is tried again after `every_us`.
        """
        ...
