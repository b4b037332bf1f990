"""Single layout: one arm per decision."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tamesu.base import Declaration
from tamesu.policy.contract import Batch, DistributionOf, Eligible
from tamesu.policy.uniforms import Uniforms


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The single layout has no options."""


class SingleLayout:
    """One arm, drawn from the distribution over the eligible arms."""

    size = 1
    beliefs = 1

    def choose(
        self, distributions: Sequence[DistributionOf], eligible: Eligible, uniforms: Uniforms
    ) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """The arm at uniform 0."""
        row, propensity = distributions[0](eligible).pick(uniforms(0))
        return (row,), (propensity,)

    def split(self, batch: Batch) -> tuple[Batch, ...]:
        """Everything teaches the one belief."""
        return (batch,)


def build(options: Options, declaration: Declaration) -> SingleLayout:
    """The single layout of a declaration."""
    del options, declaration
    return SingleLayout()
