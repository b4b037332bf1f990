"""Slate layout: k distinct arms per decision, positions count alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import msgspec

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy.chooser import place
from tamesu.policy.contract import Batch, DistributionOf, Eligible
from tamesu.policy.uniforms import Uniforms


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the slate layout.

    Attributes:
        size: arms per decision, from 1 to the number of declared arms.
    """

    size: int


class SlateLayout:
    """k arms drawn one after another, each from the distribution over those that remain.

    The distribution is *recomputed* for the rest, `explore` included with their number; this is not
    the top k of one draw. The product of the propensities is the joint one, exactly. Where fewer
    arms than k are eligible, all of them are delivered.
    """

    beliefs = 1

    def __init__(self, size: int) -> None:
        self.size = size

    def choose(
        self, distributions: Sequence[DistributionOf], eligible: Eligible, uniforms: Uniforms
    ) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Position i is drawn at uniform i."""
        return place(repeat(distributions[0], self.size), eligible, uniforms)

    def split(self, batch: Batch) -> tuple[Batch, ...]:
        """Every position teaches the one belief."""
        return (batch,)


def build(options: Options, declaration: Declaration) -> SlateLayout:
    """The slate layout of a declaration.

    Raises:
        InvalidDeclaration: a size below 1 or above the number of arms.
    """
    arms = len(declaration.arms)
    if not 1 <= options.size <= arms:
        raise InvalidDeclaration(
            f"layout.size must lie between 1 and the number of arms ({arms}), got {options.size}"
        )
    return SlateLayout(options.size)
