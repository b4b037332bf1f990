"""Contexts as their users give them, checked.

Refuses to guess how many decisions are wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.policy.features import Encoder

Context: TypeAlias = Mapping[str, Any] | Sequence[float] | NDArray[np.float64] | None
"""Values by name, or the numbers of the one vector that a schema is."""


def contexts_of(
    encoder: Encoder, contexts: ArrayLike | Sequence[Mapping[str, Any]] | None, n: int | None
) -> NDArray[np.float64]:
    """(n, d) columns of `contexts`.

    Raises:
        InvalidInput: none where some are needed, or values outside of the schema.
        ShapeMismatch: another shape, or not n of them.
    """
    if contexts is None:
        raise InvalidInput(
            "this bandit learns from contexts, and needs one for each decision, got none",
            hint="for example  decide_many(contexts)",
        )
    if isinstance(contexts, str | bytes) or not isinstance(contexts, Sequence | np.ndarray):
        raise InvalidInput(f"contexts must be a list or an array, got {type(contexts).__name__}")
    given: Any = contexts
    columns = encoder.contexts(given)
    if n is not None and n != len(columns):
        raise ShapeMismatch(f"contexts and n must agree, got {len(columns)} and {n}")
    return columns
