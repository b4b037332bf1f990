"""Thompson explorer: an arm is chosen as often as it is believed to be the best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration
from tamesu.policy.contract import ExplorerOptions, Marginals, PropensitiesOf
from tamesu.policy.quadrature import Quadrature
from tamesu.policy.uniforms import Uniforms


class Options(ExplorerOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the Thompson explorer."""


class ThompsonExplorer:
    """p_a = P(the score of a is the largest), by quadrature; no Monte Carlo.

    Independent arms only: a belief whose arms share parameters needs draws. Cost and error: see
    `tamesu.policy.quadrature`.

    Regret is within a constant of the Lai-Robbins bound for the true model; it stops holding when
    feedback is correlated within a batch that one snapshot decides for too long, or the belief is
    wrong about its own uncertainty.

    Source: Thompson 1933; Chapelle & Li 2011; exact propensities: Jeunen 2025.
    """

    families = frozenset({"beta", "normal", "student_t"})

    def __init__(self, explore: float) -> None:
        self.explore = explore

    def draws(self, marginals: Marginals) -> int | None:
        """None: exact."""
        del marginals
        return None

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """Probabilities of being the best of any subset."""
        quadrature = Quadrature(marginals.family)

        def propensities(rows: NDArray[np.intp], uniforms: Uniforms | None) -> NDArray[np.float64]:
            del uniforms
            return quadrature.best_of(rows)

        return propensities


def build(options: Options, declaration: Declaration) -> ThompsonExplorer:
    """The Thompson explorer of a declaration."""
    del declaration
    return ThompsonExplorer(options.explore)
