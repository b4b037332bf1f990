"""Expected rewards, where they come from: a table, a function, a model that is cross-fitted, or a plain one of ours.

Refuses to ask a model of rounds that it learnt from, and to hold rounds times arms of them at once.
"""

from __future__ import annotations

from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.along import FIRST, along
from tamesu.evaluate.contrast import Contrast, Shares, contrast_of
from tamesu.evaluate.intervals import Bounds
from tamesu.evaluate.models import best_of, per_arm, ridge
from tamesu.evaluate.reward_model import RewardModel, crossed_if_it_learns
from tamesu.evaluate.rounds import Rounds

Floats: TypeAlias = NDArray[np.float64]

Predicted: TypeAlias = Floats | Shares | RewardModel
"""Expected rewards (n, K), what gives them of some rounds, or a model to learn them."""


PENALTIES = (1.0, 30.0, 1_000.0)
"""Of ridge regressions that are tried where nobody says what expects rewards."""


def contrasted(  # noqa: PLR0913 - what makes a contrast
    rounds: Rounds,
    target: Shares | Floats,
    predicted: Predicted | None,
    folds: int,
    *,
    models: bool,
    logging: Shares | Floats | None = None,
    seen: bool = False,
) -> Contrast:
    """Rounds as `target` sees them, with expected rewards where an estimator looks at them.

    Args:
        rounds: as logged.
        target: probabilities (n, K), or what gives them.
        predicted: expected rewards; none for a plain model.
        folds: of cross-fitting.
        models: whether anybody looks at them.
        logging: probabilities (n, K) of the logging policy, where they are known.
        seen: whether these rounds have being seen as their reward. Nobody but a model can say that.

    Raises:
        InvalidInput: expected rewards that are given, where being seen has to be expected.
    """
    if not models:
        return contrast_of(rounds, target, logging=logging)
    if seen and rounds.shown.all():
        return contrast_of(
            rounds, target, np.ones((len(rounds), len(rounds.arms))), logging=logging
        )
    given = predicted if predicted is not None else plain_model(rounds)
    if not callable(given):
        return contrast_of(rounds, target, _of_rewards(given, seen=seen), logging=logging)
    asked = crossed_if_it_learns(rounds, given, folds)
    if asked is None:
        return contrast_of(
            rounds, target, _of_rewards(cast("Shares", given), seen=seen), logging=logging
        )
    return contrast_of(rounds, target, asked, logging=logging)


def contrasted_along(
    rounds: Rounds, target: Shares | Floats, predicted: Predicted | None, bounds: Bounds
) -> Contrast:
    """Rounds as `target` sees them, with expected rewards of models that knew the past alone.

    Expected rewards that are given, and not a model, are left out: nobody knows what they were learnt from.

    Args:
        rounds: in the order of the log.
        target: probabilities (n, K), or what gives them.
        predicted: a model; none for a plain one.
        bounds: of rewards.

    Raises:
        InvalidInput: rounds that do not stand in the order of the log.
    """
    given = plain_model(rounds) if predicted is None else predicted
    if not callable(given) or not callable(cast("Any", given)(rounds.take(slice(0, FIRST)))):
        return contrast_of(rounds, target)
    return contrast_of(rounds, target, along(rounds, cast("RewardModel", given), bounds))


def plain_model(rounds: Rounds) -> RewardModel:
    """What expects rewards where nobody says what does: means by arm, or of contexts, positions and features what helps."""
    told = rounds.context.shape[1] or rounds.features.shape[1] or rounds.position.any()
    return best_of(per_arm(), *map(ridge, PENALTIES)) if told else per_arm()


def _of_rewards(given: Floats | Shares, *, seen: bool) -> Floats | Shares:
    if seen:
        raise InvalidInput(
            "per impression a model must learn how likely arms are seen, got expected rewards that say nothing of it",
            hint="give a reward model, or take an estimator without one, such as snips",
        )
    return given
