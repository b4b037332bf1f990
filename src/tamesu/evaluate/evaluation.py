"""`evaluated`: the one way through the room, from rounds and a target policy to numbers and how far they can be trusted.

Refuses to give a number without its diagnostics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.concluding import (
    Evaluation,
    Part,
    concluded,
    logged_as,
    parts_of,
    without_model,
)
from tamesu.evaluate.contrast import Contrast, Shares
from tamesu.evaluate.diagnostics import diagnostics_of
from tamesu.evaluate.estimands import Estimand, as_seen, statistic_of
from tamesu.evaluate.expected import Predicted, contrasted, contrasted_along
from tamesu.evaluate.intervals import Bounds
from tamesu.evaluate.kinds import estimator_of
from tamesu.evaluate.rounds import Rounds

Floats: TypeAlias = NDArray[np.float64]

ESTIMATORS = ("snips", "dr")


def wants_logging(estimators: Sequence[str | Mapping[str, Any]]) -> bool:
    """Whether one of these needs the logging policy's probabilities of all arms.

    Raises:
        InvalidInput: an unknown name, or an unknown option.
    """
    return any(one.marginals for _, one in parts_of(estimators, estimator_of))


def evaluated(  # noqa: PLR0913 - what an evaluation is asked
    rounds: Rounds,
    target: Shares | Floats,
    *,
    estimators: Sequence[str | Mapping[str, Any]] = ESTIMATORS,
    predicted: Predicted | None = None,
    estimands: Sequence[str] = (Estimand.DECISION.value,),
    confidence: float = 0.95,
    interval: str = "normal",
    folds: int = 3,
    bounds: Bounds | None = None,
    uniforms: Callable[[int], Floats] | None = None,
    logging: Shares | Floats | None = None,
    left_out: Mapping[str, int] | None = None,
) -> Evaluation:
    """What `target` would have earned in these rounds, by each estimator, and how far that can be trusted.

    Args:
        rounds: as logged.
        target: probabilities (n, K) of the target policy, or what gives them of some rounds.
        estimators: names, or `{kind: name, option: …}`.
        predicted: expected rewards (n, K), what gives them of some rounds, or a reward model, which is cross-fitted; none
            for means by arm, or a ridge regression on contexts and what arms tell of themselves where that tells better.
        estimands: `decision`, `impression`, or both.
        confidence: above 0 and below 1.
        interval: one of `tamesu.evaluate.intervals.INTERVALS`.
        folds: of cross-fitting.
        bounds: of rewards and weights, for the intervals that ask for them.
        uniforms: for the bootstrap.
        logging: probabilities (n, K) of the logging policy where they are known, for `mips`; propensities that are not its
            own are refused.
        left_out: what whoever made the rounds set aside, to be told with them.

    Raises:
        InvalidInput: an unknown name, no rounds, a target that is no distribution, or anything that an estimator or
            an interval needs and that is not given.

    Example:
        >>> rounds = Rounds.of(["a", "b"] * 400, [1.0, 0.0] * 400, [0.5] * 800)
        >>> found = evaluated(rounds, np.tile([0.75, 0.25], (800, 1)), estimators=["ips"])
        >>> found.estimates[0].value, found.verdict.trust.value
        (0.75, 'trustworthy')
    """
    if not len(rounds):
        raise InvalidInput("an evaluation must have rounds, got none")
    rounds.checked()
    asked = parts_of(estimators, estimator_of)
    wanted = Estimand.several(estimands)
    models = any(one.models for _, one in asked)
    earned = contrasted(rounds, target, predicted, folds, models=models, logging=logging)

    @cache
    def seen() -> Contrast:
        return contrasted(
            as_seen(rounds), target, predicted, folds, models=models, logging=logging, seen=True
        )

    parts = [
        Part(name, one, statistic_of(one, estimator, earned, seen), models=estimator.models)
        for one in wanted
        for name, estimator in asked
    ]
    # What a sequence may look at: a model of the past, where it can make use of one.
    past = interval == "sequence" and models and bounds and bounds.most_weight is not None
    return concluded(
        rounds,
        contrasted_along(rounds, target, predicted, bounds)
        if past and bounds
        else without_model(earned),
        diagnostics_of(rounds, earned),
        [*logged_as(wanted, rounds, rounds.shown), *parts],
        confidence=confidence,
        interval=interval,
        bounds=bounds,
        uniforms=uniforms,
        left_out=left_out,
    )
