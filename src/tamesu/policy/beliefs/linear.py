"""Linear belief: the reward is linear in the context, for each arm by itself; noise fixed or learnt."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import GRID, Declaration, InvalidDeclaration, Time
from tamesu.policy.contract import Arms, Batch, Coefficients, Marginals, Reading
from tamesu.policy.families.normal import NormalFamily
from tamesu.policy.families.student_t import StudentTFamily
from tamesu.policy.features import encoder_of
from tamesu.policy.table import Table, numbered

COUNT, MOMENT, PRECISION, SQUARES = "count", "moment", "precision", "squares"

Floats = NDArray[np.float64]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the linear belief.

    Attributes:
        ridge: precision of the prior of every coefficient, in units of the noise's.
        noise: variance of a reward, or `learnt`.
    """

    ridge: float = 1.0
    noise: float | Literal["learnt"] = "learnt"


class LinearBelief:
    """r = theta_a . (1, x) + noise: Bayesian ridge regression for each arm.

    With A = ridge I + sum z zT, z = (1, x), and b = sum r z: theta_a has mean A^-1 b and covariance
    s2 A^-1. Evidence is (sum z zT, sum r z, n, sum r^2) by arm: it adds up, in any batching, to rounding.
    """

    contextual = True

    def __init__(self, width: int, options: Options, bounds: tuple[float, float] | None) -> None:
        self.family = "student_t" if options.noise == "learnt" else "normal"
        self.bounds = bounds
        self._width = 1 + width
        self._options = options

    def init(self) -> Table:
        """No arm has evidence."""
        d = self._width
        return Table.of(
            [],
            {
                COUNT: np.zeros(0, np.int64),
                MOMENT: np.zeros((0, d)),
                PRECISION: np.zeros((0, d, d)),
                SQUARES: np.zeros(0),
            },
        )

    def evidence(self, state: Table, batch: Batch) -> Table:
        """Sums by arm."""
        del state
        arms, codes = numbered(batch.arm)
        x = batch.with_one(self._width - 1)
        reward = batch.reward / GRID
        if self.bounds is not None:
            reward = np.clip(reward, *self.bounds)
        sign = np.ones(len(batch)) if batch.sign is None else batch.sign.astype(np.float64)
        d, n = self._width, len(arms)
        columns = {
            COUNT: np.zeros(n, np.int64),
            MOMENT: np.zeros((n, d)),
            PRECISION: np.zeros((n, d, d)),
            SQUARES: np.zeros(n),
        }
        for arm in range(n):
            rows = codes == arm
            mine, theirs, signs = x[rows], reward[rows], sign[rows]
            columns[COUNT][arm] = int(signs.sum())
            columns[MOMENT][arm] = (signs * theirs) @ mine
            columns[PRECISION][arm] = (mine * signs[:, None]).T @ mine
            columns[SQUARES][arm] = signs @ (theirs * theirs)
        return Table.of(arms, columns)

    def absorb(self, state: Table, evidence: Table) -> Table:
        """Sums add up."""
        return state + evidence

    def reading(self, state: Table, arms: Arms, time: Time) -> Reading:
        """Posteriors of the reward's mean, for any context."""
        del time
        return _Reading(self, state, arms, self._options)


class _Reading:
    contextual = True
    coefficients: Coefficients | None = None

    def __init__(self, belief: LinearBelief, state: Table, arms: Arms, options: Options) -> None:
        self._kind = belief.family
        count, moment, precision, squares = (
            state.column(name, arms.ids) for name in (COUNT, MOMENT, PRECISION, SQUARES)
        )
        n, d = moment.shape
        whole = precision + options.ridge * np.eye(d)
        factor = np.linalg.cholesky(whole)
        root = np.linalg.inv(factor) if n else factor
        half = np.einsum("nij,nj->ni", root, moment)
        self._mean = np.einsum("nji,nj->ni", root, half)
        self._root = root.reshape(n * d, d)
        self._shape = (n, d)
        self._observations = count
        self._total = int(state.per_arm[COUNT].sum())
        if options.noise == "learnt":
            a = 1.0 + 0.5 * count
            b = 1.0 + 0.5 * np.maximum(0.0, squares - (half * half).sum(axis=1))
            self._dof, self._noise = 2.0 * a, np.sqrt(b / a)
        else:
            self._dof, self._noise = np.full(n, np.inf), np.full(n, np.sqrt(options.noise))
        sums = state.per_arm[PRECISION][:, 0, :].sum(axis=0)
        self.typical = sums[1:] / max(1.0, sums[0])

    def at(self, context: Floats) -> Marginals:
        z = np.concatenate([[1.0], context])
        mean = self._mean @ z
        parts = (self._root @ z).reshape(self._shape)
        scale = self._noise * np.sqrt((parts * parts).sum(axis=1))
        family = (
            StudentTFamily(self._dof, mean, scale)
            if self._kind == "student_t"
            else NormalFamily(mean, scale)
        )
        return Marginals(
            kind=self._kind, family=family, observations=self._observations, total=self._total
        )


def build(options: Options, declaration: Declaration) -> LinearBelief:
    """The linear belief of a declaration.

    Raises:
        InvalidDeclaration: a ridge or a noise that cannot be.
    """
    if not 0.0 < options.ridge < float("inf"):
        raise InvalidDeclaration(
            f"policy.belief.ridge must be finite and above 0, got {options.ridge:g}"
        )
    if declaration.forgetting is not None:
        raise InvalidDeclaration("belief 'linear' cannot forget yet, got policy.forgetting")
    return LinearBelief(encoder_of(declaration).width, options, declaration.reward.range)
