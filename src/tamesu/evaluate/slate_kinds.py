"""Finds an estimator of slates by its name.

A kind is a module of `tamesu.evaluate.slate_estimators`, or an entry point of the group `tamesu.slate_estimators`,
with `Options` and `build(options)`; how it is found: `tamesu.base.kinds`. Refuses to estimate anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from tamesu.base.kinds import kinds_in, made_kind
from tamesu.evaluate.contributions import Statistic
from tamesu.evaluate.slate_contrast import SlateContrast

_PLACES = "tamesu.evaluate.slate_estimators", "tamesu.slate_estimators"


class SlateEstimator(Protocol):
    """What slates of a target policy would have earned.

    Attributes:
        models: whether it looks at the expected rewards of a model.
        marginals: whether it needs to know how likely arms come to positions, whatever stands above.
        pairs: whether it needs to know how likely two arms come to two positions.
    """

    models: bool
    marginals: bool
    pairs: bool

    def contributions(self, contrast: SlateContrast) -> Statistic:
        """What each slate adds to the estimate.

        Raises:
            NoSupport: it needs marginals that nobody made.
        """
        ...


def known_slate_estimators() -> tuple[str, ...]:
    """Names of every estimator of slates, rising."""
    return kinds_in(*_PLACES)


def slate_estimator_of(name: str, options: Mapping[str, Any] | None = None) -> SlateEstimator:
    """The estimator of slates of that name.

    Raises:
        InvalidInput: an unknown name, an unknown option or a value that cannot be.

    Example:
        >>> slate_estimator_of("item_position").marginals
        True
    """
    return cast("SlateEstimator", made_kind(_PLACES, "estimator of slates", name, options))
