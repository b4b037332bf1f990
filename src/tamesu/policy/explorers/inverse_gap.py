"""Inverse gap explorer: arms by how far their predicted rewards lie below the best."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy.bounds import Bounds, needed_bounds
from tamesu.policy.contract import ExplorerOptions, Marginals, PropensitiesOf
from tamesu.policy.many import Sheet
from tamesu.policy.uniforms import Uniforms
from tamesu.policy.wins import are_highest

MOST_SCALE = 1e9


class Options(ExplorerOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the inverse gap explorer.

    Attributes:
        scale: of gamma, how greedy it is, above 0: gamma = scale t^exponent after t observations. It suits rewards that
            fill their range, as clicks do; where the range is w times as wide as two deviations of a reward, take w
            times as much.
        exponent: how fast it turns greedy, from 0 (never more than at first) to 2.
    """

    scale: float = 10.0
    exponent: float = 0.5


class InverseGapExplorer:
    """p_a = 1 / (K + gamma (y_b - y_a)) for every arm but the best b, which has the rest.

    K eligible arms, y their predicted rewards scaled by the reward's bounds to [0, 1], gamma =
    scale t^exponent, t the observations learnt of all arms (with `forgetting`: what they weigh now).
    Where several arms are the best, they share what the best has, to the bit. O(K).

    Needs a mean and nothing else of a belief, so it goes with any regression. Every arm keeps at least
    1 / (K + gamma) while predictions lie within the bounds: a log of it can evaluate other policies.
    Those that lie outside count as they are.

    Regret is of the order of sqrt(K T R), R the excess squared error of the predictions in all, however
    contexts are chosen. It stops holding where no function that the belief can learn gives the rewards.
    The belief is trained without importance weights. The price of the guarantee is exploration that
    does not care what is known: on friendly problems others lose less.

    Source: Foster & Rakhlin 2020 (SquareCB), with the schedule of gamma left open there; the ties are
    our own.
    """

    families = None
    looks = 1

    def __init__(self, options: Options, bounds: Bounds) -> None:
        self.explore = options.explore
        self._options = options
        self._low, self._width = bounds[0], bounds[1] - bounds[0]

    def draws(self, marginals: Marginals) -> int | None:
        """None: exact."""
        del marginals
        return None

    def figures(self, marginals: Marginals) -> Mapping[str, float]:
        """What gamma is."""
        return {"gamma": self._gamma(marginals)}

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """The distribution over any subset, by its means."""
        predicted = (marginals.family.mean() - self._low) / self._width
        gamma = self._gamma(marginals)

        def propensities(rows: NDArray[np.intp], uniforms: Uniforms | None) -> NDArray[np.float64]:
            del uniforms
            return inverse_gap(predicted[rows], gamma)

        return propensities

    def many(self, sheet: Sheet, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """(m, k) propensities of the arms at `rows` (k,) in m contexts, one at least."""
        gamma = self._gamma(sheet.at(0))
        predicted = (sheet.mean()[:, rows] - self._low) / self._width
        return np.array([inverse_gap(one, gamma) for one in predicted])

    def _gamma(self, marginals: Marginals) -> float:
        learnt = marginals.total if marginals.weight is None else marginals.total_weight
        return float(self._options.scale * max(0.0, learnt) ** self._options.exponent)


def inverse_gap(predicted: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """(k,) propensities of k arms by their `predicted` rewards (k,), gamma at least 0.

    Summed exactly, so that the order of the arms changes no bit.

    Example:
        >>> inverse_gap(np.array([0.3, 0.2, 0.1]), 100.0).round(6)
        array([0.879599, 0.076923, 0.043478])
    """
    k = len(predicted)
    gap = predicted.max() - predicted
    with np.errstate(over="ignore"):
        shares: NDArray[np.float64] = 1.0 / (k + gamma * gap)
    best = are_highest(predicted)
    others = math.fsum(shares[~best])
    shares[best] = (1.0 - others) / np.count_nonzero(best)
    return shares


def build(options: Options, declaration: Declaration) -> InverseGapExplorer:
    """The inverse gap explorer of a declaration.

    Raises:
        InvalidDeclaration: rewards without bounds, a scale or an exponent that cannot be.
    """
    bounds = needed_bounds(declaration, "explorer inverse_gap")
    if not 0.0 < options.scale <= MOST_SCALE:
        raise InvalidDeclaration(
            f"policy.explorer.scale must lie above 0 and be at most {MOST_SCALE:g}, "
            f"got {options.scale:g}",
            hint="10 by default; more is greedier",
        )
    if not 0.0 <= options.exponent <= 2.0:  # noqa: PLR2004 - beyond, nothing is left to explore
        raise InvalidDeclaration(
            f"policy.explorer.exponent must lie in [0, 2], got {options.exponent:g}",
            hint="0.5 is what the bound on its regret asks for",
        )
    return InverseGapExplorer(options, bounds)
