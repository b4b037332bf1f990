"""How combinations are explored: what is searched, and how much of the probability it gets.

    thompson         the best of each of m draws, and one even draw: s = (1 - explore) m / (m + 1)
    greedy           the best by the mean: s = 1 - explore
    epsilon_greedy   the same with s = (1 - explore) (1 - epsilon)
    uniform          nothing: s = 0

Refuses explorers that must look at every arm: there are too many.
"""

from __future__ import annotations

from typing import NamedTuple

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy.kinds import read_options

KINDS = ("thompson", "greedy", "epsilon_greedy", "uniform")


class Finding(NamedTuple):
    """What an explorer asks of a search.

    Attributes:
        searched: probability of what is found; the rest is even over all combinations.
        draws: how many of the coefficients; none for their mean.
    """

    searched: float
    draws: int | None


def finding_of(declaration: Declaration) -> Finding:
    """What the explorer of a declaration asks for.

    Raises:
        InvalidDeclaration: one that combinations cannot be chosen by, or wrong options of it.
    """
    part = declaration.explorer
    if part.kind not in KINDS:
        raise InvalidDeclaration(
            f"layout combination is searched, explorer {part.kind!r} must look at every arm",
            hint=f"use one of {', '.join(KINDS)}",
        )
    options = read_options("explorer", part, "policy.explorer")
    searched = 1.0 - options.explore
    if part.kind == "thompson":
        return Finding(searched * options.draws / (options.draws + 1.0), options.draws)
    if part.kind == "epsilon_greedy":
        return Finding(searched * (1.0 - options.epsilon), None)
    return Finding(searched if part.kind == "greedy" else 0.0, None)
