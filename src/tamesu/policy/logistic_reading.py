"""Readings of a logistic belief: the scores of a linear one are its log-odds.

Refuses to know coefficients: a linear reading does.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tamesu.base import Bug
from tamesu.policy.contract import Coefficients, Family, Marginals, Reading
from tamesu.policy.families.logit_normal import LogitNormalFamily
from tamesu.policy.families.normal import NormalFamily
from tamesu.policy.many import ManyReading, Sheet, all_many
from tamesu.policy.uniforms import Uniforms

Floats: TypeAlias = NDArray[np.float64]

KIND = "logit_normal"


class LogisticReading:
    """Chances sigma(offset_a + s_a), s_a what a linear reading says.

    Attributes:
        offsets: (n,).
    """

    def __init__(self, inner: Reading, offsets: Floats, offset: float) -> None:
        self._inner = inner
        self.offsets = offsets
        self.contextual = inner.contextual
        self.typical = inner.typical
        shared = inner.coefficients
        self.coefficients: Coefficients | None = (
            None if shared is None else LogisticCoefficients(shared, offset)
        )

    def at(self, context: Floats) -> Marginals:
        """Chances in `context`; joint draws are of chances too."""
        return self.chances(self._inner.at(context))

    def chances(self, told: Marginals) -> Marginals:
        """The chances whose log-odds, without the offsets, are `told`."""
        joint, offsets = told.joint, self.offsets

        def drawn_chances(m: int, uniforms: Uniforms) -> Floats:
            if joint is None:
                raise Bug("independent arms have no joint draws")
            drawn: Floats = special.expit(joint(m, uniforms) + offsets)
            return drawn

        return Marginals(
            kind=KIND,
            family=_chances(told.family, offsets),
            observations=told.observations,
            total=told.total,
            joint=None if joint is None else drawn_chances,
            clipped=told.clipped,
            weight=told.weight,
            total_weight=told.total_weight,
            passing=told.passing,
        )


class ManyLogisticReading(LogisticReading):
    """The same where the linear reading can be asked of many contexts at once."""

    def __init__(self, inner: ManyReading, offsets: Floats, offset: float) -> None:
        super().__init__(inner, offsets, offset)
        self._sheets = inner

    def many(self, contexts: Floats) -> LogisticSheet:
        """`at` of each of m contexts (m, d)."""
        return LogisticSheet(self._sheets.many(contexts), self)


class LogisticSheet:
    """Chances in many contexts."""

    def __init__(self, inner: Sheet, reading: LogisticReading) -> None:
        self._inner = inner
        self._reading = reading

    def at(self, number: int) -> Marginals:
        """In one of the contexts."""
        return self._reading.chances(self._inner.at(number))

    def mean(self) -> Floats:
        """(m, n)."""
        location, scale = self.ladder()
        mean = LogitNormalFamily(location.reshape(-1), scale.reshape(-1)).mean()
        return mean.reshape(location.shape)

    def ladder(self) -> tuple[Floats, Floats]:
        """Log-odds (m, n) and their deviations."""
        location, scale = self._inner.ladder()
        return location + self._reading.offsets, scale


class LogisticCoefficients:
    """Coefficients of log-odds; the first stands before the column of ones."""

    def __init__(self, inner: Coefficients, offset: float) -> None:
        self._inner = inner
        self._offset = offset
        self.sums = inner.sums

    def mean(self) -> Floats:
        """(q,) the likeliest, the prior's rate in the first."""
        mean = self._inner.mean().copy()
        mean[0] += self._offset
        return mean

    def drawn(self, draws: int, uniforms: Uniforms) -> Floats:
        """(draws, q) drawn together: log-odds rise with the chance, so that the best is the best."""
        drawn = self._inner.drawn(draws, uniforms).copy()
        drawn[:, 0] += self._offset
        return drawn

    def expected(self, columns: Floats) -> Floats:
        """(n,) mean chances before joint columns (n, q)."""
        return self.worth(columns).mean()

    def worth(self, columns: Floats) -> Family:
        """Chances before joint columns (n, q)."""
        return _chances(self._inner.worth(columns), np.full(len(columns), self._offset))


def logistic_reading(inner: Reading, offsets: Floats, offset: float) -> LogisticReading:
    """The chances of a linear reading, by offsets (n,) of the arms and that of all."""
    many = all_many((inner,))
    if many is None:
        return LogisticReading(inner, offsets, offset)
    return ManyLogisticReading(many[0], offsets, offset)


def _chances(scores: Family, offsets: Floats) -> LogitNormalFamily:
    if not isinstance(scores, NormalFamily):
        raise Bug("log-odds must be normal")
    return LogitNormalFamily(scores.location + offsets, scores.scale)
