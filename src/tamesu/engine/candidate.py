"""`Candidate`: a policy to be judged, and the decisions that it may be judged by. Refuses to judge it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import NoSupport
from tamesu.evaluate import Below, Logged, Rounds, Shares, Slates

Floats: TypeAlias = NDArray[np.float64]


class Target(Protocol):
    """What a candidate would have done."""

    def __call__(self, rounds: Rounds) -> Floats:
        """(m, K) probabilities of all arms, in decisions of one arm each."""
        ...

    def placed(self, slates: Slates) -> Floats:
        """(m, L) probabilities of the logged arms, each given those above it."""
        ...


@dataclass(frozen=True)
class Candidate:
    """A policy, and the decisions that it may be judged by.

    Attributes:
        name: what it is called.
        logged: the decisions.
        target: what it would have done in them.
        told: what else there is to know of it, by name.
        again: gives it so that it can be run again below other arms; none where it says nothing but what was asked
            of it.
    """

    name: str
    logged: Logged
    target: Target
    told: Mapping[str, Any]
    again: Callable[[], Below] | None = None


class Shared:
    """A target out of probabilities of rounds."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares

    def __call__(self, rounds: Rounds) -> Floats:
        """(m, K)."""
        return self._shares(rounds)

    def placed(self, slates: Slates) -> Floats:
        """It has none."""
        del slates
        raise NoSupport("probabilities of rounds say nothing of slates")
