"""Panels: a stretch of z cut into pieces on which every arm's density is known at Gauss nodes.

What `tamesu.policy.quadrature` computes with. A mesh is immutable; refining gives another one.
Distribution functions are evaluated at the edges alone: at the nodes they follow from the densities
by integrating their interpolant, and the edges say by how much that is wrong (`own`). Refuses to
know which arms compete.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.contract import Family

Floats = NDArray[np.float64]

ORDER = 16
"""Nodes of a panel."""

TINY = 1e-300
"""Floor of distribution functions, so that logarithms are finite."""


def _rule() -> tuple[Floats, Floats, Floats, Floats]:
    """Nodes, weights, the integration matrix and the two highest Legendre coefficients.

    With L_j the interpolation polynomial of node j, integrate[j, i] is its integral from -1 to
    node i; highest[j, k] is what a value at node j adds to coefficient ORDER - 2 + k, in units of
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
    # The quadrature's terms carry the weights already.
    highest: Floats = values[:, ORDER - 2 : ORDER] * (2 * degrees[ORDER - 2 :] + 1)
    return nodes, weights, integrate, highest


NODES, WEIGHTS, INTEGRATE, HIGHEST = _rule()


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """P neighbouring panels, and A arms on them.

    Attributes:
        edges: (P + 1,) in z, rising.
        edge_log: (A, P + 1) log of each distribution function at the edges.
        node_log: (A, P * ORDER) the same at the nodes.
        term: (A, P * ORDER) weight * density / distribution function at the nodes.
        own: (A, P) by how much the nodes miss the mass of the arm on the panel.
    """

    edges: Floats
    edge_log: Floats
    node_log: Floats
    term: Floats
    own: Floats


def meshed(family: Family, edges: Floats) -> Mesh:
    """The mesh of the arms of `family` on panels between `edges` (P + 1,)."""
    below = np.maximum(family.below(edges), TINY)
    node_log, term, own = _panels(family, edges[:-1], edges[1:], below[:, :-1], below[:, 1:])
    return Mesh(edges, np.log(below), node_log, term, own)


def bisected(mesh: Mesh, family: Family, panels: NDArray[np.intp]) -> Mesh:
    """The mesh with each of `panels` cut in two."""
    left, right = mesh.edges[panels], mesh.edges[panels + 1]
    middle = 0.5 * (left + right)
    below = np.exp(mesh.edge_log[:, panels]), np.exp(mesh.edge_log[:, panels + 1])
    at_middle = np.clip(family.below(middle), *below)
    halves = _panels(
        family,
        np.concatenate([left, middle]),
        np.concatenate([middle, right]),
        np.concatenate([below[0], at_middle], axis=1),
        np.concatenate([at_middle, below[1]], axis=1),
    )
    count = len(mesh.edges) - 1
    kept = np.setdiff1d(np.arange(count), panels)
    order = np.argsort(np.concatenate([mesh.edges[kept], left, middle]), kind="stable")
    arms = len(mesh.own)

    def merged(old: Floats, new: Floats) -> Floats:
        old3 = old.reshape(arms, count, -1)[:, kept]
        both = np.concatenate([old3, new.reshape(arms, 2 * len(panels), -1)], axis=1)[:, order]
        return both.reshape(arms, -1)

    where = panels + 1
    return Mesh(
        np.insert(mesh.edges, where, middle),
        np.insert(mesh.edge_log, where, np.log(at_middle), axis=1),
        merged(mesh.node_log, halves[0]),
        merged(mesh.term, halves[1]),
        merged(mesh.own, halves[2]),
    )


def joined(lower: Mesh, upper: Mesh) -> Mesh:
    """Two meshes that meet, as one; arms that only `lower` has (its last ones) lie below `upper`."""
    more = len(lower.own) - len(upper.own)

    def stacked(a: Floats, b: Floats) -> Floats:
        return np.concatenate([a, np.pad(b, ((0, more), (0, 0)))], axis=1)

    return Mesh(
        np.concatenate([lower.edges, upper.edges[1:]]),
        stacked(lower.edge_log, upper.edge_log[:, 1:]),
        stacked(lower.node_log, upper.node_log),
        stacked(lower.term, upper.term),
        stacked(lower.own, upper.own),
    )


def _panels(
    family: Family, left: Floats, right: Floats, below_left: Floats, below_right: Floats
) -> tuple[Floats, Floats, Floats]:
    """`node_log`, `term` and `own` of the panels from `left` to `right` (P,)."""
    count, arms = len(left), len(below_left)
    half = 0.5 * (right - left)
    z = (left + half)[:, None] + half[:, None] * NODES
    density = np.exp(family.log_density(z.reshape(-1))).reshape(arms, count, ORDER)
    mass = density * half[:, None]
    own = np.abs(mass @ WEIGHTS - (below_right - below_left))
    below = np.clip(
        below_left[..., None] + mass @ INTEGRATE, below_left[..., None], below_right[..., None]
    )
    term = mass * WEIGHTS / below
    shape = (arms, count * ORDER)
    return np.log(below).reshape(shape), term.reshape(shape), own
