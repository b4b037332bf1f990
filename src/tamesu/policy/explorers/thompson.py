"""Thompson explorer: an arm is chosen as often as it is believed to be the best."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug, Declaration, InvalidDeclaration
from tamesu.policy.bells import best_of_bells
from tamesu.policy.contract import (
    POSTERIORS,
    Explorer,
    ExplorerOptions,
    Family,
    Marginals,
    PropensitiesOf,
)
from tamesu.policy.objectives import Best, MixtureOfDraws
from tamesu.policy.quadrature import Quadrature
from tamesu.policy.uniforms import Uniforms
from tamesu.policy.wins import won

MOST_DRAWS = 10_000
"""One decision in as many is then a uniform one, and each draw costs a look at every arm."""


class Options(ExplorerOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the Thompson explorer.

    Attributes:
        draws: of the scores of all arms, where a belief's arms share parameters (for each decision) or
            objectives are learnt apart; from 1 to 10,000. Else nothing is drawn.
    """

    draws: int = 64


class ThompsonExplorer:
    """p_a = P(the score of a is the largest).

    Independent arms: by quadrature, no Monte Carlo; cost and error: see `tamesu.policy.quadrature`, and for
    decisions in contexts `tamesu.policy.bells`.

    Arms that share parameters: out of m joint draws of all scores, made of the decision's own uniforms.
    Arm a wins a share f_a of them, and

        p_a = (m f_a + 1 / n) / (m + 1)        for n eligible arms: the draws, and one uniform one.

    The decision is drawn from *that*, so it is exact whatever m is. Without the uniform draw an arm that won
    no draw has lost its support, and estimates that divide by propensities are biased: the mean weight of
    the uniform policy is then below 1. The price is 1 / (m + 1) of all decisions.

    Regret is within a constant of the Lai-Robbins bound for the true model; it stops holding when
    feedback is correlated within a batch that one snapshot decides for too long, or the belief is
    wrong about its own uncertainty.

    Source: Thompson 1933; Chapelle & Li 2011; Agrawal & Goyal 2013 (linear); exact propensities:
    Jeunen 2025. The uniform draw is our own.
    """

    families = POSTERIORS

    def __init__(self, draws: int, explore: float) -> None:
        self.explore = explore
        self._draws = draws

    def draws(self, marginals: Marginals) -> int | None:
        """As many as declared, where arms share parameters; none where they are independent: exact."""
        return None if marginals.joint is None else self._draws

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """Probabilities of being the best of any subset."""
        if marginals.joint is not None:
            return _Drawn(marginals.joint, self._draws)
        return _Computed(marginals.family, passing=marginals.passing)

    def over_objectives(self, best: Best, key: bytes) -> Explorer:
        """The best mixtures of draws of several objectives; drawn where arms are independent too."""
        return MixtureOfDraws(best, self._draws, self.explore, key)


class _Computed:
    """Probabilities of being the best of independent arms: those of one context soon, others exactly."""

    def __init__(self, family: Family, *, passing: bool) -> None:
        self._family = family
        self._passing = passing
        self._quadrature: Quadrature | None = None if passing else Quadrature(family)

    def __call__(self, rows: NDArray[np.intp], uniforms: Uniforms | None) -> NDArray[np.float64]:
        del uniforms
        if self._passing:
            found = best_of_bells(self._family.take(rows))
            if found is not None:
                return found
        quadrature = self._quadrature
        if quadrature is None:
            quadrature = self._quadrature = Quadrature(self._family)
        return quadrature.best_of(rows)


class _Drawn:
    """How often each arm of a subset is the best of m joint draws, the uniform draw included.

    All subsets that one decision asks about (position after position) see the same draws.
    """

    def __init__(self, joint: Callable[[int, Uniforms], NDArray[np.float64]], draws: int) -> None:
        self._joint = joint
        self._draws = draws
        self._last: tuple[Uniforms, NDArray[np.float64]] | None = None

    def __call__(self, rows: NDArray[np.intp], uniforms: Uniforms | None) -> NDArray[np.float64]:
        if uniforms is None:
            raise Bug("propensities made of draws need the uniforms of a decision")
        last = self._last
        if last is None or last[0] is not uniforms:
            # Another thread may replace it: what is used is what was looked at, or made, here.
            last = self._last = (uniforms, self._joint(self._draws, uniforms))
        return drawn(last[1].take(rows, axis=1))  # as rows: ten times as fast to look through


def drawn(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) propensities of k arms by m joint draws `scores` (m, k) and a uniform one.

    Equal scores share their draw, to the bit.

    Example:
        >>> drawn(np.array([[0.5, 0.25], [0.5, 0.75], [0.5, 0.0]]))
        array([0.625, 0.375])
    """
    m, k = scores.shape
    shares: NDArray[np.float64] = (won(scores, np.full(len(scores), 1.0)) + 1.0 / k) / (m + 1.0)
    return shares


def build(options: Options, declaration: Declaration) -> ThompsonExplorer:
    """The Thompson explorer of a declaration.

    Raises:
        InvalidDeclaration: a number of draws that cannot be.
    """
    del declaration
    if not 1 <= options.draws <= MOST_DRAWS:
        raise InvalidDeclaration(
            f"policy.explorer.draws must lie in 1..{MOST_DRAWS:,}, got {options.draws:,}",
            hint="64 gives one decision in 65 to the uniform draw; more cost time, decision by decision",
        )
    return ThompsonExplorer(options.draws, options.explore)
