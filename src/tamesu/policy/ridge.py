"""Ridge regression out of sums of products: roots of inverses, solutions, and what is left over.

With A = ridge I + sum x xT, a root is an R with RT R = A^-1: then |R x|^2 = xT A^-1 x, a sum of squares
and never below 0, and RT (R b) solves A t = b. Refuses an updated inverse: each root comes anew from the
sums, so that nothing piles up.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dtrtri

Floats: TypeAlias = NDArray[np.float64]

ROUNDING = float(np.finfo(np.float64).eps)
"""How far apart floats near 1 are."""

DEBT = 1e-6
"""A share of the prior's variance by which that of a coefficient may pass it, for rounding."""

MOST_SURE = 1e300
"""A diagonal beyond it stands as that."""


def roots(precisions: Floats, whole: Floats | None = None) -> Floats:
    """(n, d, d) roots R of the inverses of n symmetric matrices A (n, d, d): RT R = A^-1, lower triangles.

    By Cholesky of D A D, its diagonal 1: O(d^3) each. Where A is not positive definite
    beyond rounding (columns that depend on each other at 10^16 times the ridge, or what is left where much
    was taken back), the eigenvalues of D A D are taken to be at least d eps: about no direction is less
    known than the arithmetic can tell.

    Args:
        precisions: the matrices.
        whole: (n, d, d) what they are differences of, which says how far they were rounded; then D A D
            has a diagonal of up to 1. None where they are sums.

    Example:
        >>> root = roots(np.array([[[4.0, 2.0], [2.0, 3.0]]]))[0]
        >>> np.round(root.T @ root @ np.array([[4.0, 2.0], [2.0, 3.0]]), 12) + 0.0
        array([[1., 0.],
               [0., 1.]])
    """
    n, d, _ = precisions.shape
    found = np.zeros((n, d, d))
    if not found.size:
        return found
    diagonal = np.diagonal(precisions if whole is None else whole, axis1=1, axis2=2)
    known = np.minimum(np.maximum(np.abs(diagonal), 1.0 / MOST_SURE), MOST_SURE)
    to_one = 1.0 / np.sqrt(known)
    scaled = precisions * to_one[:, :, None]
    scaled *= to_one[:, None, :]
    # Of a symmetric matrix, rows are columns: LAPACK, which wants columns, copies nothing.
    for columns, root in zip(scaled.transpose(0, 2, 1), found, strict=True):
        factor, failed = dpotrf(columns, lower=0, clean=1)
        root[...] = np.inf if failed else dtrtri(factor, lower=0, overwrite_c=1)[0].T
    # The pivots of a matrix with diagonal 1 are at most 1, and those of its root their inverses.
    steepest = np.diagonal(found, axis1=1, axis2=2).max(axis=1)
    sound = steepest < 1.0 / np.sqrt(d * ROUNDING)
    for i in np.flatnonzero(~sound).tolist():
        found[i] = _root_by_eigenvalues(scaled[i])
    found *= to_one[:, None, :]
    return found


def solved(root: Floats, moments: Floats) -> tuple[Floats, Floats]:
    """(n, d) solutions t of A t = b, and (n,) bT t, for stacks of roots (n, d, d) and of b (n, d)."""
    half = (root @ moments[:, :, None])[:, :, 0]
    return (root.transpose(0, 2, 1) @ half[:, :, None])[:, :, 0], (half * half).sum(axis=1)


class Settled(NamedTuple):
    """What is left where more was taken back than was taught: as if it had not been.

    Attributes:
        root: (n, d, d) as `roots`.
        precisions: (n, d, d) whose inverses have them.
        sides: (n, d, c) other sums with the same columns.
        changed: whether anything is other than it was.
    """

    root: Floats
    precisions: Floats
    sides: Floats
    changed: bool


def in_debt(root: Floats, ridge: Floats) -> NDArray[np.bool_]:
    """(n,) by which of `root` (n, d, d) a coefficient is less known than its prior `ridge` (d,) says. O(n d^2)."""
    known = np.einsum("nij,nij->nj", root, root) * ridge
    return np.asarray((known > 1.0 + DEBT).any(axis=1), dtype=np.bool_)


