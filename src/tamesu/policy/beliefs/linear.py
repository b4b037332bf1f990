"""Linear belief: the reward is linear in what is known; coefficients by arm, shared, or both."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import GRID, Declaration, InvalidDeclaration, Time
from tamesu.policy.contract import Arms, Batch, Reading
from tamesu.policy.design import Design, Sharing, design_of
from tamesu.policy.fading import Weighing, weighing_of
from tamesu.policy.foreknown import ArmPrior, Foreknown, foreknown_of, with_foreknown
from tamesu.policy.gram import Some, Sums, sums_of, these
from tamesu.policy.linear_noise import NoisePrior
from tamesu.policy.linear_posterior import LinearPosterior
from tamesu.policy.linear_sums import CLIPPED, OBSERVATIONS, SQUARES, WEIGHT, columns_of
from tamesu.policy.table import Table

Floats = NDArray[np.float64]

LEAST, MOST = 1e-12, 1e12
"""Of ridge and noise; beyond it they could not be told from none, or from no doubt."""

LEAST_WEIGHT, MOST_WEIGHT = 2.0, 1e9


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the linear belief.

    Attributes:
        sharing: whose the coefficients are: of each arm (`per_arm`), of all arms, which then differ by
            their features (`shared`), or both, added up (`hybrid`).
        ridge: precision of the prior of every coefficient, in units of the noise's.
        intercept: the same of each arm's own intercept, in units of `ridge`.
        mean: of a reward where nothing is known, the prior of every arm; or `learnt`: where the arms'
            intercepts stand in the middle.
        noise: variance of a reward, or `learnt`.
        noise_weight: how many rewards of an arm what is thought of its noise beforehand weighs; above 2.
        priors: what is expected of the own coefficients of single arms, by id.
    """

    sharing: Sharing = "per_arm"
    ridge: float = 1.0
    intercept: float = 8.0
    mean: float | Literal["learnt"] = "learnt"
    noise: float | Literal["learnt"] = "learnt"
    noise_weight: float = 3.0
    priors: dict[str, ArmPrior] = {}


