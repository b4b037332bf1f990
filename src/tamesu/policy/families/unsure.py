"""What numbers without a posterior cannot be asked for: one wording for all that know a mean and no density.

Refuses to guess: an explorer that asks has been composed with the wrong belief.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug

Floats = NDArray[np.float64]


class WithoutDensity:
    """The part of a family that takes a density; each of it is a defect of whoever asks.

    Attributes:
        lacks: what there is not, and what was wrong to ask for it.
    """

    __slots__ = ()

    lacks: ClassVar[str]

    def distinct(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Not known."""
        raise Bug(self.lacks)

    def spread(self) -> tuple[Floats, Floats, Floats]:
        """Not known."""
        raise Bug(self.lacks)

    def log_density(self, z: Floats) -> Floats:
        """Not known."""
        del z
        raise Bug(self.lacks)

    def below(self, z: Floats) -> Floats:
        """Not known."""
        del z
        raise Bug(self.lacks)

    def above(self, z: Floats) -> Floats:
        """Not known."""
        del z
        raise Bug(self.lacks)


class WithoutPosterior(WithoutDensity):
    """Of a family that does not know either how sure it is."""

    __slots__ = ()

    def ladder(self) -> tuple[Floats, Floats]:
        """Not known."""
        raise Bug(self.lacks)
