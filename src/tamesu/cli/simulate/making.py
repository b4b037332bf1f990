"""`Needs`: what the world of one run is made of, and how each that takes more than a line is made.

Refuses to draw from anything but the run's own source.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from tamesu.base import Bug, InvalidInput
from tamesu.base.aims import Aims
from tamesu.sim import (
    CascadeWorld,
    CoefficientsWorld,
    ContextualCascadeWorld,
    DriftingWorld,
    Kinship,
    LinearWorld,
    LogisticWorld,
    PositionedWorld,
    SeveralWorld,
    SwitchingWorld,
    World,
)

SMALLEST_RATE = 1e-9
"""Rates of a logistic world are kept so far from 0 and from 1."""


class Needs(NamedTuple):
    """What the world of one run is made of.

    Attributes:
        given: (n,) what each arm is worth, or none where it is drawn.
        draw: (n,) or (n, k) numbers from the range that was asked for.
        options: by name.
        arms, size: how many, and how many a decision delivers.
        width: columns of a context.
        aims: objectives, where there are several.
        normal: numbers of that shape, standard normal.
        kin: what arms are worth by what they tell of themselves, of the size 1, drawn now; pairs of
            slots, and what crosses them with a context, count so much beside options. None where arms
            tell nothing.
    """

    given: NDArray[np.float64] | None
    draw: Callable[[int | tuple[int, int]], NDArray[np.float64]]
    options: Mapping[str, float]
    arms: int
    size: int
    width: int
    normal: Callable[[tuple[int, int]], NDArray[np.float64]]
    kin: Callable[[float], Kinship] | None = None
    aims: Aims | None = None

    @property
    def rates(self) -> NDArray[np.float64]:
        """As given, else drawn now."""
        return self.draw(self.arms) if self.given is None else self.given


def drifting(needs: Needs) -> World:
    """From rates to others, both drawn."""
    return DriftingWorld(needs.rates, needs.rates)


def switching(needs: Needs) -> World:
    """Rates that jump: drawn anew each time, or given ones that go to the next arm."""
    jumps = int(needs.options["jumps"])
    if needs.given is not None:
        return SwitchingWorld(np.stack([np.roll(needs.given, jump) for jump in range(jumps + 1)]))
    return SwitchingWorld(needs.draw((jumps + 1, needs.arms)))


def positioned(needs: Needs) -> World:
    """Rates by position, looked at less further down."""
    rates = needs.rates
    own = needs.draw((needs.arms, needs.size))
    examination = [needs.options["examined"] ** position for position in range(needs.size)]
    return PositionedWorld.examined(rates, examination, own=own, apart=needs.options["apart"])


def _kinship(needs: Needs) -> Kinship:
    """What arms are worth in a context, beside their own worth: of the deviation `slope`.

    `shared` of its variance is by what they tell of themselves, the rest is each arm's own: so large that
    products with N(0, I) have its deviation, whatever the width.
    """
    if not needs.width:
        raise InvalidInput(
            "a world with a context needs columns of one, and the declaration has none",
            hint="declare  context: 10  or another schema",
        )
    slope = needs.options["slope"]
    shared = 0.0 if needs.kin is None else needs.options["shared"]
    scale = slope * math.sqrt(1.0 - shared) / math.sqrt(needs.width)
    own = Kinship(np.zeros(needs.arms), scale * needs.normal((needs.arms, needs.width)))
    if needs.kin is None or not shared:
        return own
    kin = needs.kin(1.0).times(slope * math.sqrt(shared))
    return Kinship(kin.offsets, own.coefficients + kin.coefficients)


def linear(needs: Needs) -> CoefficientsWorld:
    """Rewards that are numbers, by context."""
    kin = _kinship(needs)
    return LinearWorld(kin.coefficients, needs.rates + kin.offsets, sd=needs.options["sd"])


def logistic(needs: Needs) -> CoefficientsWorld:
    """Rewards that are 1 or 0, by context."""
    kin = _kinship(needs)
    return LogisticWorld(kin.coefficients, _logits(needs.rates) + kin.offsets)


def cascade(needs: Needs) -> World | CoefficientsWorld:
    """People who look from the top, by context where there is one."""
    if not needs.width:
        return CascadeWorld(needs.rates)
    kin = _kinship(needs)
    return ContextualCascadeWorld(kin.coefficients, _logits(needs.rates) + kin.offsets)


def combination(needs: Needs) -> CoefficientsWorld:
    """Combinations, worth what their options, pairs and crosses are."""
    if needs.kin is None:
        raise Bug("combinations tell of their options")
    usual = _logits(needs.draw(1))
    kin = needs.kin(needs.options["crossed"]).times(needs.options["slope"])
    return LogisticWorld(kin.coefficients, usual + kin.offsets)


def several(needs: Needs) -> SeveralWorld:
    """Rates by objective, drawn each by itself; so much as objectives are `against` each other, an arm has
    portions of them: much of one leaves little of the others.
    """
    if needs.aims is None:
        raise Bug("a declaration without objectives is refused before")
    shape = needs.arms, len(needs.aims.names)
    portions = needs.normal(shape) ** 2
    portions *= shape[1] / portions.sum(axis=1, keepdims=True)
    rates = needs.draw(shape) * (1.0 + needs.options["against"] * (portions - 1.0))
    return SeveralWorld(np.minimum(rates, 1.0), needs.aims)


def _logits(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    logits: NDArray[np.float64] = logit(np.clip(rates, SMALLEST_RATE, 1 - SMALLEST_RATE))
    return logits
