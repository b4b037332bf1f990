"""`Past`: what a command may look at besides the bandit as it stands.

A trainer answers out of store and archive, a replay out of what it has rebuilt. Refuses to say where
from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tamesu.base import Declaration, Snapshot
from tamesu.train.warm_up import WarmUp


class Past(Protocol):
    """The past of one bandit, up to the moment at which a command takes effect."""

    def snapshot(self, version: int) -> Snapshot | None:
        """The snapshot with this version, with its state; none if it is not kept."""
        ...

    def versions(self) -> Sequence[int]:
        """The versions that are kept, rising."""
        ...

    def warm_up(self, declaration: Declaration) -> WarmUp:
        """What the policy of `declaration` makes of every observation archived so far.

        Not of those of an older bandit of the same name, which was deleted.
        """
        ...
