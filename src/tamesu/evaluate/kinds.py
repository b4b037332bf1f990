"""Finds an estimator by its name.

A kind is a module of `tamesu.evaluate.estimators`, or an entry point of the group `tamesu.estimators`, with
`Options` and `build(options)`; how it is found: `tamesu.base.kinds`. Refuses to estimate anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from tamesu.base.kinds import kinds_in, made_kind
from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions

_PLACES = "tamesu.evaluate.estimators", "tamesu.estimators"


class Estimator(Protocol):
    """What a target policy would have earned.

    Attributes:
        models: whether it looks at the expected rewards of a model.
        marginals: whether it needs the logging policy's probabilities of all arms.
    """

    models: bool
    marginals: bool

    def contributions(self, contrast: Contrast) -> Contributions:
        """What each round adds to the estimate."""
        ...


def known_estimators() -> tuple[str, ...]:
    """Names of every estimator, rising."""
    return kinds_in(*_PLACES)


def estimator_of(name: str, options: Mapping[str, Any] | None = None) -> Estimator:
    """The estimator of that name.

    Raises:
        InvalidInput: an unknown name, an unknown option or a value that cannot be.

    Example:
        >>> estimator_of("dr").models
        True
    """
    return cast("Estimator", made_kind(_PLACES, "estimator", name, options))
