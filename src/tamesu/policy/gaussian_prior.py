"""The prior of a gaussian belief: as it is written, what it leaves out, and what it may be.

Refuses to guess where neither it nor the bounds of the rewards say what to expect.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from tamesu.base import GRID, InvalidDeclaration
from tamesu.base.grid import LARGEST

LEAST_PRIOR, MOST_PRIOR = 1e-6, 1e9
LEAST_A = 1.0
"""Two degrees of freedom: with one or fewer a mean has no expectation."""

LEAST_B, MOST_B = 1e-18, 1e24
MOST_MEAN = LARGEST / GRID

KAPPA, A = 1.0, 2.0
"""Prior, if not told otherwise: as sure of the mean as after one reward, of the noise as after four."""

SPREAD = 4.0
"""A noise of a quarter of the range is expected: b = (width / SPREAD)^2."""


class Prior(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is thought of an arm's rewards before any came: normal-inverse-gamma.

    Attributes:
        mean: expected reward.
        kappa: as sure of the mean as after so many rewards.
        a: as sure of the noise as after 2 a rewards; at least 1.
        b: with a, the noise: its variance is expected to be b / (a - 1).
    """

    mean: float | None = None
    kappa: float | None = None
    a: float | None = None
    b: float | None = None

    def over(self, other: Prior) -> Prior:
        """This one, and what it does not say as `other` does."""
        mine = {
            name: value for name, value in msgspec.structs.asdict(self).items() if value is not None
        }
        return msgspec.structs.replace(other, **mine)


class Filled(NamedTuple):
    """A `Prior` in which nothing is left out."""

    mean: float
    kappa: float
    a: float
    b: float


def by_bounds(bounds: tuple[float, float] | None) -> Prior:
    """What the bounds of the rewards say: the middle, and a noise of a quarter of the width."""
    if bounds is None or bounds[0] == bounds[1]:
        return Prior(kappa=KAPPA, a=A)
    low, high = bounds
    return Prior(mean=0.5 * low + 0.5 * high, kappa=KAPPA, a=A, b=((high - low) / SPREAD) ** 2)


def filled(prior: Prior, where: str, bounds: tuple[float, float] | None) -> Filled:
    """`prior`, checked.

    Raises:
        InvalidDeclaration: it says too little, or what cannot be.
    """
    low, high = (-MOST_MEAN, MOST_MEAN) if bounds is None else bounds
    limits = {
        "mean": (low, high),
        "kappa": (LEAST_PRIOR, MOST_PRIOR),
        "a": (LEAST_A, MOST_PRIOR),
        "b": (LEAST_B, MOST_B),
    }
    for name, (least, most) in limits.items():
        value = getattr(prior, name)
        if value is None:
            raise InvalidDeclaration(
                f"belief gaussian needs a prior, and {where} must say {name}: the rewards have no "
                "bounds from which it would follow",
                hint="say what rewards are expected, for example  reward: {range: [0, 50]}",
            )
        if not least <= value <= most:
            raise InvalidDeclaration(
                f"{where}.{name} must lie between {least:g} and {most:g}, got {value:g}"
            )
    return Filled(**msgspec.structs.asdict(prior))
