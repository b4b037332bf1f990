"""The mixture of arms whose mean rewards have the greatest generalised Gini index.

Arms (1, 0) and (0, 1): each alone leaves one objective with nothing, half of each has 1/2 for both. So what
is best is a distribution. It is a linear programme, solved here to 1e-8, for many draws at once. Refuses to
choose: a mixture is a distribution from which a chooser draws.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.objectives.gini import welfare

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

FINE = 2.0**32
"""Steps between the least score and the largest that are told apart."""

GAIN = 1e-9
"""What a step must gain, in units of the largest score: less is rounding."""

STEP = 1e-9
"""Of a column, what is 0."""

TINY = 1e-10
"""How far objectives are moved while steps are taken, so that none takes them nowhere."""

MOST_STEPS = 20
"""Steps for each row: three times what 16 objectives take. A mixture that is not the best by then stands."""


def best_mixtures(scores: Floats, weights: Floats) -> Floats:
    """(m, n) for each of m draws the mixture p of n arms with the greatest G_w(sum of p_a x_a).

    Of several best ones it is the one that the steps below lead to from arms sorted by their scores: no order
    of the arms enters. Equal arms share, to the bit. At most D arms have a part that is not shared.

    The simplex method, for all draws at once. With W = sum w, W_k the sum of its first k, and
    G(x) = min of v . x over the permutohedron {v: v(S) <= W_|S| for sets S of objectives, v(all) = W}:

        maximise t   subject to   sum p_a x_a  =  t / W + sum b_S (W_|S| / W - 1_S),   sum p_a = 1,   p, b >= 0

    has D + 1 rows. Its dual variables are v, what a unit of each objective is worth, and z: an arm enters where
    v . x_a > z, a set where v(S) > W_|S|, and the sets to look at are the heads of v sorted. It starts from the
    arm with the greatest index and ends within 1e-8 of an optimum, in O(m (D^3 + n D)) a step. While steps are
    taken each objective is moved by another 1e-10, so that no step is idle and none is taken twice.

    Example:
        >>> best_mixtures(np.array([[[1.0, 0.0], [0.0, 1.0]]]), np.array([1.0, 0.5])).tolist()
        [[0.5, 0.5]]

    Args:
        scores: (m, n, D), n at least 1; infinite ones count as the largest float.
        weights: (D,) from the worst rank to the best, above 0, never rising.

    Source: Busa-Fekete et al. 2017 for the problem; Charnes 1952 for what is moved; the form by sets is our own.
    """
    scaled = _scaled(scores)
    order = np.lexsort(scaled.transpose(2, 0, 1)[::-1], axis=-1)
    ordered = np.take_along_axis(scaled, order[:, :, None], axis=1)
    relative = weights / weights[0]  # their sum is finite, however large they are
    shares = _solved(ordered, relative / relative.sum())
    mixtures = np.empty(shares.shape)
    np.put_along_axis(mixtures, order, shares, axis=1)
    return mixtures


def _scaled(scores: Floats) -> Floats:
    """Scores moved and stretched to [0, 1], all objectives of a draw alike: the mixture stays the same.

    To whole multiples of 2^-32: what differs by rounding alone is equal.
    """
    largest = np.finfo(np.float64).max / 4.0
    held = scores
    if not (np.abs(scores) <= largest).all():
        held = np.clip(np.nan_to_num(scores, nan=0.0), -largest, largest)
    low, high = held.min(axis=(1, 2), keepdims=True), held.max(axis=(1, 2), keepdims=True)
    wide = high - low
    scaled: Floats = np.rint((held - low) / np.where(wide > 0.0, wide, 1.0) * FINE) / FINE
    return scaled


class _Basis(NamedTuple):
    """Where the simplex method stands in each of m draws: D + 1 columns that are in use; the first is t.

    Attributes:
        arms: (m, D + 1) which arm a column is; -1 of t and of sets.
        columns: (m, D + 1, D + 1) those columns.
        inverse: (m, D + 1, D + 1) of them. Its last column is how much of each is in use.
    """

    arms: Rows
    columns: Floats
    inverse: Floats

    @classmethod
    def of(cls, arms: Rows, columns: Floats) -> _Basis:
        """With the inverse made anew: one that is carried along keeps the error of its worst pivot."""
        return cls(arms, columns, np.asarray(np.linalg.inv(columns), dtype=np.float64))

    def take(self, draws: NDArray[np.bool_]) -> _Basis:
        """That of some draws."""
        return _Basis(self.arms[draws], self.columns[draws], self.inverse[draws])


def _solved(scores: Floats, weights: Floats) -> Floats:
    """(m, n) best mixtures of scores (m, n, D) in [0, 1], sorted; `weights` add up to 1."""
    m, _, d = scores.shape
    arms, parts = np.empty((m, d + 1), dtype=np.intp), np.empty((m, d + 1))
    live: Rows = np.arange(m, dtype=np.intp)
    here, basis = scores, _start(scores, weights)
    for _ in range(MOST_STEPS * (d + 1)):
        column, arm, gain = _entering(here, weights, basis)
        leaving = _leaving(column, basis)
        going = (gain > GAIN) & (leaving > 0)
        if not going.all():
            done = live[~going]
            arms[done], parts[done] = basis.arms[~going], basis.inverse[~going, :, d]
            if len(done) == len(live):
                return _shares(scores, arms, parts)
            live, here, basis = live[going], here[going], basis.take(going)
            column, arm, leaving = column[going], arm[going], leaving[going]
        draws: Rows = np.arange(len(live), dtype=np.intp)
        basis.arms[draws, leaving] = arm
        basis.columns[draws, :, leaving] = column
        basis = _Basis.of(basis.arms, basis.columns)
    arms[live], parts[live] = basis.arms, basis.inverse[:, :, d]
    return _shares(scores, arms, parts)


def _start(scores: Floats, weights: Floats) -> _Basis:
    """The best single arm: x = t + sum of (x_(k+1) - x_(k)) (W_k - 1_S), S the k worst objectives."""
    m, _, d = scores.shape
    arm = welfare(scores, weights).argmax(axis=1)
    x = scores[np.arange(m), arm]
    ranks = np.argsort(np.argsort(x - _moved(d)[:d], axis=1, kind="stable"), axis=1)
    columns = np.zeros((m, d + 1, d + 1))
    columns[:, :d, 0] = -1.0
    inside: NDArray[np.bool_] = ranks[:, :, None] < np.arange(1, d, dtype=np.intp)
    columns[:, :d, 1:d] = inside - np.cumsum(weights)[:-1]
    columns[:, :d, d] = x
    columns[:, d, d] = 1.0
    arms = np.full((m, d + 1), -1, dtype=np.intp)
    arms[:, d] = arm
    return _Basis.of(arms, columns)


def _moved(d: int) -> Floats:
    """(D + 1,) right-hand side: every objective moved a little, each by another amount, so that none tie."""
    golden = 0.5 * (5.0**0.5 - 1.0)
    return np.append(TINY * (1.0 + np.arange(1, d + 1, dtype=np.float64) * golden % 1.0), 1.0)


def _entering(scores: Floats, weights: Floats, basis: _Basis) -> tuple[Floats, Rows, Floats]:
    """The column that gains most in each draw (m, D + 1), the arm that it is or -1, and its gain (m,)."""
    m, _, d = scores.shape
    draws: Rows = np.arange(m, dtype=np.intp)
    worth, least = -basis.inverse[:, 0, :d], -basis.inverse[:, 0, d]
    gains = np.einsum("mnd,md->mn", scores, worth) + least[:, None]
    arm = gains.argmax(axis=1)
    gain = gains[draws, arm]
    column = np.concatenate([scores[draws, arm], np.ones((m, 1))], axis=1)
    if d == 1:
        return column, arm, gain
    falling = np.argsort(-worth, axis=1, kind="stable")
    most = np.cumsum(weights)[:-1]
    excess = np.cumsum(np.take_along_axis(worth, falling, axis=1), axis=1)[:, :-1] - most
    head = excess.argmax(axis=1)
    over = excess[draws, head]
    by_set = over > gain
    if by_set.any():
        inside = np.argsort(falling, axis=1) <= head[:, None]
        sets = np.concatenate([inside - most[head][:, None], np.zeros((m, 1))], axis=1)
        column = np.where(by_set[:, None], sets, column)
    return column, np.where(by_set, -1, arm), np.maximum(gain, over)


def _leaving(column: Floats, basis: _Basis) -> Rows:
    """(m,) which column is used up first as `column` (m, D + 1) comes in; 0, which is t, where none is."""
    step = np.einsum("mij,mj->mi", basis.inverse, column)
    may = step > STEP
    may[:, 0] = False
    parts = np.maximum(basis.inverse @ _moved(column.shape[1] - 1), 0.0)
    ratios = np.where(may, parts / np.where(may, step, 1.0), np.inf)
    leaving: Rows = np.where(may.any(axis=1), ratios.argmin(axis=1), 0)
    there = basis.columns[np.arange(len(leaving)), :, leaving]
    return np.where((there == column).all(axis=1), 0, leaving)


def _shares(scores: Floats, arms: Rows, parts: Floats) -> Floats:
    """(m, n) mixtures out of what is in use (m, D + 1): equal arms alike, sums of 1."""
    parts = np.where(arms >= 0, np.maximum(parts, 0.0), 0.0)
    parts /= parts.sum(axis=1, keepdims=True)
    draws: Rows = np.arange(len(scores), dtype=np.intp)
    shares = np.zeros(scores.shape[:2])
    for arm, part in zip(arms.T[1:], parts.T[1:], strict=True):
        same = (scores == scores[draws, arm][:, None]).all(axis=2)
        shares += same * (part / same.sum(axis=1))[:, None]
    return shares
