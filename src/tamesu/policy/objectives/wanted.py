"""`Wanted`: what a policy makes of a declaration whose objectives are learnt apart.

A belief for each objective, built as if it were the only one; an explorer over all of them. Refuses parts
that can do with one number alone.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from tamesu.base import GRID, Declaration, InvalidDeclaration
from tamesu.base.aims import Aims
from tamesu.base.errors import listing
from tamesu.base.reward import EventTerm, Reward
from tamesu.policy.contract import Belief, Explorer
from tamesu.policy.kinds import build_part
from tamesu.policy.objectives.mixing import FITTING, Floats, OverObjectives
from tamesu.policy.objectives.mixture import best_mixtures
from tamesu.policy.uniforms import seed_key


class Wanted(NamedTuple):
    """D objectives that are learnt apart.

    Attributes:
        aims: the objectives as numbers.
        beliefs: D of them.
        explorer: over all.
    """

    aims: Aims
    beliefs: tuple[Belief, ...]
    explorer: Explorer

    @classmethod
    def of(cls, declaration: Declaration, explorer: Explorer) -> Wanted | None:
        """Those of a declaration; none where it learns one number.

        Raises:
            InvalidDeclaration: parts that cannot do with several objectives.
        """
        aims = declaration.aims
        if aims is None or not aims.are_apart:
            return None
        if declaration.layout.kind != "single":
            raise InvalidDeclaration(
                f"layout {declaration.layout.kind!r} cannot use several objectives apart: the best mixture is "
                "one of decisions that deliver one arm",
                hint="layout: single, or make them one number by  scalarise: weighted",
            )
        return cls(
            aims,
            tuple([_belief(declaration, aims, number) for number in range(len(aims.names))]),
            _over(declaration, explorer, aims),
        )


def _over(declaration: Declaration, explorer: Explorer, aims: Aims) -> Explorer:
    if not isinstance(explorer, OverObjectives):
        raise InvalidDeclaration(
            f"explorer {declaration.explorer.kind!r} cannot use several objectives apart: no arm is the best, "
            f"a mixture is (those that can: {listing(FITTING)})",
            hint="explorer: thompson, or make them one number by  scalarise: weighted",
        )
    weights = np.array(aims.weights)

    def best(scores: Floats) -> Floats:
        return best_mixtures(scores, weights)

    return explorer.over_objectives(best, seed_key(declaration.seed or 0))


def _belief(declaration: Declaration, aims: Aims, number: int) -> Belief:
    """The belief in one objective: the declared one, of a reward that lies in [0, 1]."""
    alone = msgspec.structs.replace(declaration, reward=_alone(declaration.reward, aims, number))
    try:
        belief: Belief = build_part("belief", declaration.belief, alone, "policy.belief")
    except InvalidDeclaration as problem:
        raise InvalidDeclaration(
            f"objective {aims.names[number][:80]!r} by itself, its range brought to [0, 1]: {problem.message}",
            hint=problem.hint,
        ) from problem
    return belief


def _alone(reward: Reward, aims: Aims, number: int) -> Reward:
    """A reward that is one objective in [0, 1], with the values that it can have."""
    events = {
        type_: msgspec.structs.replace(
            reward.events[type_], weight=reward.events[type_].weight / aims.shares[number]
        )
        for type_ in aims.types[number]
    }
    if aims.possible[number] == (0, GRID):
        # It is there or it is not, whatever the range calls these.
        events = {aims.types[number][0]: EventTerm(weight=1.0)}
    return msgspec.structs.replace(reward, events=events, range=(0.0, 1.0), by_term=False)
