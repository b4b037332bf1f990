"""Two-tower belief: a policy that was learnt from a log, served as it was learnt."""

from __future__ import annotations

from typing import Literal

import msgspec

from tamesu.adapters.index.exact import ExactIndex
from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy.features import encoder_of
from tamesu.policy.tower_belief import IndexOf, TowerBelief
from tamesu.wiring.beliefs.learnt import Folder


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the two-tower belief.

    Attributes:
        folder: what was learnt, as an absolute path that every process of the installation sees.
        digest: of what it holds: another artefact in the same folder is refused.
        index: how the highest scores are found: `exact` looks at every arm, `usearch` at neighbours of neighbours.
    """

    folder: str
    digest: str
    index: Literal["exact", "usearch"] = "exact"


def build(options: Options, declaration: Declaration) -> TowerBelief:
    """The two-tower belief of a declaration.

    Raises:
        InvalidDeclaration: a path that is not absolute, or parts that do not go with it; `check` raises where there is
            no such artefact, or one that does not fit.
        MissingExtra: an index that is not installed.
    """
    if declaration.forgetting is not None:
        raise InvalidDeclaration(
            "policy.forgetting has nothing to forget: two_tower does not learn"
        )
    if declaration.layout.kind in ("combination", "per_position"):
        raise InvalidDeclaration(
            f"belief two_tower cannot be used in layout {declaration.layout.kind!r}",
            hint="layout: single, slate or cascade",
        )
    return TowerBelief(
        encoder_of(declaration).width,
        Folder(options.folder, options.digest, declaration),
        _by_neighbours() if options.index == "usearch" else ExactIndex,
    )


def _by_neighbours() -> IndexOf:
    from tamesu.adapters.index.usearch import UsearchIndex, refuse_missing

    refuse_missing()
    return UsearchIndex
