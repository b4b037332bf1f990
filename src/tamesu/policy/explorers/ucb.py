"""UCB explorer: the arm that may be the best, as far as anybody can tell."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy.bounds import Bounds, needed_bounds
from tamesu.policy.contract import POSTERIORS, ExplorerOptions, Marginals, PropensitiesOf
from tamesu.policy.explorers.greedy import highest, on_highest
from tamesu.policy.kl_bound import kl_bound
from tamesu.policy.many import Sheet

MOST_SCALE = 1e6

Variant: TypeAlias = Literal["ucb1", "kl_ucb", "lin_ucb"]


class Options(ExplorerOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the UCB explorer.

    Attributes:
        variant: of the bound: `kl_ucb` or the wider `ucb1`, which count how often an arm was learnt
            from, or `lin_ucb`, which asks the belief how sure it is of an arm in this context. Left out,
            `lin_ucb` where a context or arm_features are declared, else `kl_ucb`.
        scale: factor of the logarithm in `kl_ucb` and of the bonus in the others, above 0; 1 is as
            published, less explores less.
    """

    variant: Variant | None = None
    scale: float = 1.0


class UcbExplorer:
    """p_a = 1 / m for each of the m arms with the highest upper bound, 0 for all others.

    With rewards within [l, h], w = h - l, n_a observations of the arm, t of all arms, s the `scale`
    and mu_a the posterior mean:

    `ucb1`: mu_a + s w sqrt(2 log t / n_a).

    `kl_ucb`: l + w max{q : n_a kl(p_a, q) <= s log t}, p_a = (mu_a - l) / w, kl the divergence of two
    rates. It holds for any rewards within [l, h], and for rewards of 0 and 1 no bound can be sharper.

    `lin_ucb`: mu_a + s d_a, d_a the deviation of the posterior in this context; s is the alpha of the
    authors, and theirs is the deviation with a noise of 1. Where the belief is of log-odds, those are
    compared. It needs no bounds of the reward, and counts nothing: with any other belief it is a
    quantile of the posterior.

    By `ucb1` and `kl_ucb` an arm that nothing was learnt of has an infinite bound, by `lin_ucb` that of
    its prior. O(k) of k arms, some 60 steps in `kl_ucb`.

    Propensities are 0 or 1 but for ties: a log of it evaluates no other policy, so say `explore`
    where logs are for evaluation. And all requests of one snapshot get the same arm: with feedback
    that comes late the arms that nobody has learnt of take all traffic until their rewards return.
    Cap them with `policy.newcomer`, or choose an explorer that draws.

    Regret grows with the logarithm of the rounds, for `kl_ucb` on rewards of 0 and 1 as slowly as
    any policy's can, while rates are fixed and feedback is at once. It stops holding where rates
    drift; with `forgetting` n_a and t are what the observations weigh now, as in discounted UCB. A fixed
    `scale` of `lin_ucb` has no such guarantee (the one that has it grows with the logarithm of the
    rounds), and loses less in practice.

    Source: Auer, Cesa-Bianchi & Fischer 2002 (UCB1); Garivier & Cappe 2011 (KL-UCB, with c = 0);
    Garivier & Moulines 2011 (discounted); Li, Chu, Langford & Schapire 2010 (LinUCB). Ours take the posterior
    mean, prior included, for the mean.
    """

    families = POSTERIORS
    looks = 1

    def __init__(self, explore: float, variant: Variant, scale: float, bounds: Bounds) -> None:
        self.explore = explore
        self._variant = variant
        self._scale = scale
        self._bounds = bounds

    def draws(self, marginals: Marginals) -> int | None:
        """None: exact."""
        del marginals
        return None

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """The distribution over any subset, by its upper bounds."""
        if self._variant == "lin_ucb":
            middle, step = marginals.family.ladder()
            return on_highest(middle + self._scale * step)
        n, t = marginals.weight, marginals.total_weight
        if n is None:
            n, t = marginals.observations.astype(np.float64), float(marginals.total)
        learnt = n > 0.0
        with np.errstate(over="ignore"):
            rate = np.where(learnt, np.log(max(t, 1.0)) / np.where(learnt, n, 1.0), np.inf)
        mean, low = marginals.family.mean(), self._bounds[0]
        width, scale = self._bounds[1] - low, self._scale
        if self._variant == "ucb1":
            return on_highest(mean + scale * width * np.sqrt(2.0 * rate))
        bound = low + width * kl_bound(np.clip((mean - low) / width, 0.0, 1.0), scale * rate)
        return on_highest(np.where(learnt, bound, np.inf))

    def many(self, sheet: Sheet, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """(m, k) propensities of the arms at `rows` (k,) in m contexts."""
        middle, step = (side[:, rows] for side in sheet.ladder())
        if self._variant == "lin_ucb":
            return highest(middle + self._scale * step)
        return np.array([self.over(sheet.at(number))(rows, None) for number in range(len(middle))])


def build(options: Options, declaration: Declaration) -> UcbExplorer:
    """The UCB explorer of a declaration.

    Raises:
        InvalidDeclaration: rewards without bounds, or a scale that cannot be.
    """
    if not 0.0 < options.scale <= MOST_SCALE:
        raise InvalidDeclaration(
            f"policy.explorer.scale must lie above 0 and be at most {MOST_SCALE:g}, "
            f"got {options.scale:g}",
            hint="1 is as published",
        )
    variant = variant_of(declaration, options.variant)
    bounds = (0.0, 1.0) if variant == "lin_ucb" else needed_bounds(declaration, "explorer ucb")
    return UcbExplorer(options.explore, variant, options.scale, bounds)


def variant_of(declaration: Declaration, variant: Variant | None) -> Variant:
    """The variant of a declaration whose options say `variant`, or leave it out."""
    if variant is not None:
        return variant
    return "lin_ucb" if declaration.context or declaration.arm_features else "kl_ucb"
