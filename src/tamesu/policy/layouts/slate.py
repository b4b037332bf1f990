"""Slate layout: k distinct arms per decision, positions count alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import msgspec

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.base.grid import to_grid
from tamesu.policy.chooser import place
from tamesu.policy.contract import Batch, DistributionOf, Eligible
from tamesu.policy.examination import Examination, check
from tamesu.policy.uniforms import Uniforms


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the slate layout.

    Attributes:
        size: arms per decision, from 1 to the number of declared arms.
        examination: by position how likely it is looked at, in (0, 1], as far as impressions do not say
            it; none where a delivery that was seen was looked at.
    """

    size: int
    examination: tuple[float, ...] | None = None


class SlateLayout:
    """k arms drawn one after another, each from the distribution over those that remain.

    The distribution is *recomputed* for the rest, `explore` included with their number; this is not
    the top k of one draw. The product of the propensities is the joint one, exactly. Where fewer
    arms than k are eligible, all of them are delivered.

    With `examination` v, a delivery at position i that was not clicked is learnt from with probability v_i:
    what nobody looked at is no failure.
    """

    beliefs = 1

    def __init__(self, size: int, examination: Examination | None = None) -> None:
        self.size = size
        self._examination = examination

    def choose(
        self, distributions: Sequence[DistributionOf], eligible: Eligible, uniforms: Uniforms
    ) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Position i is drawn at uniform i."""
        return place(repeat(distributions[0], self.size), eligible, uniforms)

    def split(self, batch: Batch) -> tuple[Batch, ...]:
        """Every position teaches the one belief, as far as it was examined.

        Raises:
            InvalidInput: with `examination`, rows without the ids of their decisions.
        """
        return (batch if self._examination is None else self._examination.learnt(batch),)


def build(options: Options, declaration: Declaration) -> SlateLayout:
    """The slate layout of a declaration.

    Raises:
        InvalidDeclaration: a size below 1 or above the number of arms, or an examination that is none.
    """
    arms = len(declaration.arms)
    if not 1 <= options.size <= arms:
        raise InvalidDeclaration(
            f"layout.size must lie between 1 and the number of arms ({arms}), got {options.size}"
        )
    if options.examination is None:
        return SlateLayout(options.size)
    check(options.examination, options.size)
    default = to_grid(declaration.reward.default)
    return SlateLayout(options.size, Examination(options.examination, default))
