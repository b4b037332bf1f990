"""`Decided`: a decision as the client's user holds it.

Refuses to be changed: what was decided is in the log already.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


class Delivered(msgspec.Struct, frozen=True, omit_defaults=True):
    """One delivered arm: what to show at `position`, and the id that its events carry.

    Attributes:
        options: the option of each slot, where the arm is a combination; else none.
    """

    delivery_id: str
    arm: str
    position: int
    propensity: float
    options: dict[str, str] | None = None


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """An answered decision: a sequence of deliveries, by position.

    Attributes:
        snapshot: version of the snapshot that decided; 0 is the prior.
        fallback: whether the fallback answered instead of the policy.
        sticky: whether it is an earlier decision, given again.
        unclaimed: whether a retry might give another decision, because the server's cache was down.
    """

    decision_id: str
    snapshot: int
    deliveries: tuple[Delivered, ...]
    variant: str | None = None
    fallback: bool = False
    sticky: bool = False
    unclaimed: bool = False

    @property
    def arm(self) -> str:
        """The first arm; the arm, where one is delivered."""
        return self.deliveries[0].arm

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms by position."""
        return tuple(delivery.arm for delivery in self.deliveries)

    @property
    def propensity(self) -> float:
        """Probability with which the first arm was chosen."""
        return self.deliveries[0].propensity

    @property
    def propensities(self) -> tuple[float, ...]:
        """Probability of each arm by position, given the arms placed before it."""
        return tuple(delivery.propensity for delivery in self.deliveries)

    def __getitem__(self, position: int) -> Delivered:
        return self.deliveries[position]

    def __iter__(self) -> Iterator[Delivered]:
        return iter(self.deliveries)

    def __len__(self) -> int:
        return len(self.deliveries)
