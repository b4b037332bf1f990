"""Rates that are expected of arms before anything is learnt, as log-odds. Refuses to learn them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy.priors import refuse_undeclared

LEAST_RATE = 1e-9


class Rates:
    """A rate of all arms, and those of single ones.

    Attributes:
        offset: log-odds of the former.
    """

    def __init__(self, rate: float, rates: Mapping[str, float]) -> None:
        self.offset = _log_odds(rate)
        self._of = {arm: _log_odds(each) for arm, each in rates.items()}

    def offsets(self, arms: Sequence[str]) -> NDArray[np.float64]:
        """(n,) log-odds that are expected of `arms`, in their order."""
        if not self._of:
            return np.full(len(arms), self.offset)
        return np.array([self._of.get(arm, self.offset) for arm in arms], dtype=np.float64)


def refuse_rates(rate: float, rates: Mapping[str, float], declaration: Declaration) -> None:
    """Refuses rates that are none, or of arms that `declaration` does not have.

    Raises:
        InvalidDeclaration: as said.
    """
    refuse_undeclared(rates, declaration)
    for name, given in {"rate": rate, **{f"rates.{arm}": of for arm, of in rates.items()}}.items():
        if not LEAST_RATE <= given <= 1.0 - LEAST_RATE:
            raise InvalidDeclaration(
                f"policy.belief.{name} must lie between {LEAST_RATE:g} and 1 - {LEAST_RATE:g}, "
                f"got {given:g}",
                hint="0.02 expects one success in fifty",
            )


def _log_odds(rate: float) -> float:
    return math.log(rate) - math.log1p(-rate)
