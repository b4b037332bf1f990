"""Ridge regression of rewards on contexts, positions and what arms tell of themselves."""

from __future__ import annotations

from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.contrast import Shares
from tamesu.evaluate.models.inputs import deviations, known, positions_of
from tamesu.evaluate.reward_model import RewardModel
from tamesu.evaluate.rounds import Rounds
from tamesu.policy.gram import sums_of, these

Floats: TypeAlias = NDArray[np.float64]

MOST_COLUMNS = 2_000
"""Of a context and positions; of each arm a matrix of their square is solved for."""


def ridge(penalty: float = 1.0) -> RewardModel:
    """A model r = mean + theta_arm . (1, x, position), each arm's coefficients drawn to those of all arms.

    The coefficients of all arms are a ridge regression on context, position and, added to these, the arm's
    features; those of an arm are another one of what that leaves. So an arm of which little is known is thought to be as others
    that tell alike. Columns are scaled to a standard deviation of 1 first.

    Args:
        penalty: precision of the prior of each coefficient, in rounds.

    Raises:
        InvalidInput: a penalty that cannot be, or more columns than `MOST_COLUMNS`.
    """
    if not 0.0 < penalty < np.inf:
        raise InvalidInput(f"penalty must be finite and above 0, got {penalty:g}")

    def fitted(learnt: Rounds) -> Shares:
        k, positions = len(learnt.arms), positions_of(learnt)
        inputs = known(learnt, positions)
        if inputs.shape[1] > MOST_COLUMNS:
            raise InvalidInput(
                f"a ridge model may have {MOST_COLUMNS:,} columns, got {inputs.shape[1]:,}"
            )
        scale = deviations(inputs)
        told = learnt.features / deviations(learnt.features)
        mean = float(learnt.reward.mean()) if len(learnt) else 0.0
        ones = np.ones((len(learnt), 1))
        rows = np.concatenate([ones, inputs / scale], axis=1)
        shared = np.concatenate([rows, told[learnt.chosen]], axis=1)
        common = _solved(shared, learnt.reward - mean, penalty)
        left = learnt.reward - mean - shared @ common
        p = rows.shape[1]
        by_arm = partial(these, np.concatenate([rows, left[:, None]], axis=1))
        sums = sums_of(by_arm, (p, 0), learnt.chosen, k).own
        own = np.linalg.solve(sums[:, :, :p] + penalty * np.eye(p), sums[:, :, p:])[:, :, 0]
        coefficients = own + common[:p]
        coefficients[:, 0] += mean + told @ common[p:]

        def predicted(asked: Rounds) -> Floats:
            columns = known(asked, positions) / scale
            expected: Floats = columns @ coefficients[:, 1:].T + coefficients[:, 0]
            return expected

        return predicted

    return fitted


def _solved(rows: Floats, response: Floats, penalty: float) -> Floats:
    """(p,) ridge coefficients."""
    precision = rows.T @ rows + penalty * np.eye(rows.shape[1])
    return np.asarray(np.linalg.solve(precision, rows.T @ response), dtype=np.float64)
