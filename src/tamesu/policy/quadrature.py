"""Thin first version."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.contract import Family


class Quadrature:
    def __init__(self, family: Family, arms: int) -> None:
        self._family = family

    def best_of(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        family = self._family.take(rows)
        c, s = family.spread()
        lo, hi = (c - 25 * s).min(), (c + 10 * s).max()
        z = np.unique(np.concatenate([np.linspace(lo, hi, 2000), *(np.linspace(a - 8 * b, a + 8 * b, 100) for a, b in zip(c, s))]))
        F = np.clip(family.below(z), 1e-300, 1)
        logs = np.log(F)
        g = np.exp(family.log_density(z) + logs.sum(axis=0) - logs)
        p = np.maximum(np.trapezoid(g, z, axis=1), 0)
        return p / p.sum()
