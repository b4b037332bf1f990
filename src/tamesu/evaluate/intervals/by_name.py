"""Finds an interval by its name, and hands it what it asks for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tamesu.base import InvalidInput
from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Quotient, Statistic
from tamesu.evaluate.intervals.bernstein import bernstein
from tamesu.evaluate.intervals.betting import betting
from tamesu.evaluate.intervals.bootstrap import Uniforms, bootstrap
from tamesu.evaluate.intervals.bounds import Bounds
from tamesu.evaluate.intervals.interval import Interval
from tamesu.evaluate.intervals.normal import normal
from tamesu.evaluate.intervals.sequence import sequence, steps_of
from tamesu.evaluate.rounds import Rounds

INTERVALS = ("normal", "bootstrap", "bernstein", "betting", "sequence")


def interval_of(  # noqa: PLR0913 - what one or another of them asks for
    name: str,
    statistic: Statistic,
    rounds: Rounds,
    contrast: Contrast,
    confidence: float,
    *,
    models: bool = False,
    bounds: Bounds | None = None,
    uniforms: Uniforms | None = None,
) -> Interval:
    """The interval of that name, of an estimate of `rounds` as `contrast` sees them.

    Args:
        name: one of `INTERVALS`. By betting and by a sequence it is one of the value per decision, whatever the estimator.
        statistic: the estimate; rounds of a unit may depend on each other.
        rounds: as logged; for a sequence in the order of the log.
        contrast: them, as the target policy sees them; for a sequence with guesses of a model that knew the past alone.
        confidence: above 0 and below 1.
        models: whether the estimator looks at expected rewards.
        bounds: of rewards and weights, for `bernstein`, `betting` and `sequence`.
        uniforms: for `bootstrap`.

    Raises:
        InvalidInput: an unknown name, or something that this one needs is not given.
    """
    if name in {"betting", "sequence"} and isinstance(statistic, Quotient):
        raise InvalidInput(
            f"an interval by {name!r} must be of the value per decision, got one per impression",
            hint="estimands=['decision'], or interval='bernstein'",
        )
    if not len(rounds):
        raise InvalidInput("an interval must have a round at least, got none")
    cluster = rounds.cluster
    match name:
        case "normal":
            return normal(statistic, cluster, confidence)
        case "bootstrap" if uniforms is not None:
            return bootstrap(statistic, cluster, confidence, uniforms)
        case "bernstein" if bounds is not None:
            return bernstein(statistic, cluster, confidence, bounds, models=models)
        case "betting" if bounds is not None:
            without = np.zeros(len(contrast))
            alone = replace(contrast, guess=without, expected=without)
            return betting(alone, cluster, confidence, bounds)
        case "sequence" if bounds is not None:
            return sequence(contrast, steps_of(rounds), confidence, bounds).last
        case "bootstrap":
            raise InvalidInput("a bootstrap must have uniforms to draw with, got none")
        case "bernstein" | "betting" | "sequence":
            raise InvalidInput(
                f"an interval by {name!r} must know the bounds of rewards, got none",
                hint="declare reward.range, or give bounds",
            )
        case _:
            raise InvalidInput.unknown_kind("interval", name, INTERVALS)
