"""Designs: which columns a coefficient stands before, and which arms share it.

    per_arm   own columns (1, context): coefficients for each arm
    shared    joint columns (1, context, arm features, interactions): coefficients for all arms
    hybrid    both, added up

A belief in coefficients sums the own columns by arm and the joint ones over all rows; where it has none
of a kind their width is 0, and everything below stays true. Refuses to know what is summed.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dnrm2

from tamesu.base import Bug, Declaration, InvalidDeclaration
from tamesu.policy.contract import Batch
from tamesu.policy.features import Encoder, encoder_of
from tamesu.policy.gram import Some, these

Floats: TypeAlias = NDArray[np.float64]
Sharing: TypeAlias = Literal["per_arm", "shared", "hybrid"]

LARGEST = 1e70
"""Of a column; beyond it stands as that: products of four, added up 10^20 times, are still floats."""

MOST_NUMBERS = 1 << 24
"""Products of columns in a state: 128 MiB, and a second to read. A state is written at every commit."""


class Rows(NamedTuple):
    """The columns of n rows.

    Attributes:
        whole: (n, p + q + b) own columns, joint ones, and b that are for whoever asked.
        own: (n, p) those whose coefficients belong to the row's arm.
        joint: (n, q) those whose coefficients all arms share.
    """

    whole: Floats
    own: Floats
    joint: Floats


class Design:
    """The columns of one declaration.

    Example:
        >>> from tamesu.base import Declaration
        >>> given = {"name": "x", "arms": ["a"], "context": 2}
        >>> design = design_of(Declaration.parse(given), "per_arm")
        >>> design.own_names, design.joint_names
        (('1', 'x[0]', 'x[1]'), ())
        >>> design.own(np.array([3.0, 4.0]))
        array([1., 3., 4.])

    Attributes:
        own_names, joint_names: of the columns.
        own_width, joint_width: how many they are; 0 where there are none of a kind.
        width: columns of a context.
        independent: whether no two arms share a coefficient.
    """

    def __init__(self, encoder: Encoder, sharing: Sharing) -> None:
        self.own_names = () if sharing == "shared" else ("1", *encoder.names)
        self.joint_names = () if sharing == "per_arm" else encoder.joint_names
        self.own_width, self.joint_width = len(self.own_names), len(self.joint_names)
        self.width = encoder.width
        self.independent = not self.joint_width
        self._encoder = encoder

    def rows(self, batch: Batch, beside: int = 0, some: Some = None) -> Rows:
        """The columns of what a batch observed, with room for `beside` more; of `some` of its rows.

        Raises:
            Bug: a batch without contexts or features, or with others.
        """
        n, context, features = len(batch if some is None else some), batch.context, batch.features
        context = np.empty((n, 0)) if context is None else these(context, some)
        features = np.empty((n, 0)) if features is None else these(features, some)
        due = (self.width, self._encoder.arm_width)
        if n and (context.shape[1], features.shape[1]) != due:
            raise Bug(
                f"a batch must have {due[0]} columns of contexts and {due[1]} of arms, got "
                f"{context.shape[1]} and {features.shape[1]}"
            )
        p, q = self.own_width, self.joint_width
        whole, context = np.empty((n, p + q + beside)), bounded(context)
        if not n:
            return Rows(whole, whole[:, :p], whole[:, p : p + q])
        if p:
            whole[:, 0] = 1.0
            whole[:, 1:p] = context
        if q:
            whole[:, p : p + q] = self._encoder.joint(context, bounded(features))
        return Rows(whole, whole[:, :p], whole[:, p : p + q])

    def own(self, context: Floats) -> Floats:
        """(p,) own columns in one context; for a design that has some."""
        columns = np.empty(self.own_width)
        columns[0] = 1.0
        columns[1:] = context
        # One pass: their length bounds them all.
        if dnrm2(columns) > LARGEST:
            np.clip(columns, -LARGEST, LARGEST, out=columns)
        return columns

    def mixing(self, context: Floats) -> Floats:
        """(q, 1 + a) matrix T of one context: the joint columns of it and an arm f are T (1, f).

        Of m contexts (m, d): (m, q, 1 + a).
        """
        return self._encoder.mixing(bounded(context))


def bounded(columns: Floats) -> Floats:
    """Columns as they are, but for those beyond `LARGEST`."""
    if not columns.size or (columns.max() <= LARGEST and columns.min() >= -LARGEST):
        return columns
    return np.clip(columns, -LARGEST, LARGEST)


def design_of(declaration: Declaration, sharing: Sharing, *, products: bool = True) -> Design:
    """The design of a declaration's belief.

    Args:
        declaration: with the features.
        sharing: whose coefficients are.
        products: whether the belief keeps sums of products of columns, each with each.

    Raises:
        InvalidDeclaration: coefficients that all arms share, where nothing tells arms apart; or so many
            that their products do not fit into a state.
    """
    if sharing == "shared" and not declaration.arm_features:
        raise InvalidDeclaration(
            "policy.belief.sharing 'shared' needs arm_features: arms that share every coefficient "
            "differ by their features alone",
            hint="declare arm_features, or say  sharing: per_arm",
        )
    design = Design(encoder_of(declaration), sharing)
    p, q, arms = design.own_width, design.joint_width, len(declaration.arms)
    numbers = arms * p * (p + q) + q * q
    if products and numbers > MOST_NUMBERS:
        raise InvalidDeclaration(
            f"a state may hold {MOST_NUMBERS:,} products of columns, got {numbers:,}: {arms:,} arms of "
            f"{p:,} columns each, and {q:,} that all share",
            hint="have fewer or narrower features, or share coefficients:  sharing: shared",
        )
    return design
