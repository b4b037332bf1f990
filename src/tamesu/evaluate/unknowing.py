"""Policies that know no more than who may be chosen: uniform choice, and one arm always.

What others are held against. Refuses to look at a context.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import NoSupport, NotFound
from tamesu.evaluate.contrast import Shares
from tamesu.evaluate.rounds import Rounds
from tamesu.evaluate.slates import Slates

Floats: TypeAlias = NDArray[np.float64]


class Evenly:
    """Uniform choice: `Shares` of rounds, or of slates, position by position among the arms that are left."""

    def __call__(self, rounds: Rounds) -> Floats:
        """(m, K)."""
        return _even(_eligible(rounds))

    def placed(self, slates: Slates) -> Floats:
        """(m, L) of the logged arms, each given those above it."""
        arms = _eligible(slates).sum(axis=1)
        left: Floats = 1.0 / np.maximum(arms[:, None] - np.arange(slates.size), 1)
        return left

    def below(self, slates: Slates, above: NDArray[np.intp]) -> Floats:
        """(m, K) at the position below other arms; zeros where nobody is left, or -1 stands above."""
        left = _eligible(slates).copy()
        np.put_along_axis(left, np.maximum(above, 0), values=False, axis=1)
        left[(above < 0).any(axis=1)] = False
        return _even(left)


def always(arm: str, arms: tuple[str, ...]) -> Shares:
    """One arm, in every round.

    Raises:
        NotFound: it is not among `arms`.
        NoSupport: when it is asked: it was not eligible in some round.
    """
    if arm not in arms:
        raise NotFound.arms([arm], dict.fromkeys(arms))
    row = arms.index(arm)

    def shares(rounds: Rounds) -> Floats:
        if not _eligible(rounds)[:, row].all():
            raise NoSupport(
                f"{arm!r} must have been eligible in every decision to be chosen in every one, in some it was not",
                hint="look at a time in which it was always eligible",
            )
        found = np.zeros((len(rounds), len(rounds.arms)))
        found[:, row] = 1.0
        return found

    return shares


def _eligible(log: Rounds | Slates) -> NDArray[np.bool_]:
    """(m, K)."""
    return np.ones((len(log), len(log.arms)), np.bool_) if log.eligible is None else log.eligible


def _even(left: NDArray[np.bool_]) -> Floats:
    shares: Floats = left / np.maximum(left.sum(axis=1, keepdims=True), 1)
    return shares
