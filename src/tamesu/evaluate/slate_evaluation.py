"""`evaluated_slates`: from slates and a target policy to numbers and how far they can be trusted.

Weights are those of whole slates; propensities are looked at delivery by delivery, each given what stands above. Refuses
to give a number without its diagnostics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.calibration import calibration
from tamesu.evaluate.clustered import clusters_of
from tamesu.evaluate.concluding import Evaluation, Part, concluded, logged_as, parts_of
from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Quotient, Statistic
from tamesu.evaluate.diagnostics import Diagnostics
from tamesu.evaluate.drift import drift_of
from tamesu.evaluate.estimands import Estimand
from tamesu.evaluate.following import following, given_above
from tamesu.evaluate.intervals import Bounds
from tamesu.evaluate.rerun import Again, Rerun, rerun
from tamesu.evaluate.reward_model import RewardModel
from tamesu.evaluate.rounds import Rounds
from tamesu.evaluate.slate_contrast import SlateContrast, SlateShares, slate_contrast_of
from tamesu.evaluate.slate_kinds import SlateEstimator, slate_estimator_of
from tamesu.evaluate.slates import Slates
from tamesu.evaluate.weights import weights_of

Floats: TypeAlias = NDArray[np.float64]

SLATE_ESTIMATORS = ("reward_interaction", "sn_reward_interaction")

MOST_CELLS = 1 << 25
"""Of slates times positions times arms, whose propensities are looked at; of more slates every so manieth."""


def evaluated_slates(  # noqa: PLR0913 - what an evaluation is asked
    slates: Slates,
    target: SlateShares | Floats,
    *,
    estimators: Sequence[str | Mapping[str, Any]] = SLATE_ESTIMATORS,
    predicted: SlateShares | Floats | None = None,
    model: RewardModel | None = None,
    folds: int = 3,
    again: Again | Callable[[], Again | None] | None = None,
    placed: SlateShares | Floats | None = None,
    pairs: SlateShares | Floats | None = None,
    estimands: Sequence[str] = (Estimand.DECISION.value,),
    confidence: float = 0.95,
    interval: str = "normal",
    bounds: Bounds | None = None,
    uniforms: Callable[[int], Floats] | None = None,
    left_out: Mapping[str, int] | None = None,
) -> Evaluation:
    """What `target` would have earned in these slates, a slate's reward being that of all its deliveries.

    Args:
        slates: as logged.
        target: probabilities given the logged arms above, (n, L) of the logged arm or (n, L, K) of all.
        estimators: names, or `{kind: name, option: …}`.
        predicted: expected rewards (n, L, K), for `cascade_dr`; none to learn them by `model`.
        model: of what an arm at a position earns with all that follow it, cross-fitted; none for a plain one.
        folds: of cross-fitting.
        again: both policies, or what gives them: to be run again for estimators that need marginals, and to say with
            a model what of all arms the target policy would have placed; none to refuse those.
        placed: how likely the target policy places arms, where somebody knows it, with `slates.marginal`.
        pairs: how likely the logging policy places two arms, for the pseudo-inverse; all three as `slate_contrast_of` has them.
        estimands: `decision`, `impression`, or both.
        confidence: above 0 and below 1.
        interval: one of `tamesu.evaluate.intervals.INTERVALS`.
        bounds: of a slate's reward and of weights, for the intervals that ask for them.
        uniforms: for the bootstrap.
        left_out: what whoever made the slates set aside, to be told with them.

    Raises:
        InvalidInput: an unknown name, no slates, or anything that an estimator or an interval needs and that is not
            given.
        NoSupport: an estimator needs marginals that nobody made.
    """
    if not slates.there.any():
        raise InvalidInput("an evaluation must have slates with an arm in them, got none")
    asked = parts_of(estimators, slate_estimator_of)
    wanted = Estimand.several(estimands)
    _refuse_unfit(asked, wanted, interval, given=predicted is not None)
    models = any(one.models for _, one in asked)
    marginals = any(one.marginals for _, one in asked)
    both = again() if callable(again) and (models or marginals) else again
    policies = None if callable(both) else both
    wished = target if policies is None or not models else given_above(policies.target)

    def contrasted(one: Slates) -> SlateContrast:
        learnt = following(one, model, folds) if models and predicted is None else predicted
        return slate_contrast_of(
            one, wished, learnt if models else None, placed=placed, pairs=pairs
        )

    contrast = contrasted(slates)
    made = Rerun(contrast, ())
    if policies is not None and marginals:
        made = rerun(slates, contrast, policies, pairs=any(one.pairs for _, one in asked))
    shown = slates.shown.astype(np.float64)
    seen = replace(contrast, reward=shown)
    if models and Estimand.IMPRESSION in wanted:
        seen = contrasted(replace(slates, reward=shown))
    whole = _as_rounds(slates)
    as_one = _as_contrast(contrast, whole)
    parts = [_part(name, one, estimator, made, seen) for one in wanted for name, estimator in asked]
    return concluded(
        whole,
        as_one,
        _diagnostics(slates, contrast, whole, as_one),
        [*logged_as(wanted, whole, slates.shown.sum(axis=1)), *parts],
        confidence=confidence,
        interval=interval,
        bounds=bounds,
        uniforms=uniforms,
        left_out=left_out,
    )


def _refuse_unfit(
    asked: Sequence[tuple[str, SlateEstimator]],
    wanted: Sequence[Estimand],
    interval: str,
    *,
    given: bool,
) -> None:
    """Raises where expected rewards are `given` that cannot say what is seen, or an interval has no bound to go by."""
    if given and Estimand.IMPRESSION in wanted and any(one.models for _, one in asked):
        raise InvalidInput(
            "per impression a model must learn how likely arms are seen, got expected rewards that say nothing of it",
            hint="give a reward model, or none, or take an estimator without one, such as reward_interaction",
        )
    unbounded = [name for name, one in asked if one.models or one.pairs]
    if interval == "bernstein" and unbounded:
        raise InvalidInput(
            f"an empirical Bernstein interval must know how far a slate can move an estimate, of {unbounded[0]} the "
            "bounds of rewards and weights do not say it",
            hint="take another interval, or reward_interaction",
        )


def _part(
    name: str, estimand: Estimand, estimator: SlateEstimator, made: Rerun, seen: SlateContrast
) -> Part:
    def statistic(contrast: SlateContrast) -> Statistic:
        over = estimator.contributions(contrast)
        if estimand is Estimand.DECISION:
            return over
        known = {"reward": seen.reward, "guess": seen.guess, "expected": seen.expected}
        return Quotient(over, estimator.contributions(replace(contrast, **known)))

    if not estimator.marginals:
        return Part(name, estimand, statistic(made.contrast), models=estimator.models)
    whole, run_error = made.estimated(statistic)
    return Part(name, estimand, whole, models=estimator.models, run_error=run_error)


def _as_rounds(slates: Slates) -> Rounds:
    """Each slate as one round, whose propensity is that of the whole order."""
    return Rounds(
        arms=slates.arms,
        chosen=np.maximum(slates.chosen[:, 0], 0),
        reward=slates.reward.sum(axis=1),
        propensity=np.maximum(slates.joint, np.finfo(np.float64).tiny),
        shown=np.asarray(slates.shown.any(axis=1), np.bool_),
        context=slates.context,
        features=slates.features,
        eligible=None,
        position=np.zeros(len(slates), np.intp),
        cluster=slates.cluster,
        decided=slates.decided,
        row=slates.row,
    )


def _as_contrast(contrast: SlateContrast, whole: Rounds) -> Contrast:
    none = np.zeros(len(whole))
    return Contrast(
        reward=whole.reward,
        propensity=whole.propensity,
        target=contrast.prefix_weight[:, -1] * whole.propensity,
        guess=none,
        expected=none,
        wanted=np.zeros(len(whole.arms)),
        cluster=whole.cluster,
    )


def _diagnostics(
    slates: Slates, contrast: SlateContrast, whole: Rounds, as_one: Contrast
) -> Diagnostics:
    step = -(-slates.chosen.size * len(slates.arms) // MOST_CELLS)
    some = slice(None, None, step)
    deliveries, weight, wanted = _deliveries(slates.take(some), contrast, some)
    none = np.zeros(len(deliveries))
    told = Contrast(
        reward=deliveries.reward,
        propensity=deliveries.propensity,
        target=weight * deliveries.propensity,
        guess=none,
        expected=none,
        wanted=wanted,
        cluster=deliveries.cluster,
    )
    return Diagnostics(
        rounds=len(slates),
        clusters=clusters_of(whole.cluster),
        shown=int(whole.shown.sum()),
        weights=replace(weights_of(whole, as_one), untried=math.nan),
        calibration=calibration(deliveries, told),
        drift=drift_of(whole, as_one),
    )


def _deliveries(
    slates: Slates, contrast: SlateContrast, some: slice
) -> tuple[Rounds, Floats, Floats]:
    """Each delivery as a round among the arms that are left, its weight, and how often each arm seems to be wanted.

    Where some slate holds an arm twice, whoever logged drew with replacement, and all are left at every position.
    """
    n, size, k = len(slates), slates.size, len(slates.arms)
    there = slates.there
    left = np.ones((n, k), np.bool_) if slates.eligible is None else slates.eligible.copy()
    eligible, repeats = np.empty((n, size, k), np.bool_), slates.repeats
    for at in range(size):
        eligible[:, at] = left
        if not repeats:
            left[np.flatnonzero(there[:, at]), slates.chosen[there[:, at], at]] = False
    slate = np.broadcast_to(np.arange(n)[:, None], (n, size))[there]
    rounds = Rounds(
        arms=slates.arms,
        chosen=slates.chosen[there],
        reward=slates.reward[there],
        propensity=slates.propensity[there],
        shown=slates.shown[there],
        context=slates.context[slate],
        features=slates.features,
        eligible=eligible[there],
        position=np.broadcast_to(np.arange(size), (n, size))[there],
        cluster=slates.cluster[slate],
        decided=slates.decided[slate],
        row=np.arange(len(slate)),
    )
    each = (contrast.target / contrast.propensity)[some][there]
    whole = np.bincount(rounds.chosen, contrast.prefix_weight[some][there], k)
    return rounds, each, whole / max(1.0, float(whole.sum()))
