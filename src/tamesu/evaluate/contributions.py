"""`Contributions`: what each round adds to an estimate, so that intervals and clusters are the same for all of them.

Every estimate here is a smooth function of means over rounds:

    T = mean(plain) + mean(top) / mean(bottom)

sums of those (one for each position of a slate), and of two of them their quotient. Refuses to know what the
columns stand for.
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
        tuned: what an option of the estimator was set to, where the rounds themselves chose it.

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
    tuned: float | None = None

    @property
    def columns(self) -> Floats:
        """(n, 1 or 3)."""
        parts = [part for part in (self.plain, self.top, self.bottom) if part is not None]
        # Each column in one piece: means over rounds are what is asked of them.
        return np.stack(parts).T

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
class Sum:
    """Estimates of the same rounds, added up: what a slate earns is what its positions earn.

    Attributes:
        parts: at least one.
    """

    parts: tuple[Statistic, ...]

    @property
    def columns(self) -> Floats:
        """(n, c) of all, one beside the other."""
        return np.concatenate([part.columns for part in self.parts], axis=1)

    def of(self, means: Floats) -> Floats:
        """Their sum."""
        whole = np.zeros(means.shape[:-1])
        first = 0
        for part in self.parts:
            last = first + part.columns.shape[1]
            whole = whole + part.of(means[..., first:last])
            first = last
        return whole

    def influence(self) -> Floats:
        """(n,)."""
        moved: Floats = np.sum([part.influence() for part in self.parts], axis=0)
        return moved


def weighted_means(weight: Floats, reward: Floats) -> Sum:
    """T = sum over positions of mean(weight * reward) / mean(weight), of weights and rewards (n, L)."""
    none = np.zeros(len(weight))
    tops = weight * reward
    return Sum(
        tuple(Contributions(none, tops[:, at], weight[:, at]) for at in range(weight.shape[1]))
    )


@dataclass(frozen=True, slots=True, eq=False)
class Quotient:
    """One estimate over another of the same rounds: reward per decision over impressions per decision."""

    over: Statistic
    under: Statistic

    @property
    def columns(self) -> Floats:
        """(n, c) of both."""
        return np.concatenate([self.over.columns, self.under.columns], axis=1)

    def of(self, means: Floats) -> Floats:
        """One over the other."""
        width = self.over.columns.shape[1]
        with np.errstate(invalid="ignore", divide="ignore"):
            whole: Floats = self.over.of(means[..., :width]) / self.under.of(means[..., width:])
        return whole

    def influence(self) -> Floats:
        """(n,)."""
        under = value(self.under)
        ratio = value(self.over) / under if under else np.nan
        moved: Floats = (self.over.influence() - ratio * self.under.influence()) / (under or np.nan)
        return moved
