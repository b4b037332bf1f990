"""`Evaluation`: estimates with their intervals, and what must be known of them first.

Refuses to hand on what the verdict refuses, unless it is wanted anyway.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions, Quotient, Statistic, value
from tamesu.evaluate.diagnostics import Diagnostics
from tamesu.evaluate.estimands import Estimand
from tamesu.evaluate.intervals import Bounds, Interval, interval_of
from tamesu.evaluate.rounds import Rounds
from tamesu.evaluate.verdict import Reason, Trust, Verdict, verdict_of

Floats: TypeAlias = NDArray[np.float64]

Kind = TypeVar("Kind")

LOGGED = "logged"


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number.

    Attributes:
        estimator: its name, with its options; `logged` for what the logging policy earned.
        estimand: what is estimated.
        value: NaN where the rounds say nothing.
        interval: likewise.
        tuned: what an option of the estimator was set to, where the rounds themselves chose it.
        run_error: standard deviation that the chance of running policies again gives the value, beside the interval;
            none where nothing was drawn.
    """

    estimator: str
    estimand: Estimand
    value: float
    interval: Interval
    tuned: float | None = None
    run_error: float | None = None


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

    def beside(self, reasons: Sequence[Reason]) -> Evaluation:
        """The same, where besides this speaks against it."""
        if not reasons:
            return self
        return replace(self, verdict=Verdict.by([*self.verdict.reasons, *reasons]))

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


class Part(NamedTuple):
    """An estimate before its interval.

    Attributes:
        name: of its estimator; `LOGGED` for what the logging policy earned.
        estimand: what is estimated.
        statistic: the estimate.
        models: whether expected rewards of a model are in it.
        run_error: as `Estimate` has it.
    """

    name: str
    estimand: Estimand
    statistic: Statistic
    models: bool
    run_error: float | None = None


def concluded(  # noqa: PLR0913 - what an evaluation is made of
    rounds: Rounds,
    contrast: Contrast,
    diagnostics: Diagnostics,
    parts: Sequence[Part],
    *,
    confidence: float,
    interval: str,
    bounds: Bounds | None,
    uniforms: Callable[[int], Floats] | None,
    left_out: Mapping[str, int] | None,
) -> Evaluation:
    """An evaluation of estimates that are made, with their intervals and a verdict.

    `contrast` is what a sequence looks at: a model that it has must have known the past alone.

    Raises:
        InvalidInput: an unknown interval, or something that it needs is not given.
    """
    if interval == "sequence" and any(one.estimand is Estimand.IMPRESSION for one in parts):
        raise InvalidInput(
            "a sequence tells the value per decision alone, got the estimand impression",
            hint="take another interval, or the estimand decision",
        )

    def told(one: Part) -> Estimate:
        logged = one.name == LOGGED
        between = interval_of(
            interval,
            one.statistic,
            rounds,
            _as_logged(contrast) if logged else contrast,
            confidence,
            models=one.models,
            bounds=replace(bounds, most_weight=1.0) if bounds and logged else bounds,
            uniforms=uniforms,
        )
        tuned = one.statistic.tuned if isinstance(one.statistic, Contributions) else None
        whole = value(one.statistic)
        return Estimate(one.name, one.estimand, whole, between, tuned, one.run_error)

    return Evaluation(
        diagnostics=diagnostics,
        verdict=verdict_of(diagnostics),
        logged=tuple(told(one) for one in parts if one.name == LOGGED),
        estimates=tuple(told(one) for one in parts if one.name != LOGGED),
        confidence=confidence,
        interval=interval,
        left_out=dict(left_out or {}),
    )


def logged_as(estimands: Sequence[Estimand], rounds: Rounds, seen: NDArray[Any]) -> list[Part]:
    """What the logging policy earned, per decision or per each of `seen` (n,) impressions."""
    reward, shown = Contributions(rounds.reward), Contributions(np.asarray(seen, np.float64))
    return [
        Part(LOGGED, one, reward if one is Estimand.DECISION else Quotient(reward, shown), False)
        for one in estimands
    ]


def _as_logged(contrast: Contrast) -> Contrast:
    """The logging policy as its own target."""
    return replace(without_model(contrast), target=contrast.propensity)


def without_model(contrast: Contrast) -> Contrast:
    """Without what a cross-fitted model expects: it knows of later rounds, and a sequence may not."""
    none = np.zeros(len(contrast))
    return replace(contrast, guess=none, expected=none)


def parts_of(
    asked: Sequence[str | Mapping[str, Any]], find: Callable[[str, Mapping[str, Any]], Kind]
) -> list[tuple[str, Kind]]:
    """Estimators by the names under which they are told, in the order that was asked for.

    Raises:
        InvalidInput: an unknown name or option, or a text where a list must be.
    """
    if isinstance(asked, str):
        raise InvalidInput(
            f"estimators must be a list of names, got {asked!r}",
            hint="for example  estimators=['snips']",
        )
    found: dict[str, Kind] = {}
    for one in asked:
        options = {} if isinstance(one, str) else dict(one)
        kind = one if isinstance(one, str) else str(options.pop("kind", ""))
        found[_named(one)] = find(kind, options)
    return list(found.items())


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
    if isinstance(whole, float):
        return float(whole) if math.isfinite(whole) else None
    return whole
