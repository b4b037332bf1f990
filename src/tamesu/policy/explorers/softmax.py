"""Softmax explorer: arms by the exponential of their means."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy.contract import ExplorerOptions, Marginals, PropensitiesOf
from tamesu.policy.many import Sheet
from tamesu.policy.uniforms import Uniforms


class Options(ExplorerOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the softmax explorer.

    Attributes:
        temperature: in units of the reward, above 0: of two arms whose means differ by it, the
            better one is chosen e times as often.
    """

    temperature: float


class SoftmaxExplorer:
    """p_a proportional to exp(mean_a / temperature). O(k) of k arms.

    Needs a mean and nothing else of a belief. Every arm within some 700 temperatures of the best has
    a positive propensity, however bad: good for evaluation where means lie close together.

    How sure the means are plays no part, and the temperature does not fall: like epsilon-greedy its
    regret grows linearly, for ever, the slope being the mean gap under p. The temperature must be
    chosen for the size of the gaps, which nobody knows beforehand.

    Source: Luce 1959; Sutton & Barto 2018, section 2.3.
    """

    families = None
    looks = 1

    def __init__(self, temperature: float, explore: float) -> None:
        self.explore = explore
        self._temperature = temperature

    def draws(self, marginals: Marginals) -> int | None:
        """None: exact."""
        del marginals
        return None

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """The distribution over any subset, by its means."""
        mean = marginals.family.mean()
        temperature = self._temperature

        def propensities(rows: NDArray[np.intp], uniforms: Uniforms | None) -> NDArray[np.float64]:
            del uniforms
            return softmax(mean[rows], temperature)

        return propensities

    def many(self, sheet: Sheet, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """(m, k) propensities of the arms at `rows` (k,) in m contexts."""
        return np.array([softmax(mean, self._temperature) for mean in sheet.mean()[:, rows]])


def softmax(mean: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """(k,) propensities of k arms by their `mean` (k,): exp((mean - highest) / temperature), over its sum.

    Nothing overflows: the highest has the exponent 0. Summed exactly, so that the order of the arms
    changes no bit.

    Example:
        >>> softmax(np.array([0.0, np.log(3.0)]), 1.0)
        array([0.25, 0.75])
    """
    with np.errstate(over="ignore", under="ignore"):
        worth = np.exp((mean - mean.max()) / temperature)
    shares: NDArray[np.float64] = worth / math.fsum(worth)
    return shares


def build(options: Options, declaration: Declaration) -> SoftmaxExplorer:
    """The softmax explorer of a declaration.

    Raises:
        InvalidDeclaration: a temperature that is not above 0.
    """
    del declaration
    if not 0.0 < options.temperature < math.inf:
        raise InvalidDeclaration(
            f"policy.explorer.temperature must be above 0, got {options.temperature:g}",
            hint="a difference of means that matters, such as 0.01 for rates of a few percent",
        )
    return SoftmaxExplorer(options.temperature, options.explore)
