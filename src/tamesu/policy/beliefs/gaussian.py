"""Gaussian belief: any real reward, context-free, independent arms, noise learnt too."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import GRID, Bug, Declaration, Time, convert
from tamesu.base.grid import to_grid
from tamesu.policy.contract import Arms, Batch, Marginals, Reading, Same
from tamesu.policy.families.student_t import StudentTFamily
from tamesu.policy.forgetting import tally
from tamesu.policy.gaussian_prior import Filled, Prior, by_bounds, filled
from tamesu.policy.integers import times
from tamesu.policy.priors import refuse_undeclared
from tamesu.policy.table import Table
from tamesu.policy.tally import Shape, Tally

CLIPPED, COUNT, REWARDS, SQUARES = "clipped", "count", "rewards", "squares"
SHAPE = Shape(counting=(COUNT,), sums=(REWARDS, SQUARES), raw=(CLIPPED,))


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the gaussian belief.

    Attributes:
        prior: `{mean, kappa, a, b}` of every arm. Left out, the middle of the rewards' bounds, 1, 2,
            and the square of a quarter of their width.
        priors: the same for single arms, by id; what they leave out is as in `prior`.
    """

    prior: Prior = Prior()
    priors: dict[str, Prior] = {}


class GaussianBelief:
    """r ~ N(mu_a, sigma_a^2), both unknown: normal-inverse-gamma, so mu_a is Student-t.

    With n rewards of mean m and scatter S = sum (r - m)^2, and the prior (m0, k0, a0, b0):

        k = k0 + n      mean = m0 + n (m - m0) / k      a = a0 + n / 2
        b = b0 + S / 2 + k0 n (m - m0)^2 / (2 k)
        mu_a is Student-t with 2 a degrees of freedom, at mean, with scale sqrt(b / (a k)).

    Evidence is n, the sum of the rewards and that of their squares, as whole numbers of any size: any
    order and any batching give the same bits, nothing cancels however far the rewards lie from 0, and b
    is never below its prior. O(n) per batch of n rows, O(arms) per absorb.

    Rewards outside of their bounds are clipped to them, and counted: one huge reward would make its arm
    uncertain for a long time, and `reward.range` says that it is none. Without bounds nothing is clipped.

    Thompson sampling on it has logarithmic regret where rewards are normal with any variances. That stops
    holding where they drift, or where they are mostly 0 and rarely large: then the noise is judged too
    small as long as no large one came, and the arm that had one first may win for long.

    Source: Gelman et al., Bayesian data analysis, 3.3; Honda & Takemura 2014 on priors (theirs is another).
    """

    family = "student_t"
    contextual = False
    exact = True

    def __init__(
        self,
        prior: Filled,
        priors: Mapping[str, Filled],
        bounds: tuple[float, float] | None,
        sums: Tally,
    ) -> None:
        self.bounds = bounds
        self.prior = prior
        self._priors = priors
        self._tally = sums

    def init(self) -> Table:
        """No arm has evidence."""
        return self._tally.empty()

    def reading(self, state: Table, arms: Arms, time: Time) -> Reading:
        """Student-t posteriors of the mean rewards of `arms`; no context changes them.

        Raises:
            Bug: more was taken back from an arm than it was taught.
        """
        told = self._tally.told(state, arms.ids, time)
        prior = np.array([self._priors.get(arm, self.prior) for arm in arms.ids]).reshape(-1, 4)
        mean, kappa, a, b = prior.T
        n, average, scatter = _moments(told.sums, told.scale)
        if np.any(told.observations < 0):
            raise Bug(
                "a gaussian state must count at least 0 of everything; evidence was taken back twice"
            )
        apart = np.where(n > 0, average - mean, 0.0)
        sure, a = kappa + n, a + 0.5 * n
        b = b + 0.5 * scatter + 0.5 * (kappa / sure) * n * apart * apart
        return Same(
            Marginals(
                kind=self.family,
                family=StudentTFamily(2.0 * a, mean + n / sure * apart, np.sqrt(b / a / sure)),
                observations=told.observations,
                total=told.total,
                weight=told.weight,
                total_weight=told.total_weight,
                clipped=told.raw[CLIPPED],
            )
        )

    def evidence(self, state: Table, batch: Batch) -> Table:
        """Rewards, clipped, and their squares added up per arm."""
        del state
        reward = batch.reward
        if self.bounds is not None:
            low, high = (to_grid(bound) for bound in self.bounds)
            reward = np.clip(reward, low, high)
        return self._tally.evidence(
            batch,
            {
                COUNT: np.ones(len(batch), np.int64),
                REWARDS: reward,
                SQUARES: times(reward, reward),
                CLIPPED: (reward != batch.reward).astype(np.int64),
            },
        )

    def absorb(self, state: Table, evidence: Table) -> Table:
        """Sums add up."""
        return self._tally.absorb(state, evidence)


def build(options: Options, declaration: Declaration) -> GaussianBelief:
    """The gaussian belief of a declaration.

    Raises:
        InvalidDeclaration: neither bounds nor a prior, or a prior that cannot be.
    """
    bounds = declaration.reward.bounds()
    common = options.prior.over(by_bounds(bounds))
    refuse_undeclared(options.priors, declaration)
    prior = filled(common, "policy.belief.prior", bounds)
    priors = {
        arm: filled(one.over(common), f"policy.belief.priors.{arm}", bounds)
        for arm, one in options.priors.items()
    }
    return GaussianBelief(prior, priors, bounds, tally(SHAPE, declaration))


def prior_of(declaration: Declaration) -> Filled:
    """The prior of every arm of a declaration of this kind that has none of its own.

    Raises:
        InvalidDeclaration: as `build`.
    """
    options = convert(declaration.belief.options, Options, "policy.belief (gaussian)")
    return build(options, declaration).prior


def _moments(
    sums: Mapping[str, NDArray[np.object_]], scale: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(n,) weighed count, mean and scatter; whole numbers up to the last division."""
    columns = (sums[name].tolist() for name in (COUNT, REWARDS, SQUARES))
    rows = [
        (
            count * scale,
            rewards / (count * GRID),
            scale * ((count * squares - rewards**2) / (count * GRID * GRID)),
        )
        if count > 0
        else (0.0, 0.0, 0.0)
        for count, rewards, squares in zip(*columns, strict=True)
    ]
    n, average, scatter = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return n, average, scatter
