"""Cascade layout: k distinct arms in order, looked at from the top until one is clicked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import msgspec

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy.chooser import place
from tamesu.policy.contract import Batch, DistributionOf, Eligible
from tamesu.policy.uniforms import Uniforms


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the cascade layout.

    Attributes:
        size: positions, from 2 to the number of declared arms.
    """

    size: int


class CascadeLayout:
    """k arms placed from the top, each drawn from the distribution over those that remain.

    What sets it apart from a slate is the feedback: at the first click, at position C, the arms above
    get 0 and the clicked one its reward, and what lies below C is *unexamined* and teaches nothing; with no
    click every arm that was seen gets 0. The join says so (`reward.examined: until_click`), so that a batch
    holds no row of what nobody looked at, and one belief learns from all positions alike.

    A decision is worth something if any of its arms is clicked: 1 - prod (1 - w_a). Which k arms are placed
    matters, their order does not, and with attractions that are independent it is enough to place the k that
    are believed best. Regret is then that of a semi-bandit with k arms a round; it stops holding where people
    leave before a click, where they go on after one, or where arms spoil one another.

    Source: Craswell et al. 2008 (the click model); Kveton et al. 2015 (CascadeUCB1, CascadeKL-UCB).
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
        """Every position that was examined teaches the one belief."""
        return (batch,)


def build(options: Options, declaration: Declaration) -> CascadeLayout:
    """The cascade layout of a declaration.

    Raises:
        InvalidDeclaration: a size below 2 or above the number of arms.
    """
    arms = len(declaration.arms)
    if not 2 <= options.size <= arms:  # noqa: PLR2004 - one position is the layout single
        raise InvalidDeclaration(
            f"layout.size must lie between 2 and the number of arms ({arms}), got {options.size}",
            hint="for one position write  layout: single",
        )
    return CascadeLayout(options.size)
