"""Own coefficients of a linear belief, arm by arm: those whose sums changed are solved for anew.

From one state to the next few arms learn, often one; of the others everything is kept. Refuses to know of
coefficients that arms share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.linear_sums import CROSS, MOMENT, PRECISION
from tamesu.policy.ridge import ridged, settled, solved
from tamesu.policy.table import Table
from tamesu.policy.triangles import Triangles

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.intp]


class OwnColumns(NamedTuple):
    """What is known of n arms by their own columns z = (1, x), p of them.

    A = S + ridge, S the sums of z zT and b those of r z, each with its weight. Where more was taken back than
    was taught, A and b are of what is left (`tamesu.policy.ridge.settled`).

    Attributes:
        own: (4, n, p) b; S e, e = (1, 0, ...), which is what rewards of 1 would have made of b; A^-1 e; A^-1 b.
        cross: (n, p, q) sums of z times joint columns.
    """

    own: Floats
    cross: Floats

    def changed(self, rows: Rows, by: OwnColumns) -> OwnColumns:
        """The same with those of others at `rows`."""
        own, cross = self.own.copy(), self.cross
        own[:, rows] = by.own
        if cross.size:
            cross = cross.copy()
            cross[rows] = by.cross
        return OwnColumns(own, cross)


class OwnPart:
    """k arms of a state, and behind them one of which nothing was learnt.

    Attributes:
        root: k + 1 matrices (p, p) R with RT R = A^-1.
        columns: of all k + 1.
    """

    __slots__ = ("_shown", "columns", "root")

    def __init__(
        self,
        root: Sequence[Floats],
        columns: OwnColumns,
        shown: tuple[Rows, Triangles] | None = None,
    ) -> None:
        self.root = root
        self.columns = columns
        self._shown = shown

    def stacked(self) -> Floats:
        """(k + 1, p, p) the roots."""
        return np.array(self.root)

    def triangles(self, rows: Rows) -> Triangles:
        """The quadratic forms zT A^-1 z of the arms at `rows`."""
        shown = self._shown
        if shown is None or not (shown[0] is rows or np.array_equal(shown[0], rows)):
            shown = self._shown = rows, Triangles.of(self.stacked()[rows])
        return shown[1]

    def changed(self, rows: Rows, root: Floats, columns: OwnColumns) -> OwnPart:
        """The same with others at `rows` (m,): `root` (m, p, p) and what is known of m arms."""
        roots_of: list[Floats] = list(self.root)
        for row, one in zip(rows.tolist(), root, strict=True):
            roots_of[row] = one
        shown = self._shown
        if shown is not None:
            asked, triangles = shown
            learnt: list[int] = rows.tolist()
            others = {row: roots_of[row] for row in learnt}
            order: list[int] = asked.tolist()
            places = {place: others[row] for place, row in enumerate(order) if row in others}
            shown = asked, triangles.replaced(places)
        return OwnPart(roots_of, self.columns.changed(rows, columns), shown)


class OwnParts:
    """The own parts of states of one design.

    Laws: a pure function of state and scale, to the bit, whatever was read before. Safe for any number of
    threads.

    Args:
        ridge: (p,) the diagonal that the prior has in A.
        joint: q.
    """

    def __init__(self, ridge: Floats, joint: int) -> None:
        self._ridge = ridge
        self._joint = joint
        self._last: tuple[Table, float, OwnPart] | None = None

    def of(self, state: Table, scale: float) -> OwnPart:
        """What `state` says; a unit of its sums weighs `scale`. O(p^3) for each arm that changed."""
        last = self._last
        changed = None
        if last is not None and last[1] == scale:
            changed = state.changed(last[0], (PRECISION, MOMENT, CROSS))
        if last is None or changed is None:
            part = self._whole(state, scale)
        elif len(changed):
            part = last[2].changed(changed, *self._solved(state, scale, changed))
        else:
            part = last[2]
        self._last = state, scale, part
        return part

    def _whole(self, state: Table, scale: float) -> OwnPart:
        root, columns = self._solved(state, scale, np.arange(len(state.arms)))
        k, p = len(state.arms), len(self._ridge)
        own, cross = np.zeros((4, k + 1, p)), np.zeros((k + 1, p, self._joint))
        own[:, :k], cross[:k] = columns
        own[2, k, 0] = 1.0 / self._ridge[0]
        prior = np.diag(1.0 / np.sqrt(self._ridge))
        return OwnPart([*root, prior], OwnColumns(own, cross))

    def _solved(self, state: Table, scale: float, rows: Rows) -> tuple[Floats, OwnColumns]:
        """Roots (m, p, p) and what is known of the arms at `rows` (m,)."""
        sums = state.per_arm
        precision = ridged(sums[PRECISION][rows], scale, self._ridge)
        ones = sums[PRECISION][rows, 0] * scale
        sides = sums[MOMENT][rows][:, :, None]
        if self._joint:
            sides = np.concatenate([sides, sums[CROSS][rows]], axis=2)
        left = settled(precision, self._ridge, sides * scale)
        root, own = left.root, np.empty((4, *ones.shape))
        own[0], own[1] = left.sides[:, :, 0], ones
        own[2] = (root.transpose(0, 2, 1) @ root[:, :, :1])[:, :, 0]
        own[3], _ = solved(root, own[0])
        return root, OwnColumns(own, left.sides[:, :, 1:])
