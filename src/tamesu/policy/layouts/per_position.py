"""Per-position layout: k distinct arms per decision, each position with a belief of its own."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tamesu.base import Declaration, InvalidDeclaration, InvalidInput
from tamesu.policy.chooser import place
from tamesu.policy.contract import Batch, DistributionOf, Eligible
from tamesu.policy.uniforms import Uniforms


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the per-position layout.

    Attributes:
        size: positions, from 2 to the number of declared arms.
    """

    size: int


class PerPositionLayout:
    """k arms placed from the top, position i by belief i, which learns from position i alone.

    An arm already placed is not eligible further down; where fewer arms than k are eligible, all of
    them are delivered. The product of the propensities is the joint one, exactly.

    Finds the best order where an arm is worth more in one position than in another (interaction).
    Where positions merely scale what every arm is worth, `slate` finds the same arms k times sooner:
    its one belief learns from all positions. What a belief knows of an arm is how it did
    there, below whatever stood above it then.

    Source: Radlinski, Kleinberg & Joachims 2008 (ranked bandits: one learner per position).
    """

    def __init__(self, size: int) -> None:
        self.size = self.beliefs = size

    def choose(
        self, distributions: Sequence[DistributionOf], eligible: Eligible, uniforms: Uniforms
    ) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Position i is drawn at uniform i, from distribution i over the arms not placed above."""
        return place(distributions, eligible, uniforms)

    def split(self, batch: Batch) -> tuple[Batch, ...]:
        """Rows of position i teach belief i.

        Raises:
            InvalidInput: a row of a position that this layout does not have.
        """
        outside = batch.position[(batch.position < 0) | (batch.position >= self.size)]
        if outside.size:
            raise InvalidInput(
                f"layout per_position learns positions 0 to {self.size - 1}, got {outside[0]}"
            )
        return tuple(batch.take(batch.position == position) for position in range(self.size))


def build(options: Options, declaration: Declaration) -> PerPositionLayout:
    """The per-position layout of a declaration.

    Raises:
        InvalidDeclaration: a size below 2 or above the number of arms.
    """
    arms = len(declaration.arms)
    if not 2 <= options.size <= arms:  # noqa: PLR2004 - one position is the layout single
        raise InvalidDeclaration(
            f"layout.size must lie between 2 and the number of arms ({arms}), got {options.size}",
            hint="for one position write  layout: single",
        )
    return PerPositionLayout(options.size)
