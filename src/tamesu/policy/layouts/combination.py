"""Combination layout: one option of each slot, delivered together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np

from tamesu.base import Bug, Declaration, InvalidDeclaration, InvalidInput
from tamesu.base.slots import LAYOUT
from tamesu.policy.combination import ALL, Among, Space, finding_of
from tamesu.policy.contract import Batch, DistributionOf, Eligible
from tamesu.policy.uniforms import Uniforms


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The combination layout has no options; its slots are the declaration's."""


class CombinationLayout:
    """One combination, searched for: there may be too many to list.

    A combination is one delivery, with one propensity and one reward. What it is worth is linear in its
    options, in pairs of them (`pairwise`) and in options times what the context tells (`interactions`).
    """

    size = 1
    beliefs = 1

    def choose(
        self, distributions: Sequence[DistributionOf], eligible: Eligible, uniforms: Uniforms
    ) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Never: there is no distribution over arms to choose from.

        Raises:
            Bug: always.
        """
        del distributions, eligible, uniforms
        raise Bug("combinations are searched, not chosen from a distribution over arms")

    def split(self, batch: Batch) -> tuple[Batch, ...]:
        """Everything teaches the one belief, as if it were of one arm."""
        return (replace(batch, arm=np.full(len(batch), ALL, dtype=object)),)


def build(options: Options, declaration: Declaration) -> CombinationLayout:
    """The combination layout of a declaration.

    Raises:
        InvalidDeclaration: no slots, no combination without an infeasible pair, or parts that cannot choose
            among combinations.
    """
    del options
    if not declaration.slots:
        raise InvalidDeclaration(
            f"layout {LAYOUT} needs slots, got none",
            hint="for example  slots: {title: [a, b], image: [x, y, z]}",
        )
    if declaration.belief.options.get("sharing") != "shared":
        raise InvalidDeclaration(
            f"layout {LAYOUT} needs a belief whose arms share every coefficient, got "
            f"{declaration.belief.plain()!r}",
            hint="belief: {kind: linear, sharing: shared}, or leave belief out",
        )
    if declaration.newcomer is not None:
        raise InvalidDeclaration(
            f"layout {LAYOUT} has no newcomers, got policy.newcomer",
            hint="leave it out: of a new combination its options are known",
        )
    space = Space(declaration.slots, declaration.infeasible)
    try:
        Among(space, np.arange(len(space.ids)))
    except InvalidDeclaration:
        raise
    except InvalidInput as problem:
        raise InvalidDeclaration(
            "infeasible must leave a combination, these pairs leave none"
        ) from problem
    finding_of(declaration)
    return CombinationLayout()
