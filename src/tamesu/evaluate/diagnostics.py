"""Diagnostics: what must be looked at before any number is believed. Refuses to judge: see `tamesu.evaluate.verdict`."""

from __future__ import annotations

from dataclasses import dataclass

from tamesu.evaluate.calibration import Calibration, calibration
from tamesu.evaluate.clustered import clusters_of
from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.drift import Drift, drift_of
from tamesu.evaluate.rounds import Rounds
from tamesu.evaluate.weights import Weights, weights_of


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """A log, and a target policy beside it.

    Attributes:
        rounds: how many.
        clusters: of them, each by itself.
        shown: rounds whose delivery was seen.
        weights: what the target policy's weights tell.
        calibration: whether propensities can be right.
        drift: how the log went.
    """

    rounds: int
    clusters: int
    shown: int
    weights: Weights
    calibration: Calibration
    drift: Drift


def diagnostics_of(rounds: Rounds, contrast: Contrast) -> Diagnostics:
    """All of them. O(n log n)."""
    return Diagnostics(
        rounds=len(rounds),
        clusters=clusters_of(rounds.cluster),
        shown=int(rounds.shown.sum()),
        weights=weights_of(rounds, contrast),
        calibration=calibration(rounds, contrast),
        drift=drift_of(rounds, contrast),
    )
