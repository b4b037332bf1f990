"""Bounds of the reward, for parts that cannot do without. Refuses to invent them."""

from __future__ import annotations

from typing import TypeAlias

from tamesu.base import Declaration, InvalidDeclaration

Bounds: TypeAlias = tuple[float, float]
"""Least and greatest reward."""


def needed_bounds(declaration: Declaration, who: str) -> Bounds:
    """The bounds of a declaration's reward, as `who` needs them: the least below the greatest.

    Raises:
        InvalidDeclaration: there are none, or they are one and the same.
    """
    bounds = declaration.reward.bounds()
    if bounds is None:
        raise InvalidDeclaration(
            f"{who} needs bounds of the reward, but reward.events can make any",
            hint="declare them, such as  reward: {range: [0, 100]}",
        )
    if not bounds[0] < bounds[1]:
        raise InvalidDeclaration(
            f"{who} needs rewards that may differ, but reward.events can make none but "
            f"{bounds[0]:g}"
        )
    return bounds
