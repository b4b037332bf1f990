"""Neural-linear belief: the linear one, on what a query tower makes of a context."""

from __future__ import annotations

from typing import Literal

import msgspec

from tamesu.base import Declaration
from tamesu.base.feature import Vector
from tamesu.policy.behind_tower import BehindTower
from tamesu.policy.beliefs import linear
from tamesu.policy.contract import Belief
from tamesu.policy.features import encoder_of
from tamesu.wiring.beliefs.learnt import Folder

LEARNT = "learnt"
"""Name of what the tower says, among features."""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the neural-linear belief.

    Attributes:
        folder: what was learnt, as an absolute path that every process of the installation sees; its query tower is
            used.
        digest: of what it holds: another artefact in the same folder is refused.
        ridge, intercept, mean, noise, noise_weight: as of the belief `linear`.
    """

    folder: str
    digest: str
    ridge: float = 1.0
    intercept: float = 8.0
    mean: float | Literal["learnt"] = "learnt"
    noise: float | Literal["learnt"] = "learnt"
    noise_weight: float = 3.0


def build(options: Options, declaration: Declaration) -> BehindTower:
    """The neural-linear belief of a declaration.

    Raises:
        InvalidDeclaration: a path that is not absolute, or options that the belief `linear` refuses; `check` raises
            where there is no such artefact, or one that does not fit.
    """
    plain = linear.Options(
        ridge=options.ridge,
        intercept=options.intercept,
        mean=options.mean,
        noise=options.noise,
        noise_weight=options.noise_weight,
    )
    arms = tuple([msgspec.structs.replace(arm, features={}) for arm in declaration.arms])

    def linear_over(columns: int) -> Belief:
        told = msgspec.structs.replace(
            declaration,
            context={LEARNT: Vector(size=columns)},
            arm_features={},
            interactions=(),
            arms=arms,
        )
        return linear.build(plain, told)

    learnt = Folder(options.folder, options.digest, declaration, arms=False)
    return BehindTower(encoder_of(declaration).width, learnt, linear_over)
