"""Logistic regression of rewards on contexts, positions and what arms tell of themselves."""

from __future__ import annotations

import warnings
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tamesu.base import InvalidInput, MissingExtra
from tamesu.evaluate import RewardModel, Rounds, Shares
from tamesu.evaluate.models.inputs import deviations, known, positions_of
from tamesu.learn.models.scale import scale_of

Floats: TypeAlias = NDArray[np.float64]

STEPS = 200
"""Of the solver at most: what is not settled then is settled enough for a control variate."""


def logistic(penalty: float = 1.0) -> RewardModel:
    """A model r = low + (high - low) sigma(theta_arm . (1, x, position) + beta . f_arm).

    `low` and `high` are the least and the greatest reward that it learnt from; a reward between them counts as so
    much of the one and the rest of the other. The coefficients of an arm are those of all arms and its own, both drawn to 0:
    an arm of which little is known is thought to be as the others. Columns are scaled to a standard deviation
    of 1 first. O(n (d + a)) a step.

    Choose it where rewards are seldom or often there: it never expects less than none, as `ridge` may.

    Args:
        penalty: precision of the prior of each coefficient.

    Raises:
        InvalidInput: a penalty that cannot be.
        MissingExtra: without scikit-learn.
    """
    if not 0.0 < penalty < np.inf:
        raise InvalidInput(f"penalty must be finite and above 0, got {penalty:g}")
    try:
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingExtra.of("a logistic reward model", "evaluate") from error

    def fitted(learnt: Rounds) -> Shares:
        k, positions, scale = len(learnt.arms), positions_of(learnt), scale_of(learnt.reward)
        if scale.is_flat:
            return lambda asked: np.full((len(asked), k), scale.low)
        columns = known(learnt, positions)
        by, by_arm = deviations(columns), deviations(learnt.features)
        told = learnt.features / by_arm
        constant, coefficients = _solved(
            LogisticRegression(C=1.0 / penalty, max_iter=STEPS),
            _rows(columns / by, told, learnt.chosen),
            scale.shares(learnt.reward),
        )
        d = columns.shape[1] + 1
        own = coefficients[d + told.shape[1] :].reshape(k, d)
        own = own + coefficients[:d]
        own[:, 0] += constant + told @ coefficients[d : d + told.shape[1]]

        def predicted(asked: Rounds) -> Floats:
            logits = known(asked, positions) / by @ own[:, 1:].T + own[:, 0]
            return scale.rewards(_sigmoid(logits))

        return predicted

    return fitted


def _sigmoid(logits: Floats) -> Floats:
    return 0.5 * (1.0 + np.tanh(0.5 * logits))


def _rows(columns: Floats, told: Floats, chosen: NDArray[np.intp]) -> Any:
    """(n, d + a + K d) sparse: what all arms share, what the arm tells, and its own."""
    n, k = len(columns), len(told)
    rows = np.concatenate([np.ones((n, 1)), columns], axis=1)
    d = rows.shape[1]
    places = chosen[:, None] * d + np.arange(d)
    own = sparse.csr_matrix(
        (rows.reshape(-1), places.reshape(-1), np.arange(n + 1) * d), shape=(n, k * d)
    )
    shared = sparse.csr_matrix(np.concatenate([rows, told[chosen]], axis=1))
    return sparse.hstack([shared, own], format="csr")


def _solved(model: Any, rows: Any, shares: Floats) -> tuple[float, Floats]:
    """A constant, which no prior draws anywhere, and coefficients."""
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415 - an extra

    yes, no = shares > 0.0, shares < 1.0
    both = sparse.vstack([rows[yes], rows[no]], format="csr")
    labels = np.repeat([1, 0], [int(yes.sum()), int(no.sum())])
    weights = np.concatenate([shares[yes], 1.0 - shares[no]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(both, labels, weights)
    return float(model.intercept_[0]), np.asarray(model.coef_[0], dtype=np.float64)
