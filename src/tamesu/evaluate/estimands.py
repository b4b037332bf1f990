"""Estimands: what is estimated.

*Per decision*: the mean reward of a decision, where a delivery that nobody saw earns nothing. An estimator's own equation.

*Per impression*: reward per decision over impressions per decision, both of the target policy, each estimated by
the same equation: whether a delivery is seen is an outcome like a reward, and the target policy may place what is seen more
often. To divide by the logging policy's impressions instead, as if seen deliveries were all there was, is wrong by
the ratio of both policies' impressions, however many rounds there are.

Where everything was seen both are the same for what is self-normalised. Refuses any other way to count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum

import numpy as np

from tamesu.base import InvalidInput
from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Quotient, Statistic
from tamesu.evaluate.kinds import Estimator
from tamesu.evaluate.rounds import Rounds


class Estimand(Enum):
    """What is estimated."""

    DECISION = "decision"
    IMPRESSION = "impression"

    @classmethod
    def of(cls, name: str) -> Estimand:
        """By its name.

        Raises:
            InvalidInput: another name.
        """
        try:
            return cls(name)
        except ValueError:
            raise InvalidInput.unknown_kind("estimand", name, [one.value for one in cls]) from None

    @classmethod
    def several(cls, names: Sequence[str]) -> list[Estimand]:
        """By their names.

        Raises:
            InvalidInput: another name, or a text where a list must be.
        """
        if isinstance(names, str):
            raise InvalidInput(
                f"estimands must be a list of names, got {names!r}",
                hint="for example  estimands=['decision']",
            )
        return [cls.of(one) for one in names]


def statistic_of(
    estimand: Estimand,
    estimator: Estimator,
    earned: Contrast,
    seen: Callable[[], Contrast],
) -> Statistic:
    """The estimate of `estimand` by `estimator`.

    Args:
        estimand: which.
        estimator: its equation.
        earned: rounds with their rewards.
        seen: gives the same rounds where being seen is the reward; asked where it is needed.
    """
    over = estimator.contributions(earned)
    if estimand is Estimand.DECISION:
        return over
    return Quotient(over, estimator.contributions(seen()))


def as_seen(rounds: Rounds) -> Rounds:
    """The same rounds, where being seen is the reward."""
    return replace(rounds, reward=rounds.shown.astype(np.float64))
