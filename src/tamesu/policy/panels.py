"""A stretch of z as a tree of panels, on which every arm's density is known at Gauss nodes.

What `tamesu.policy.quadrature` computes with. A panel's numbers depend on the panel alone, and which
panels a subset of the arms is computed on depends on the subset alone: so the answer to a question
does not depend on what was asked before, to the bit. What is kept only saves time.

Refuses to know where the stretch should lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.contract import Family

Floats = NDArray[np.float64]

ORDER = 16
"""Nodes of a panel."""

PANEL_ERROR = 2e-9
"""Largest difference between a panel's terms and what they must add up to."""

ROUGHNESS = 1e-5
"""Largest Legendre coefficient of degree ORDER - 2 or ORDER - 1; the error is near its square."""

FINEST = 1.0 / 16.0
"""Panels below this share of the finest grain are not cut again: only rounding is left."""

MOST_PANELS = 1 << 12
"""One level of a tree is not cut into more."""

MOST_KEPT = 1 << 22
"""Numbers that a tree keeps; beyond it, it starts anew."""

ARMS_AT_ONCE = 512
"""Arms computed in one piece: some megabytes."""

TINY = 1e-300
"""Floor of distribution functions, so that logarithms are finite."""


def _rule() -> tuple[Floats, Floats, Floats, Floats]:
    """Nodes, weights, the integration matrix and the two highest Legendre coefficients.

    With L_j the interpolation polynomial of node j, integrate[j, i] is its integral from -1 to
    node i; highest[j, k] is what a term at node j adds to coefficient ORDER - 2 + k, in units of
    the integral over the panel.
    """
    nodes, weights = np.polynomial.legendre.leggauss(ORDER)
    values: Floats = np.asarray(np.polynomial.legendre.legvander(nodes, ORDER), dtype=np.float64)
    degrees = np.arange(ORDER)
    primitive = np.empty((ORDER, ORDER))
    primitive[:, 0] = nodes + 1.0
    primitive[:, 1:] = (values[:, 2:] - values[:, :-2]) / (2 * degrees[1:] + 1)
    coefficients = values[:, :ORDER] * weights[:, None] * (degrees + 0.5)
    integrate = coefficients @ primitive.T
    # The terms carry the weights already.
    highest: Floats = values[:, ORDER - 2 : ORDER] * (2 * degrees[ORDER - 2 :] + 1)
    return nodes, weights, integrate, highest


NODES, WEIGHTS, INTEGRATE, HIGHEST = _rule()


@dataclass(frozen=True, slots=True, eq=False)
class Panels:
    """P panels, and A arms on them.

    Distribution functions are evaluated at the edges alone: at the nodes they follow from the
    densities by integrating their interpolant, and the edges say by how much that is wrong (`own`).

    Attributes:
        edges: (2, P) left and right ends.
        left_log, right_log: (A, P) log of each distribution function there.
        node_log: (A, P * ORDER) the same at the nodes.
        term: (A, P * ORDER) weight * density / distribution function at the nodes.
        own: (A, P) by how much the nodes miss the mass of the arm on the panel.
    """

    edges: Floats
    left_log: Floats
    right_log: Floats
    node_log: Floats
    term: Floats
    own: Floats

    @classmethod
    def between(cls, family: Family, cuts: Floats) -> Panels:
        """The panels of the arms of `family` between `cuts` (P + 1,)."""
        count, arms = len(cuts) - 1, len(family.mean())
        if arms > ARMS_AT_ONCE:
            # The arithmetic in between takes ten times the room of what is kept.
            blocks = np.split(np.arange(arms), range(ARMS_AT_ONCE, arms, ARMS_AT_ONCE))
            parts = [cls.between(family.take(block), cuts) for block in blocks]
            return cls(
                parts[0].edges,
                *(
                    np.concatenate([getattr(part, field.name) for part in parts])
                    for field in fields(cls)
                    if field.name != "edges"
                ),
            )
        edge = np.maximum(family.below(cuts), TINY)
        left, right = edge[:, :-1], edge[:, 1:]
        half = 0.5 * np.diff(cuts)
        z = (cuts[:-1] + half)[:, None] + half[:, None] * NODES
        density = np.exp(family.log_density(z.reshape(-1))).reshape(arms, count, ORDER)
        mass = density * half[:, None]
        own = np.abs(mass @ WEIGHTS - (right - left))
        below = np.clip(left[..., None] + mass @ INTEGRATE, left[..., None], right[..., None])
        shape, log = (arms, count * ORDER), np.log(edge)
        return cls(
            edges=np.stack([cuts[:-1], cuts[1:]]),
            left_log=log[:, :-1],
            right_log=log[:, 1:],
            node_log=np.log(below).reshape(shape),
            term=(mass * WEIGHTS / below).reshape(shape),
            own=own,
        )

    @classmethod
    def together(cls, parts: Sequence[Panels]) -> Panels:
        """The panels of all `parts`, in their order."""
        return cls(
            *(
                np.concatenate([getattr(part, field.name) for part in parts], axis=1)
                for field in fields(cls)
            )
        )


