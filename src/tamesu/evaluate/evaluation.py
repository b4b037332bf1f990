"""`evaluated`: the one way through the room, from rounds and a target policy to numbers and how far they can be trusted.

Refuses to give a number without its diagnostics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from functools import cache
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.contrast import Contrast, Shares
from tamesu.evaluate.contributions import Contributions, Quotient, Statistic, value
from tamesu.evaluate.diagnostics import Diagnostics, diagnostics_of
from tamesu.evaluate.estimands import Estimand, as_seen, statistic_of
from tamesu.evaluate.expected import Predicted, contrasted, contrasted_along
from tamesu.evaluate.intervals import Bounds, Interval, interval_of
from tamesu.evaluate.kinds import Estimator, estimator_of
from tamesu.evaluate.rounds import Rounds
from tamesu.evaluate.verdict import Trust, Verdict, verdict_of

Floats: TypeAlias = NDArray[np.float64]

ESTIMATORS = ("snips", "dr")
LOGGED = "logged"


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number.

    Attributes:
        estimator: its name, with its options; `logged` for what the logging policy earned.
        estimand: what is estimated.
        value: NaN where the rounds say nothing.
        interval: likewise.
    """

    estimator: str
    estimand: Estimand
    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a target policy would have earned.

    Attributes:
        diagnostics: to be looked at first.
        verdict: how far the estimates can be trusted.
        logged: what the logging policy earned, by estimand.
        estimates: what the target policy would have, by estimator, then by estimand.
        confidence: of all intervals.
        interval: by what they were made.
        left_out: why decisions are not among the rounds, and how many of each.
    """

    diagnostics: Diagnostics
    verdict: Verdict
    logged: tuple[Estimate, ...]
    estimates: tuple[Estimate, ...]
    confidence: float
    interval: str
    left_out: Mapping[str, int]

    @property
    def refused(self) -> bool:
        """Whether the estimates are not to be looked at."""
        return self.verdict.trust is Trust.REFUSE

    def plain(self, *, anyway: bool = False) -> dict[str, Any]:
        """As JSON has it, NaN as none.

        Args:
            anyway: with the estimates even where the verdict refuses them; else none stand there.
        """
        whole = asdict(self)
        if self.refused and not anyway:
            whole["estimates"] = None
            for part in (
                *whole["diagnostics"]["drift"]["halves"],
                *whole["diagnostics"]["drift"]["parts"],
            ):
                part["target"] = part["target_error"] = None
        found: dict[str, Any] = _plain(whole)
        return found


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
            for a ridge regression on contexts and what arms tell of themselves, or means by arm where there is none of these.
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
        >>> rounds = Rounds.of(["a", "b"] * 300, [1.0, 0.0] * 300, [0.5] * 600)
        >>> found = evaluated(rounds, np.tile([0.75, 0.25], (600, 1)), estimators=["ips"])
        >>> found.estimates[0].value, found.verdict.trust.value
        (0.75, 'trustworthy')
    """
    if not len(rounds):
        raise InvalidInput("an evaluation must have rounds, got none")
    asked = [(_named(one), _made(one)) for one in estimators]
    wanted = [Estimand.of(one) for one in estimands]
    if interval == "sequence" and Estimand.IMPRESSION in wanted:
        raise InvalidInput(
            "a sequence tells the value per decision alone, got the estimand impression",
            hint="take another interval, or the estimand decision",
        )
    models = any(one.models for _, one in asked)
    earned = contrasted(rounds, target, predicted, folds, models=models, logging=logging)

    @cache
    def seen() -> Contrast:
        return contrasted(
            as_seen(rounds), target, predicted, folds, models=models, logging=logging, seen=True
        )

    @cache
    def known() -> Contrast:
        """What a sequence may look at: a model of the past, where it can make use of one."""
        if interval == "sequence" and models and bounds and bounds.most_weight is not None:
            return contrasted_along(rounds, target, predicted, bounds)
        return _without_model(earned)

    def told(name: str, estimand: Estimand, statistic: Statistic, *, models: bool) -> Estimate:
        logged = name == LOGGED
        between = interval_of(
            interval,
            statistic,
            rounds,
            _as_logged(earned) if logged else known(),
            confidence,
            models=models,
            bounds=replace(bounds, most_weight=1.0) if bounds and logged else bounds,
            uniforms=uniforms,
        )
        return Estimate(name, estimand, value(statistic), between)

    found = diagnostics_of(rounds, earned)
    return Evaluation(
        diagnostics=found,
        verdict=verdict_of(found),
        logged=tuple(told(LOGGED, one, _logged(one, rounds), models=False) for one in wanted),
        estimates=tuple(
            told(name, one, statistic_of(one, estimator, earned, seen), models=estimator.models)
            for one in wanted
            for name, estimator in asked
        ),
        confidence=confidence,
        interval=interval,
        left_out=dict(left_out or {}),
    )


def _as_logged(contrast: Contrast) -> Contrast:
    """The logging policy as its own target."""
    return replace(_without_model(contrast), target=contrast.propensity)


def _without_model(contrast: Contrast) -> Contrast:
    """Without what a cross-fitted model expects: it knows of later rounds, and a sequence may not."""
    none = np.zeros(len(contrast))
    return replace(contrast, guess=none, expected=none)


def _logged(estimand: Estimand, rounds: Rounds) -> Statistic:
    reward = Contributions(rounds.reward)
    if estimand is Estimand.DECISION:
        return reward
    return Quotient(reward, Contributions(rounds.shown.astype(np.float64)))


def _made(one: str | Mapping[str, Any]) -> Estimator:
    if isinstance(one, str):
        return estimator_of(one)
    options = dict(one)
    return estimator_of(str(options.pop("kind", "")), options)


def _named(one: str | Mapping[str, Any]) -> str:
    """`dr`, or `switch_dr:threshold=5`."""
    if isinstance(one, str):
        return one
    options = ",".join(f"{name}={given}" for name, given in one.items() if name != "kind")
    return f"{one.get('kind', '')}:{options}" if options else str(one.get("kind", ""))


def _plain(whole: Any) -> Any:
    if isinstance(whole, dict):
        return {name: _plain(one) for name, one in cast("dict[str, Any]", whole).items()}
    if isinstance(whole, Interval):
        return {"low": _plain(whole.low), "high": _plain(whole.high)}
    if isinstance(whole, list | tuple):
        return [_plain(one) for one in cast("list[Any]", whole)]
    if isinstance(whole, Enum):
        return whole.value
    if isinstance(whole, float) and not math.isfinite(whole):
        return None
    return whole
