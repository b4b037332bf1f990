"""Beta belief: rewards of 0 and 1, context-free, independent arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import GRID, Bug, Declaration, InvalidDeclaration, InvalidInput, Time
from tamesu.base.errors import close_match
from tamesu.policy.contract import Batch, Marginals
from tamesu.policy.families.beta import BetaFamily
from tamesu.policy.table import Table, numbered

FAILURES, SUCCESSES = "failures", "successes"

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
    give the same bits. O(n) per batch of n rows, O(arms) per absorb.

    Regret of Thompson sampling on it is within a constant of the Lai-Robbins bound for fixed rates;
    it stops holding when rates drift (nothing is forgotten) or when rewards are not 0 or 1.

    Source: Thompson 1933; Agrawal & Goyal 2012.
    """

    family = "beta"

    def __init__(
        self, prior: tuple[float, float], priors: Mapping[str, tuple[float, float]]
    ) -> None:
        self._prior = prior
        self._priors = priors

    def init(self) -> Table:
        """No arm has evidence."""
        return _table([], np.zeros(0, np.int64), np.zeros(0, np.int64))

    def marginals(
        self, state: Table, context: NDArray[np.float64] | None, arms: Sequence[str], time: Time
    ) -> Marginals:
        """Beta posteriors of `arms`; context and time change nothing.

        Raises:
            Bug: more was taken back from an arm than it was taught.
        """
        del context, time
        successes = state.column(SUCCESSES, arms)
        failures = state.column(FAILURES, arms)
        if np.any((successes < 0) | (failures < 0)):
            raise Bug(
                "a beta state must count at least 0 of everything; evidence was taken back twice"
            )
        prior = np.array([self._priors.get(arm, self._prior) for arm in arms]).reshape(-1, 2)
        return Marginals(
            kind=self.family,
            family=BetaFamily(prior[:, 0] + successes, prior[:, 1] + failures),
            observations=successes + failures,
            total=int(state.per_arm[SUCCESSES].sum() + state.per_arm[FAILURES].sum()),
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
        arms, codes = numbered(batch.arm)
        sign = np.ones(len(batch), np.int64) if batch.sign is None else batch.sign
        counts = np.zeros((2, len(arms)), np.int64)
        np.add.at(counts, (one.astype(np.intp), codes), sign)
        return _table(arms, failures=counts[0], successes=counts[1])

    def absorb(self, state: Table, evidence: Table) -> Table:
        """Counts add up."""
        return state + evidence


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
            hint="keep one event type, with weight 1 and aggregate any: it happened or it did not",
        )
    _check_prior(options.prior, "policy.belief.prior")
    known = dict.fromkeys(declaration.arm_ids)
    for arm, prior in options.priors.items():
        if arm not in known:
            match = close_match(arm, known)
            raise InvalidDeclaration(
                f"policy.belief.priors must name declared arms, got {arm!r}",
                hint=f"did you mean {match!r}?" if match else "",
            )
        _check_prior(prior, f"policy.belief.priors.{arm}")
    return BetaBelief(options.prior, options.priors)


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


def _table(arms: Sequence[str], failures: NDArray[np.int64], successes: NDArray[np.int64]) -> Table:
    return Table.of(arms, {FAILURES: failures, SUCCESSES: successes})
