"""Uniform explorer: every eligible arm alike, whatever is believed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration
from tamesu.policy.contract import Explorer, ExplorerOptions, Marginals, PropensitiesOf
from tamesu.policy.objectives import Best
from tamesu.policy.uniforms import Uniforms


class Options(ExplorerOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the uniform explorer; `explore` changes nothing here."""


class UniformExplorer:
    """p_a = 1 / n over n eligible arms. O(n).

    The policy whose logs can evaluate any other one; its regret grows linearly, for ever.
    """

    families: frozenset[str] | None = None

    def __init__(self, explore: float) -> None:
        self.explore = explore

    def draws(self, marginals: Marginals) -> int | None:
        """None: exact."""
        del marginals
        return None

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """1 / n for each of n rows."""
        del marginals
        return _alike

    def over_objectives(self, best: Best, key: bytes) -> Explorer:
        """The same: nothing is looked at."""
        del best, key
        return self


def build(options: Options, declaration: Declaration) -> UniformExplorer:
    """The uniform explorer of a declaration."""
    del declaration
    return UniformExplorer(options.explore)


def _alike(rows: NDArray[np.intp], uniforms: Uniforms | None) -> NDArray[np.float64]:
    del uniforms
    return np.full(len(rows), 1.0 / len(rows))
