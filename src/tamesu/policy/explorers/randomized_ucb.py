"""Randomized UCB explorer: upper bounds of one random height, the same for all arms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy.contract import POSTERIORS, ExplorerOptions, Marginals, PropensitiesOf
from tamesu.policy.many import Sheet
from tamesu.policy.uniforms import Uniforms
from tamesu.policy.wins import are_highest, as_high_as, won, won_each

MOST_POINTS = 1_000
"""More would change no propensity by what anybody could see, and each costs a look at every arm."""

MANY = 128
"""Beyond so many arms, those that cannot be the highest are looked for first."""

GRAIN = 2.0**-44
"""Of weights: sums of few of its multiples are exact."""

MOST_DEVIATION = 1e300
"""An infinite one counts as this: beside it every mean is nothing, and no height makes it infinite."""

MOST_WIDTH = 30.0
"""The density of the height there is 1e-196 of its largest."""


class Options(ExplorerOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the randomized UCB explorer.

    Attributes:
        points: heights on the grid, from 2 to 1,000; as many arms at most have a positive propensity.
        width: the greatest height, in deviations, above 0 and at most 30.
    """

    points: int = 32
    width: float = 2.0


class RandomizedUcbExplorer:
    """p_a = the weight of the heights z at which mean_a + z deviation_a is the highest.

    z lies on a grid of `points` from 0 to `width`, weighed by exp(-z^2 / 2): one z for all arms.
    Where several arms are the highest they share the weight of that height. Exact, for any belief
    with a mean and a deviation, also where arms depend on each other. O(points k) of k arms.

    Two deviations find what is hidden. Greater heights are drawn seldom, and what they cost is more than what
    they find: every arm of which little is known wins there.

    At most `points` arms have a positive propensity, and arms that are both worse and better known
    than another have none: where logs are for evaluation, say `explore`.

    The authors' heights grow with the rounds, and so their regret is that of UCB. With a fixed `width`
    this guarantee is lost: an arm whose first rewards were bad may be left for ever, where `width`
    deviations do not reach the best. In practice little is lost and nothing is to be tuned. An arm
    that nothing was learnt of has the deviation of its prior, not an infinite bound, so that it gets
    a share of the requests while its rewards are under way, and not all.

    Source: Vaswani, Mehrabian, Durand & Kveton 2020, with a normal, coupled z; ours have no mass set
    aside for the greatest height, and the posterior's deviation in place of 1 / sqrt(n).
    """

    families = POSTERIORS

    def __init__(self, points: int, width: float, explore: float) -> None:
        self.explore = explore
        self.looks = points
        heights = np.linspace(0.0, width, points)
        self._lines = np.stack([np.ones(points), heights], axis=1)
        self._weights = weights_of(heights)

    def draws(self, marginals: Marginals) -> int | None:
        """None: exact."""
        del marginals
        return None

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """The distribution over any subset, by the ladders of its posteriors."""
        mean, deviation = marginals.family.ladder()
        lines, weights = self._lines, self._weights

        def propensities(rows: NDArray[np.intp], uniforms: Uniforms | None) -> NDArray[np.float64]:
            del uniforms
            return randomized_ucb(mean[rows], deviation[rows], lines, weights)

        return propensities

    def many(self, sheet: Sheet, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """(m, k) propensities of the arms at `rows` (k,) in m contexts."""
        mean, deviation = (side[:, rows] for side in sheet.ladder())
        if len(rows) > MANY:
            each = zip(mean, deviation, strict=True)
            return np.array([randomized_ucb(*one, self._lines, self._weights) for one in each])
        return won_each(_scores(mean, deviation, self._lines), self._weights)


def weights_of(heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) in proportion to exp(-z^2 / 2), to `GRAIN`: so they add up to 1 to the bit, in any order.

    Example:
        >>> weights_of(np.array([0.0, 1.0, 2.0])).round(6)
        array([0.574097, 0.348207, 0.077696])
    """
    density = np.exp(-0.5 * heights**2)
    weights: NDArray[np.float64] = np.rint(density / density.sum() / GRAIN) * GRAIN
    weights[0] += 1.0 - weights.sum()
    return weights


def randomized_ucb(
    mean: NDArray[np.float64],
    deviation: NDArray[np.float64],
    lines: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(k,) propensities of k arms by `mean` and `deviation` (k,), over m heights with `weights` (m,).

    `lines` (m, 2) are (1, z) of each height z; they rise from 0.

    A deviation may be infinite (a Student-t with two degrees of freedom): above height 0 such arms
    are the highest, at height 0 their means count.

    Example:
        >>> randomized_ucb(
        ...     np.array([0.5, 0.375]),
        ...     np.array([0.125, 0.25]),
        ...     np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]),
        ...     np.array([0.5, 0.3, 0.2]),
        ... )
        array([0.65, 0.35])
    """
    if len(mean) <= MANY:
        return _among(mean, deviation, lines, weights)
    # Scores are lines in the height: below one line at both ends is below it everywhere.
    last = mean + lines[-1, 1] * deviation
    top = are_highest(mean)
    near = np.flatnonzero(top | (last >= as_high_as(last[top].max(keepdims=True))))
    shares = np.zeros(len(mean))
    shares[near] = _among(mean[near], deviation[near], lines, weights)
    return shares


def _among(
    mean: NDArray[np.float64],
    deviation: NDArray[np.float64],
    lines: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """`randomized_ucb`, by a look at every arm from every height."""
    return won(_scores(mean, deviation, lines), weights)


def _scores(
    mean: NDArray[np.float64], deviation: NDArray[np.float64], lines: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(..., m, k) scores of arms (..., k) at m heights: a product of matrices, which is soonest."""
    ends = np.empty((*mean.shape[:-1], 2, mean.shape[-1]))
    ends[..., 0, :] = mean
    # At height 0 an infinite deviation is nothing.
    np.minimum(deviation, MOST_DEVIATION, out=ends[..., 1, :])
    scores: NDArray[np.float64] = lines @ ends
    return scores


def build(options: Options, declaration: Declaration) -> RandomizedUcbExplorer:
    """The randomized UCB explorer of a declaration.

    Raises:
        InvalidDeclaration: points or a width that cannot be.
    """
    del declaration
    if not 2 <= options.points <= MOST_POINTS:  # noqa: PLR2004 - one point is no choice
        raise InvalidDeclaration(
            f"policy.explorer.points must lie in 2..{MOST_POINTS}, got {options.points}"
        )
    if not 0.0 < options.width <= MOST_WIDTH:
        raise InvalidDeclaration(
            f"policy.explorer.width must lie above 0 and be at most {MOST_WIDTH:g}, "
            f"got {options.width:g}",
            hint="2 deviations, as the default, find what is hidden; more explores more",
        )
    return RandomizedUcbExplorer(options.points, options.width, options.explore)