class LinearBelief:
    """r = theta_a . (1, x) + beta . phi(x, a) + noise: Bayesian ridge regression.

    Evidence is the sums of products of own columns, joint columns and rewards: it adds up, in any batching,
    to rounding. Without forgetting the posterior mean is the ridge regression of all that was learnt.
    O(rows d^2) per batch, O(arms d^3) for the arms that changed when a state is read.

    Rewards are learnt as they are, but where `reward.range` is declared: then they are clipped to it, and
    counted.
    """

    contextual = True
    exact = True

    def __init__(
        self,
        design: Design,
        weighing: Weighing,
        options: Options,
        declaration: Declaration,
    ) -> None:
        self.bounds = declaration.reward.range
        self._design = design
        self._weighing = weighing
        self._mean = 0.0 if isinstance(options.mean, str) else options.mean
        self.family = "student_t" if isinstance(options.noise, str) else "normal"
        noise: NoisePrior | float = (
            NoisePrior(0.5 * options.noise_weight, declaration.reward.bounds())
            if isinstance(options.noise, str)
            else options.noise
        )
        self._posterior = LinearPosterior(
            design,
            options.ridge,
            noise,
            intercept=options.intercept,
            mean=None if isinstance(options.mean, str) else options.mean,
        )
        foreknown = foreknown_of(options.priors, design.own_names, declaration)
        usual = noise.expected if isinstance(noise, NoisePrior) else noise
        self._prior = None if foreknown is None else self._told(foreknown, usual)

    def init(self) -> Table:
        """No arm has evidence."""
        p, q = self._design.own_width, self._design.joint_width
        return self._table([], Sums(np.zeros((0, p, p + q + 1)), np.zeros((q, q + 1))))

    def evidence(self, state: Table, batch: Batch) -> Table:
        """Sums by arm, and over all."""
        del state
        arms, codes = batch.numbered
        p, q = self._design.own_width, self._design.joint_width
        clipped, moved = batch.reward / GRID, None
        if self.bounds is not None:
            reward, clipped = clipped, np.clip(clipped, *self.bounds)
            moved = reward != clipped
        beyond = clipped - self._mean
        weights, marks = self._weighing.weights(batch)

        def rows_of(some: Some) -> Floats:
            rows = self._design.rows(batch, beside=1, some=some).whole
            rows[:, -1] = these(beyond, some)
            return rows

        return self._table(
            arms,
            sums_of(rows_of, (p, q), codes, len(arms), weights),
            {
                OBSERVATIONS: _counted(codes, len(arms), batch.sign),
                CLIPPED: np.zeros(len(arms), np.int64)
                if moved is None
                else _counted(codes, len(arms), batch.sign, moved),
                WEIGHT: np.bincount(codes, weights, len(arms)).astype(np.float64),
                SQUARES: np.bincount(
                    codes,
                    beyond * beyond if weights is None else weights * beyond * beyond,
                    len(arms),
                ),
            },
            marks,
        )

    def absorb(self, state: Table, evidence: Table) -> Table:
        """Sums add up; of an arm of which everything was taken back nothing is left, rounding neither."""
        learnt = state + evidence
        kept = learnt.per_arm[OBSERVATIONS] != 0
        if kept.any():
            return learnt if kept.all() else learnt.where(kept)
        empty = self.init()
        return Table.of(empty.arms, empty.per_arm, empty.shared, learnt.highest)

    def reading(self, state: Table, arms: Arms, time: Time) -> Reading:
        """Posteriors of the reward's mean, for any context.

        Raises:
            Bug: more was taken back from an arm than it was taught.
        """
        scale = self._weighing.scale(state, time)
        known, scale = with_foreknown(state, scale, self._prior)
        return self._posterior.reading(known, arms, scale)

    def _told(self, foreknown: Foreknown, usual: float) -> Table:
        """The sums of rows that were never seen; of a noise that is not told, the `usual` one."""
        k, q = len(foreknown.arms), self._design.joint_width
        coefficients, weight = foreknown.coefficients.copy(), foreknown.rewards
        coefficients[:, 0] -= self._mean
        precision = foreknown.products * weight[:, None, None]
        moment = np.einsum("kij,kj->ki", precision, coefficients)
        noise = np.where(np.isnan(foreknown.noise), usual, foreknown.noise)
        own = np.concatenate(
            [precision, np.zeros((k, self._design.own_width, q)), moment[:, :, None]], axis=2
        )
        counted: dict[str, NDArray[np.int64] | Floats] = {
            OBSERVATIONS: np.zeros(k, np.int64),
            CLIPPED: np.zeros(k, np.int64),
            WEIGHT: weight,
            SQUARES: (moment * coefficients).sum(axis=1) + weight * noise,
        }
        return self._table(list(foreknown.arms), Sums(own, np.zeros((q, q + 1))), counted)

    def _table(
        self,
        arms: list[str],
        sums: Sums,
        by_arm: dict[str, NDArray[np.int64] | Floats] | None = None,
        marks: dict[str, int] | None = None,
    ) -> Table:
        """Counts by arm, none where there are no arms, beside the `sums`."""
        columns, shared = columns_of(sums)
        counted: dict[str, NDArray[np.int64] | Floats] = by_arm or {
            OBSERVATIONS: np.zeros(0, np.int64),
            CLIPPED: np.zeros(0, np.int64),
            WEIGHT: np.zeros(0),
            SQUARES: np.zeros(0),
        }
        return Table.of(arms, {**counted, **columns}, shared, marks)


def build(options: Options, declaration: Declaration) -> LinearBelief:
    """The linear belief of a declaration.

    Raises:
        InvalidDeclaration: coefficients that cannot be shared, or a ridge, a noise or an a that cannot be.
    """
    positive = {"ridge": options.ridge, "intercept": options.intercept, "noise": options.noise}
    for name, value in positive.items():
        if not isinstance(value, str) and not LEAST <= value <= MOST:
            raise InvalidDeclaration(
                f"policy.belief.{name} must lie between {LEAST:g} and {MOST:g}, got {value:g}"
            )
    if not LEAST_WEIGHT < options.noise_weight <= MOST_WEIGHT:
        raise InvalidDeclaration(
            f"policy.belief.noise_weight must lie above {LEAST_WEIGHT:g} and be at most "
            f"{MOST_WEIGHT:g}, got {options.noise_weight:g}",
            hint="with 2 or less a score would have no deviation",
        )
    if not isinstance(options.mean, str) and not -MOST <= options.mean <= MOST:
        raise InvalidDeclaration(
            f"policy.belief.mean must lie between {-MOST:g} and {MOST:g}, got {options.mean:g}"
        )
    design = design_of(declaration, options.sharing)
    return LinearBelief(design, weighing_of(declaration), options, declaration)


def _counted(
    codes: NDArray[np.intp],
    groups: int,
    sign: NDArray[np.int64] | None,
    which: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """(groups,) how many rows of each code there are, with their signs; of those at `which` (n,)."""
    each = None if sign is None else sign.astype(np.float64)
    if which is not None:
        each = which.astype(np.float64) if each is None else each * which
    # Floats are whole numbers up to 2^53 without a slip.
    return np.bincount(codes, each, groups).astype(np.int64)