def settled(
    precisions: Floats, ridge: Floats, sides: Floats, whole: Floats | None = None
) -> Settled:
    """Sums without debts: sums of x xT have no direction below 0, whatever is learnt.

    So no coefficient is less known than its prior says. Where one is, directions of the sums that are below 0
    are taken for directions of which nothing was learnt, in the matrix and in the sides. Where none is, all comes
    back as it is, beside its root; else it takes O(d^3) more for each matrix that has one.

    Args:
        precisions: (n, d, d) A, ridge included.
        ridge: (d,) the diagonal that the prior has in A.
        sides: (n, d, c) other sums with the same columns: of rewards, of columns that arms share.
        whole: as in `roots`.

    Example:
        >>> owing = np.array([[[0.01, 0.0], [0.0, 3.0]]])  # a ridge of 1, and less than nothing
        >>> paid = settled(owing, np.ones(2), np.array([[[5.0], [6.0]]]))
        >>> np.diag(paid.precisions[0]).round(12), paid.sides[0, :, 0] + 0.0
        (array([1., 3.]), array([0., 6.]))
    """
    root = roots(precisions, whole)
    owing = in_debt(root, ridge)
    if not owing.any():
        return Settled(root, precisions, sides, changed=False)
    precisions, sides = precisions.copy(), sides.copy()
    for i in np.flatnonzero(owing).tolist():
        learnt = precisions[i] - np.diag(ridge)
        size = np.sqrt(np.maximum(np.diagonal(learnt), ridge))
        values, vectors = np.linalg.eigh(learnt / size[:, None] / size)
        vectors = vectors[:, values > 0.0]
        kept = vectors * np.sqrt(values[values > 0.0]) * size[:, None]
        precisions[i] = kept @ kept.T + np.diag(ridge)
        root[i] = roots(precisions[i : i + 1])[0]
        sides[i] = size[:, None] * (vectors @ (vectors.T @ (sides[i] / size[:, None])))
    return Settled(root, precisions, sides, changed=True)


def ridged(sums: Floats, scale: float, ridge: Floats) -> Floats:
    """Precisions (..., d, d): `sums`, a unit of which weighs `scale`, and the prior's diagonal `ridge` (d,)."""
    precision = sums * scale
    np.einsum("...ii->...i", precision)[...] += ridge
    return precision


class Apart(NamedTuple):
    """What is left for the joint coefficients where the own ones of all arms are solved for.

    Attributes:
        precision: (q, q) the Schur complement ridge I + C - sum BT A^-1 B.
        moment: (q,) c - sum BT A^-1 b.
    """

    precision: Floats
    moment: Floats


def apart(root: Floats, cross: Floats, moments: Floats, joint: Floats, moment: Floats) -> Apart:
    """The joint part of the normal equations, without the own parts of k arms.

    Args:
        root: (k, p, p) roots of each arm's A.
        cross: (k, p, q) B, sums of own columns times joint ones.
        moments: (k, p) b of each arm.
        joint: (q, q) ridge I + C.
        moment: (q,) c.

    Source: Li et al. 2010, algorithm 2 (LinUCB with hybrid models), from sums instead of step by step.
    """
    own, joined = root.shape[1], cross.shape[2]
    sides = (root @ cross).reshape(-1, joined)
    halves = (root @ moments[:, :, None]).reshape(len(root) * own)
    return Apart(joint - sides.T @ sides, moment - sides.T @ halves)


def _root_by_eigenvalues(scaled: Floats) -> Floats:
    values, vectors = np.linalg.eigh(scaled)
    least = len(values) * ROUNDING
    root = (vectors / np.sqrt(np.maximum(values, least))).T
    # As a lower triangle too: with columns and rows turned around, what QR leaves is one.
    upper = np.asarray(np.linalg.qr(root[:, ::-1], mode="r"), dtype=np.float64)
    return upper[::-1, ::-1]
