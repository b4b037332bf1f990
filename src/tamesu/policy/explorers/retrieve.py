"""Retrieve explorer: softmax over the highest scores of a large catalogue, and a uniform part over all of it."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy.contract import Marginals, PropensitiesOf
from tamesu.policy.explorers.softmax import softmax
from tamesu.policy.families.points import PointsFamily, highest
from tamesu.policy.many import Sheet
from tamesu.policy.uniforms import Uniforms


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the retrieve explorer.

    Attributes:
        most: how many arms are retrieved, those with the highest scores, at least 1.
        temperature: of the softmax over them, above 0, in units of the score; 1 serves a two-tower policy as it
            was learnt.
        explore: share of the probability that is spread evenly over all eligible arms, [0, 1): all that those have
            which are not retrieved.
    """

    most: int = 100
    temperature: float = 1.0
    explore: float = 0.01


class RetrieveExplorer:
    """p_a = (1 - explore) softmax(score / temperature)_a [a in R] + explore / n, R the highest of n eligible arms.

    O(most) beyond what it takes to find R, which an index does without looking at every arm (`two_tower`). Whatever
    R is, it is a function of the state, the context and the eligible arms alone: an index that misses some of the
    highest costs reward, never the truth of a propensity.

    As softmax it does not know how sure scores are and does not become greedier; of what lies outside of R it
    learns by the uniform part alone, n / explore decisions apiece. With `explore: 0` the log supports no other
    policy outside of R, and evaluation says so.

    Source: Chen et al. 2019 (softmax over what nearest neighbours give, Boltzmann exploration cut at M); the
    uniform part is ours.
    """

    families = None
    looks = 1

    def __init__(self, most: int, temperature: float, explore: float) -> None:
        self.explore = explore
        self._most, self._temperature = most, temperature

    def draws(self, marginals: Marginals) -> int | None:
        """None: exact."""
        del marginals
        return None

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """The distribution over any subset; of scores that an index knows, by that."""
        family, most, temperature = marginals.family, self._most, self._temperature
        points = family if isinstance(family, PointsFamily) else None
        mean = family.mean() if points is None else np.empty(0)

        def propensities(rows: NDArray[np.intp], uniforms: Uniforms | None) -> NDArray[np.float64]:
            del uniforms
            shares = np.zeros(len(rows))
            if points is None:
                found = highest(mean[rows], most)
                scores = mean[rows[found]]
            else:
                found = points.highest(rows, most)
                scores = points.scores(rows[found])
            shares[found] = softmax(scores, temperature)
            return shares

        return propensities

    def many(self, sheet: Sheet, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """(m, k) propensities of the arms at `rows` (k,) in m contexts."""
        found = [self.over(sheet.at(number))(rows, None) for number in range(len(sheet.mean()))]
        return np.array(found).reshape(-1, len(rows))


def build(options: Options, declaration: Declaration) -> RetrieveExplorer:
    """The retrieve explorer of a declaration.

    Raises:
        InvalidDeclaration: a temperature that is not above 0, or nothing to retrieve.
    """
    del declaration
    if not 0.0 < options.temperature < math.inf:
        raise InvalidDeclaration(
            f"policy.explorer.temperature must be above 0, got {options.temperature:g}",
            hint="1 serves a two-tower policy as it was learnt",
        )
    if options.most < 1:
        raise InvalidDeclaration(f"policy.explorer.most must be at least 1, got {options.most}")
    return RetrieveExplorer(options.most, options.temperature, options.explore)
