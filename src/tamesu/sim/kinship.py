"""Kinship: arms that tell alike of themselves are worth alike, in contexts that are alike.

Refuses to draw: weights and contexts are arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.policy.features import Encoder

AT_ONCE = 1_000
"""Arms that are encoded together."""

LEAST = 1e-12
"""Arms whose worth differs by less are all alike."""


class Kinship(NamedTuple):
    """What n arms are worth by what they tell, in a context of d columns: offsets + coefficients . x.

    Attributes:
        offsets: (n,).
        coefficients: (n, d).
    """

    offsets: NDArray[np.float64]
    coefficients: NDArray[np.float64]

    def times(self, scale: float) -> Kinship:
        """So many times as much."""
        return Kinship(scale * self.offsets, scale * self.coefficients)


def kinship(
    encoder: Encoder,
    features: Sequence[Mapping[str, Any]],
    weights: NDArray[np.float64],
    contexts: NDArray[np.float64],
) -> Kinship:
    """The kinship of arms whose joint columns count by `weights`, made of the size 1.

    That is the deviation of arms' worth within a context, over `contexts`. What is the same for all arms,
    as the context itself, is left out.

    Args:
        encoder: of the declaration.
        features: what each arm tells.
        weights: (q,) of joint columns.
        contexts: (m, d) columns of usual ones.

    Raises:
        InvalidInput: arms that all tell the same.
    """
    still = weights @ encoder.mixing(np.zeros(encoder.width))
    moved = [weights @ encoder.mixing(unit) - still for unit in np.eye(encoder.width)]
    by_arm = np.stack([still, *moved])[:, 1:]  # the first column is no arm's
    parts = [
        encoder.arms(features[first : first + AT_ONCE]) @ by_arm.T
        for first in range(0, len(features), AT_ONCE)
    ]
    worth = np.concatenate(parts)
    worth -= worth.mean(axis=0)
    size = float(np.std(worth[:, 0] + contexts @ worth[:, 1:].T))
    if size < LEAST:
        raise InvalidInput(
            "arms must differ in what they tell of themselves, these are all alike",
            hint="give them features; or leave arm_features out",
        )
    return Kinship(worth[:, 0], worth[:, 1:]).times(1.0 / size)
