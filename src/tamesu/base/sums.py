"""`Sum`: what one arm had in one hour, in all. Refuses to know how it is counted."""

from __future__ import annotations

import msgspec

from tamesu.base.times import Time


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """What one arm had in one hour.

    Attributes:
        hour: its start; the hour is the decision's.
        arm: its id.
        deliveries: made in that hour; those of fallbacks too.
        fallbacks: those of them that a fallback chose.
        observed: those of the others that were observed; the rest was not seen.
        corrections: how often something came after the first observation.
        reward: of those observed, in 1 / GRID, of any size.
    """

    hour: Time
    arm: str
    deliveries: int = 0
    fallbacks: int = 0
    observed: int = 0
    corrections: int = 0
    reward: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(
            hour=self.hour,
            arm=self.arm,
            deliveries=self.deliveries + other.deliveries,
            fallbacks=self.fallbacks + other.fallbacks,
            observed=self.observed + other.observed,
            corrections=self.corrections + other.corrections,
            reward=self.reward + other.reward,
        )