class Tree:
    """The arms of `family` between first `cuts`, each panel cut in two where a question needs it.

    Args:
        family: A arms.
        cuts: (P + 1,) ends of the first panels, rising.
        grain: (A,) below which no density has detail.
    """

    def __init__(self, family: Family, cuts: Floats, grain: Floats) -> None:
        self._family = family
        self._grain = grain
        self._first = Panels.between(family, cuts)
        # A panel's key is its first panel and its place in that one's tree: halves of k are
        # 2 k and 2 k + 1. Kept are the two halves of each panel that was ever cut.
        self._keys = [(panel, 1) for panel in range(len(cuts) - 1)]
        self._halves: dict[tuple[int, int], Panels] = {}
        self._most = max(64, MOST_KEPT // (4 * ORDER * len(grain)))

    def shares(self, number: Floats) -> Floats:
        """(A,) integral over the stretch of f_a * F_a^(number_a - 1) * product of F_j^number_j.

        The product is over the other arms j; `number` (A,) says how many of each compete. Arms of
        which none competes get numbers that mean nothing.
        """
        competing = number > 0
        finest = FINEST * self._grain[competing].min(initial=np.inf)
        panels, keys = self._first, self._keys
        total: Floats = np.zeros(len(number))
        while True:
            terms, bad = _measured(panels, number, competing)
            left, right = panels.edges
            middle = 0.5 * (left + right)
            # Between two neighbouring floats there is no middle.
            rows = np.flatnonzero(
                bad & (right - left > finest) & (left < middle) & (middle < right)
            )
            if not rows.size or rows.size > MOST_PANELS:
                total += terms.sum(axis=1)
                return total
            good = np.ones(len(keys), dtype=np.bool_)
            good[rows] = False
            total += terms[:, np.repeat(good, ORDER)].sum(axis=1)
            cut = [keys[row] for row in rows]
            panels = Panels.together(
                [
                    self._halved(key, panels.edges[:, row])
                    for key, row in zip(cut, rows, strict=True)
                ]
            )
            keys = [(first, 2 * place + half) for first, place in cut for half in (0, 1)]

    def _halved(self, key: tuple[int, int], edges: Floats) -> Panels:
        """The two halves of the panel `key` between `edges` (2,)."""
        found = self._halves.get(key)
        if found is None:
            cuts = np.array([edges[0], 0.5 * (edges[0] + edges[1]), edges[1]])
            found = Panels.between(self._family, cuts)
            if len(self._halves) >= self._most:
                self._halves = {}
            self._halves[key] = found
        return found


def _measured(
    panels: Panels, number: Floats, competing: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.bool_]]:
    """The terms (A, P * ORDER) when `number` of each arm compete, and which panels fail (P,).

    A panel fails where the arms' terms do not add up to G(v) - G(u), where what the nodes miss of
    an arm's own mass matters, or where a term is rough.
    """
    count = panels.own.shape[1]
    below, above = number @ panels.left_log, number @ panels.right_log
    terms = panels.term * np.exp(number @ panels.node_log)
    got = (number @ terms).reshape(count, ORDER).sum(axis=1)
    gap = np.abs(got - (np.exp(above) - np.exp(below)))
    others = np.exp(above - panels.right_log)
    missed = number @ (panels.own * others)
    rough = np.abs(terms.reshape(-1, ORDER) @ HIGHEST).sum(axis=1).reshape(len(terms), count)
    rough = np.where(competing[:, None], rough, 0.0).max(axis=0, initial=0.0)
    # Written so that what is not a number fails.
    good = (gap <= PANEL_ERROR) & (missed <= PANEL_ERROR) & (rough <= ROUGHNESS)
    return terms, ~good
