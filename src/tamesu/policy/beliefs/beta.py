"""Beta belief: rewards of 0 and 1, context-free, independent arms."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from tamesu.base import GRID, Bug, Declaration, InvalidDeclaration, InvalidInput, Time
from tamesu.policy.contract import Arms, Batch, Marginals, Reading, Same
from tamesu.policy.families.beta import BetaFamily
from tamesu.policy.forgetting import tally
from tamesu.policy.priors import refuse_undeclared
from tamesu.policy.table import Table
from tamesu.policy.tally import Shape, Tally

FAILURES, SUCCESSES = "failures", "successes"
SHAPE = Shape(counting=(FAILURES, SUCCESSES))

LEAST_PRIOR, MOST_PRIOR = 1e-6, 1e9
"""Within them propensities are exact to their bound; beyond, a prior says no more than these do."""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the beta belief.

    Attributes:
        prior: (alpha, beta) of every arm, both within 1e-6 and 1e9.
        priors: the same for single arms, by id.
    """

    prior: tuple[float, float] = (1.0, 1.0)
    priors: dict[str, tuple[float, float]] = {}


class BetaBelief:
    """theta_a ~ Beta(alpha_a + S_a, beta_a + F_a), S and F the counted ones and zeros of arm a.

    The conjugate model of a rate. Evidence is two integers per arm, so any order and any batching
    give the same bits. With `forgetting` S and F are weighed sums, as exact. O(n) per batch of n rows,
    O(arms) per absorb.

    Regret of Thompson sampling on it is within a constant of the Lai-Robbins bound for fixed rates;
    it stops holding when rates drift and nothing is forgotten, or when rewards are not 0 or 1.

    Source: Thompson 1933; Agrawal & Goyal 2012.
    """

    family = "beta"
    contextual = False
    exact = True
    bounds = None

    def __init__(
        self,
        prior: tuple[float, float],
        priors: Mapping[str, tuple[float, float]],
        sums: Tally,
    ) -> None:
        self._prior = prior
        self._priors = priors
        self._tally = sums

    def init(self) -> Table:
        """No arm has evidence."""
        return self._tally.empty()

    def reading(self, state: Table, arms: Arms, time: Time) -> Reading:
        """Beta posteriors of `arms`; no context changes them.

        Raises:
            Bug: more was taken back from an arm than it was taught.
        """
        told = self._tally.told(state, arms.ids, time)
        successes, failures = (
            told.sums[name].astype(np.float64) * told.scale for name in (SUCCESSES, FAILURES)
        )
        if np.any((successes < 0) | (failures < 0)):
            raise Bug(
                "a beta state must count at least 0 of everything; evidence was taken back twice"
            )
        prior = np.array([self._priors.get(arm, self._prior) for arm in arms.ids]).reshape(-1, 2)
        return Same(
            Marginals(
                kind=self.family,
                family=BetaFamily(prior[:, 0] + successes, prior[:, 1] + failures),
                observations=told.observations,
                total=told.total,
                weight=told.weight,
                total_weight=told.total_weight,
            )
        )

    def evidence(self, state: Table, batch: Batch) -> Table:
        """Ones and zeros counted per arm.

        Raises:
            InvalidInput: a reward that is neither 0 nor 1.
        """
        del state
        one = batch.reward == GRID
        wrong = np.flatnonzero(~one & (batch.reward != 0))
        if wrong.size:
            raise InvalidInput(
                "the beta belief learns rewards of 0 and 1, "
                f"got {batch.reward[wrong[0]] / GRID:.12g} for arm {batch.arm[wrong[0]]!r}",
                hint="say 1 for a success and 0 for none",
            )
        return self._tally.evidence(
            batch, {SUCCESSES: one.astype(np.int64), FAILURES: (~one).astype(np.int64)}
        )

    def absorb(self, state: Table, evidence: Table) -> Table:
        """Counts add up."""
        return self._tally.absorb(state, evidence)


def build(options: Options, declaration: Declaration) -> BetaBelief:
    """The beta belief of a declaration.

    Raises:
        InvalidDeclaration: rewards other than 0 and 1 are possible, or a prior cannot be.
    """
    possible = declaration.reward.possible()
    if possible is None or not possible <= {0.0, 1.0}:
        some = "more than can be listed" if possible is None else _listed(possible)
        raise InvalidDeclaration(
            f"belief beta needs rewards of 0 and 1, but reward.events can make {some}",
            hint="keep one event type, with weight 1 and aggregate any: it happened or it did not; "
            "or use belief: gaussian",
        )
    if declaration.reward.range not in (None, (0.0, 1.0)):
        low, high = declaration.reward.bounds() or (0.0, 1.0)
        raise InvalidDeclaration(
            f"belief beta needs rewards of 0 and 1, but reward.range is [{low:g}, {high:g}]",
            hint="leave reward.range out, or use belief: gaussian",
        )
    _check_prior(options.prior, "policy.belief.prior")
    refuse_undeclared(options.priors, declaration)
    for arm, prior in options.priors.items():
        _check_prior(prior, f"policy.belief.priors.{arm}")
    return BetaBelief(options.prior, options.priors, tally(SHAPE, declaration))


def _check_prior(prior: tuple[float, float], where: str) -> None:
    if not all(LEAST_PRIOR <= value <= MOST_PRIOR for value in prior):
        raise InvalidDeclaration(
            f"{where} must be two numbers within {LEAST_PRIOR:g} and {MOST_PRIOR:g}, "
            f"got [{prior[0]:g}, {prior[1]:g}]",
            hint="[1, 1] knows nothing; [1, 99] expects one success in a hundred",
        )


def _listed(values: frozenset[float]) -> str:
    shown = sorted(values)
    return ", ".join(f"{value:g}" for value in shown[:6]) + (" …" if len(shown) > 6 else "")  # noqa: PLR2004 - enough to see the point
