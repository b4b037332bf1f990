"""`Contributions`: what each round adds to an estimate, so that intervals and clusters are the same for all of them.

Every estimate here is a smooth function of means over rounds:

    T = mean(plain) + mean(top) / mean(bottom)

and of two of those their quotient. Refuses to know what the columns stand for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


class Statistic(Protocol):
    """An estimate as a function of the means of columns."""

    @property
    def columns(self) -> Floats:
        """(n, c) what each round adds."""
        ...

    def of(self, means: Floats) -> Floats:
        """(...) the estimate where the columns have such means (..., c); NaN where it is none."""
        ...

    def influence(self) -> Floats:
        """(n,) how far each round moves the estimate, times n; its mean is 0."""
        ...


def value(statistic: Statistic) -> float:
    """The estimate."""
    return float(statistic.of(statistic.columns.mean(axis=0)))


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """T = mean(plain) + mean(top) / mean(bottom).

    Attributes:
        plain: (n,).
        top, bottom: (n,) both, or none of them: then T is the mean of `plain`.

    Example:
        >>> value(Contributions(np.array([1.0, 3.0])))
        2.0
        >>> reward, weight = np.array([1.0, 0.0]), np.array([3.0, 1.0])
        >>> value(Contributions(np.zeros(2), weight * reward, weight))
        0.75
    """

    plain: Floats
    top: Floats | None = None
    bottom: Floats | None = None

    @property
    def columns(self) -> Floats:
        """(n, 1 or 3)."""
        parts = [part for part in (self.plain, self.top, self.bottom) if part is not None]
        return np.stack(parts, axis=1)

    def of(self, means: Floats) -> Floats:
        """T of means (..., c)."""
        if self.top is None:
            return means[..., 0]
        with np.errstate(invalid="ignore", divide="ignore"):
            whole: Floats = means[..., 0] + means[..., 1] / means[..., 2]
        return whole

    def influence(self) -> Floats:
        """(n,)."""
        moved: Floats = self.plain - self.plain.mean()
        if self.top is None or self.bottom is None:
            return moved
        under = self.bottom.mean()
        with np.errstate(invalid="ignore", divide="ignore"):
            moved += (self.top - self.top.mean() / under * self.bottom) / under
        return moved


@dataclass(frozen=True, slots=True, eq=False)
class Quotient:
    """One estimate over another of the same rounds: reward per decision over impressions per decision."""

    over: Contributions
    under: Contributions

    @property
    def columns(self) -> Floats:
        """(n, c) of both."""
        return np.concatenate([self.over.columns, self.under.columns], axis=1)

    def of(self, means: Floats) -> Floats:
        """One over the other."""
        width = 1 if self.over.top is None else 3
        with np.errstate(invalid="ignore", divide="ignore"):
            whole: Floats = self.over.of(means[..., :width]) / self.under.of(means[..., width:])
        return whole

    def influence(self) -> Floats:
        """(n,)."""
        under = value(self.under)
        ratio = value(self.over) / under if under else np.nan
        moved: Floats = (self.over.influence() - ratio * self.under.influence()) / (under or np.nan)
        return moved
