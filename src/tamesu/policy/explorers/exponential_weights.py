"""Exponential weights explorer: arms by the exponential of what they would have lost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug, Declaration, InvalidDeclaration
from tamesu.policy.contract import ExplorerOptions, Marginals, PropensitiesOf
from tamesu.policy.explorers.softmax import softmax
from tamesu.policy.families.losses import LossesFamily
from tamesu.policy.uniforms import Uniforms

MOST_SCALE = 1e6
MOST_DELAY = 1e12

Baseline: TypeAlias = Literal["none", "best"]


class Options(ExplorerOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the exponential weights explorer.

    Attributes:
        scale: factor of the learning rate, above 0; 1 is as published, more trusts the past more.
        delay: how many decisions are made, on average, between one and its reward; at least 0.
        horizon: decisions in all, where that is known; left out, those learnt so far.
        baseline: what losses are compared with: `none`, as published, or the `best` arm's mean loss:
            then an arm that came later, or was not always eligible, starts level with the best.
    """

    scale: float = 1.0
    delay: float = 0.0
    horizon: int | None = None
    baseline: Baseline = "none"


class ExponentialWeightsExplorer:
    """p_a proportional to exp(-eta L_a), L_a the estimated losses of arm a. O(K) of K eligible arms.

    eta = scale sqrt(ln K / (t (K + delay))), t the horizon or, anytime, the observations learnt so far
    (with `forgetting`: what they weigh now). t * delay is the sum D of all delays.

    With the baseline `best`, L_a - c R_a takes the place of L_a, R_a the estimated decisions in which arm a
    was in play and c the least mean loss L_a / R_a among the eligible arms: the losses beyond those of the best.
    An arm that nothing was learnt of has none: by itself, L_a = 0 would give it all decisions until
    it has lost as much as the others did in their lives.

    Regret against the best fixed arm is of the order of sqrt((K + delay) t ln K), whatever the rewards are,
    an opponent's included, with `none`. That does not hold for `best`, which loses less where rates stay
    and more where they are turned over. It needs belief `losses`.

    Source: Auer, Cesa-Bianchi, Freund & Schapire 2002; Neu 2015; Thune, Cesa-Bianchi & Seldin 2019 for eta
    with delays. The baseline is our own.
    """

    families = frozenset({"losses"})

    def __init__(self, options: Options) -> None:
        self.explore = options.explore
        self._options = options

    def draws(self, marginals: Marginals) -> int | None:
        """None: exact."""
        del marginals
        return None

    def figures(self, marginals: Marginals) -> Mapping[str, float]:
        """What eta is, all arms being eligible."""
        return {"eta": self._rate(marginals, len(marginals))}

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """The distribution over any subset, by its losses."""
        family = marginals.family
        if not isinstance(family, LossesFamily):
            raise Bug("exponential weights need losses")
        loss, rounds = family.loss, family.rounds
        against_best = self._options.baseline == "best"

        def propensities(rows: NDArray[np.intp], uniforms: Uniforms | None) -> NDArray[np.float64]:
            del uniforms
            losses = loss[rows]
            if against_best:
                losses = beyond_best(losses, rounds[rows])
            return exponential_weights(losses, self._rate(marginals, len(rows)))

        return propensities

    def _rate(self, marginals: Marginals, arms: int) -> float:
        learnt = marginals.total if marginals.weight is None else marginals.total_weight
        t = max(1.0, learnt if self._options.horizon is None else self._options.horizon)
        each = max(arms, 1) + self._options.delay
        return self._options.scale * math.sqrt(math.log(max(arms, 1)) / (t * each))


def exponential_weights(losses: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """(k,) propensities of k arms by their `losses` (k,): exp(-rate losses), over its sum.

    Example:
        >>> exponential_weights(np.array([0.0, np.log(3.0)]), 1.0)
        array([0.75, 0.25])
    """
    return softmax(-rate * losses, 1.0)


def beyond_best(losses: NDArray[np.float64], rounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) losses of k arms beyond what the best of them would have lost in as many rounds; at least 0.

    Args:
        losses: (k,) in all.
        rounds: (k,) in which each was in play.

    Example:
        >>> beyond_best(np.array([4.0, 9.0, 0.0]), np.array([8.0, 10.0, 0.0]))
        array([0., 4., 0.])
    """
    seen = rounds > 0.0
    if not seen.any():
        return np.zeros(len(losses))
    rate = np.where(seen, losses / np.where(seen, rounds, 1.0), np.inf)
    return np.where(seen, rate - rate.min(), 0.0) * rounds


def build(options: Options, declaration: Declaration) -> ExponentialWeightsExplorer:
    """The exponential weights explorer of a declaration.

    Raises:
        InvalidDeclaration: a scale, a delay or a horizon that cannot be.
    """
    del declaration
    if not 0.0 < options.scale <= MOST_SCALE:
        raise InvalidDeclaration(
            f"policy.explorer.scale must lie above 0 and be at most {MOST_SCALE:g}, "
            f"got {options.scale:g}",
            hint="1 is as published",
        )
    if not 0.0 <= options.delay <= MOST_DELAY:
        raise InvalidDeclaration(
            f"policy.explorer.delay must lie in [0, {MOST_DELAY:g}], got {options.delay:g}",
            hint="decisions made between one and its reward, such as 500",
        )
    if options.horizon is not None and options.horizon < 1:
        raise InvalidDeclaration(
            f"policy.explorer.horizon must be at least 1, got {options.horizon}",
            hint="decisions in all; leave it out where nobody knows",
        )
    return ExponentialWeightsExplorer(options)
