"""Where the arms of a bandit come from: a file, a database, a program of its team.

Refuses to know which arms the bandit has: what changes is `tamesu.sync`'s business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tamesu.base import WantedArm


class ArmSource(Protocol):
    """The whole set of arms that a bandit is to have."""

    @property
    def name(self) -> str:
        """What it is, as people read it in a history; holds no password."""
        ...

    def read(self) -> Sequence[WantedArm]:
        """Every arm, as of now, in the source's order.

        An arm whose metadata is none keeps what it has. Empty case: a source that holds no arm is
        refused, since a bandit has one at least.

        Raises:
            InvalidInput: what is there can be no set of arms: told with the line, or with the number
                of the row from 1, of the first that cannot be.
            NotFound: it is not there.
            Unavailable: it cannot be reached now.
            MissingExtra: its driver is not installed.
        """
        ...
