"""UCB explorer: the arm that may be the best, as far as anybody can tell."""

from __future__ import annotations

from typing import Literal

import numpy as np

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy.contract import ExplorerOptions, Marginals, PropensitiesOf
from tamesu.policy.explorers.greedy import on_highest
from tamesu.policy.kl_bound import kl_bound

MOST_SCALE = 1e6


class Options(ExplorerOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the UCB explorer.

    Attributes:
        variant: of the bound: `kl_ucb`, the sharper one, or `ucb1`.
        scale: factor of the logarithm in `kl_ucb` and of the bonus in `ucb1`, above 0; 1 is as
            published, less explores less.
    """

    variant: Literal["ucb1", "kl_ucb"] = "kl_ucb"
    scale: float = 1.0


class UcbExplorer:
    """p_a = 1 / m for each of the m arms with the highest upper bound, 0 for all others.

    With rewards within [l, h], w = h - l, n_a observations of the arm, t of all arms, s the `scale`
    and mu_a the posterior mean:

    `ucb1`: mu_a + s w sqrt(2 log t / n_a).

    `kl_ucb`: l + w max{q : n_a kl(p_a, q) <= s log t}, p_a = (mu_a - l) / w, kl the divergence of two
    rates. It holds for any rewards within [l, h], and for rewards of 0 and 1 no bound can be sharper.

    An arm that nothing was learnt of has an infinite bound. O(k) of k arms, some 60 steps in `kl_ucb`.

    Propensities are 0 or 1 but for ties: a log of it evaluates no other policy, so say `explore`
    where logs are for evaluation. And all requests of one snapshot get the same arm: with feedback
    that comes late the arms that nobody has learnt of take all traffic until their rewards return.
    Cap them with `policy.newcomer`, or choose an explorer that draws.

    Regret grows with the logarithm of the rounds, for `kl_ucb` on rewards of 0 and 1 as slowly as
    any policy's can, while rates are fixed and feedback is at once. It stops holding where rates
    drift; with `forgetting` n_a and t are what the observations weigh now, as in discounted UCB.

    Source: Auer, Cesa-Bianchi & Fischer 2002 (UCB1); Garivier & Cappe 2011 (KL-UCB, with c = 0);
    Garivier & Moulines 2011 (discounted). Ours take the posterior mean, prior included, for the mean.
    """

    families = None

    def __init__(self, options: Options, bounds: tuple[float, float]) -> None:
        self.explore = options.explore
        self._options = options
        self._bounds = bounds

    def draws(self, marginals: Marginals) -> int | None:
        """None: exact."""
        del marginals
        return None

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """The distribution over any subset, by its upper bounds."""
        n, t = marginals.weight, marginals.total_weight
        if n is None:
            n, t = marginals.observations.astype(np.float64), float(marginals.total)
        learnt = n > 0.0
        with np.errstate(over="ignore"):
            rate = np.where(learnt, np.log(max(t, 1.0)) / np.where(learnt, n, 1.0), np.inf)
        mean, low = marginals.family.mean(), self._bounds[0]
        width, scale = self._bounds[1] - low, self._options.scale
        if self._options.variant == "ucb1":
            return on_highest(mean + scale * width * np.sqrt(2.0 * rate))
        bound = low + width * kl_bound(np.clip((mean - low) / width, 0.0, 1.0), scale * rate)
        return on_highest(np.where(learnt, bound, np.inf))


def build(options: Options, declaration: Declaration) -> UcbExplorer:
    """The UCB explorer of a declaration.

    Raises:
        InvalidDeclaration: rewards without bounds, or a scale that cannot be.
    """
    bounds = declaration.reward.bounds()
    if bounds is None:
        raise InvalidDeclaration(
            "explorer ucb needs bounds of the reward, but reward.events can make any",
            hint="declare them, such as  reward: {range: [0, 100]}",
        )
    if not bounds[0] < bounds[1]:
        raise InvalidDeclaration(
            "explorer ucb needs rewards that may differ, but reward.events can make none but "
            f"{bounds[0]:g}"
        )
    if not 0.0 < options.scale <= MOST_SCALE:
        raise InvalidDeclaration(
            f"policy.explorer.scale must lie above 0 and be at most {MOST_SCALE:g}, "
            f"got {options.scale:g}",
            hint="1 is as published",
        )
    return UcbExplorer(options, bounds)
