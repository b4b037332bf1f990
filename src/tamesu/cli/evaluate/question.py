"""What was asked on the command line, looked at before anything is read. Refuses to answer it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tamesu.base import InvalidInput, MissingExtra
from tamesu.cli.logs import Where
from tamesu.cli.output import refuse_unwritable
from tamesu.evaluate import (
    INTERVALS,
    Bounds,
    Estimand,
    estimator_of,
    known_slate_estimators,
    per_arm,
    ridge,
    slate_estimator_of,
)
from tamesu.evaluate.reward_model import RewardModel

MODELS = ("per_arm", "ridge", "logistic", "boosting")
"""Of expected rewards; the last two are learnt by scikit-learn."""

UNBOUNDED = ("normal", "bootstrap")
"""Intervals that ask for no bounds."""

PLAIN = {"per_arm": per_arm, "ridge": ridge}


@dataclass(frozen=True, kw_only=True)
class Question:
    """Words of a command line that can be answered.

    Attributes:
        where: the log.
        policies: who is judged, at least one.
        estimators: names, or names with their options; none where nobody says which.
        estimands: of these.
        interval: one of `INTERVALS`.
        confidence: of it.
        bounds: low and high of rewards, if said.
        most_weight: if said.
        model: of expected rewards; none for a plain one.
        folds: of cross-fitting.
        seed: of a bootstrap, and of runs.
        runs: for each slate, where policies are run again.
        html: where to write a page.
        anyway: whether refused numbers are told.
        at: what a declared policy knows of a bandit: `along`, `prior`, the number of a snapshot, or `newest`; if said.
        every: decisions that one state of a policy makes that learns along the log; none for the usual ones.
        json: whether JSON is wanted.
    """

    where: Where
    policies: list[str]
    estimators: list[str | dict[str, Any]]
    estimands: list[str]
    interval: str
    confidence: float
    bounds: tuple[float, float] | None
    most_weight: float | None
    model: RewardModel | None
    folds: int
    seed: int
    runs: int
    html: Path | None
    anyway: bool
    at: str | None
    every: int | None
    json: bool

    @classmethod
    def of(cls, **words: Any) -> Question:
        """Out of the words.

        Raises:
            InvalidInput: an unknown name, or a value that cannot be.
            MissingExtra: a page without what draws its pictures.
        """
        estimators = words.pop("estimators")
        words["estimators"] = (
            [] if estimators is None else [_estimator(one) for one in _named(estimators)]
        )
        words["where"].refuse_idle(at=words["at"], every=words["every"])
        if not all(words["policies"]):
            raise InvalidInput("a policy must have a name, got an empty one")
        words["estimands"] = [Estimand.of(one).value for one in _named(words.pop("per"))]
        if words["interval"] not in INTERVALS:
            raise InvalidInput.unknown_kind("interval", words["interval"], INTERVALS)
        if not 0.0 < words["confidence"] < 1.0:
            raise InvalidInput(
                f"--confidence must lie between 0 and 1, got {words['confidence']:g}"
            )
        for word in ("bounds", "most_weight"):
            if words[word] is not None and words["interval"] in UNBOUNDED:
                raise InvalidInput(
                    f"--{word.replace('_', '-')} says nothing to --interval {words['interval']}",
                    hint="leave it out, or take --interval bernstein, betting or sequence",
                )
        words["bounds"] = None if words["bounds"] is None else _range(words["bounds"])
        words["model"] = None if words["model"] is None else _model(words["model"])
        if words["html"] is not None:
            _look_at(words["html"])
        return cls(**words)

    def limits(self, known: tuple[float, float] | None, most_weight: float | None) -> Bounds | None:
        """Bounds of rewards and weights: as said, else as known of the log; none where nobody says."""
        ends = self.bounds or known
        if ends is None:
            return None
        return Bounds(*ends, self.most_weight if self.most_weight is not None else most_weight)


def _named(text: str) -> list[str]:
    """The names between commas; options of one, which are `name=value`, stay with it."""
    found: list[str] = []
    for part in (one.strip() for one in text.split(",")):
        if "=" in part and ":" not in part and found:
            found[-1] += f",{part}"
        elif part:
            found.append(part)
    if not found:
        raise InvalidInput("a list of names must have one, got none")
    return list(dict.fromkeys(found))


def _estimator(text: str) -> str | dict[str, Any]:
    """`dr`, or `switch_dr:threshold=5` as `{kind, threshold}`."""
    kind, _, rest = text.partition(":")
    options: dict[str, Any] = {}
    for pair in filter(None, rest.split(",")):
        name, _, given = pair.partition("=")
        options[name.strip()] = _value(given.strip())
    if kind in known_slate_estimators():
        slate_estimator_of(kind, options)
    else:
        estimator_of(kind, options)
    return {"kind": kind, **options} if options else kind


def _value(text: str) -> Any:
    """A number where it is one, `auto` and the like as they are."""
    try:
        return float(text)
    except ValueError:
        return text


def _range(text: str) -> tuple[float, float]:
    low, dots, high = text.partition("..")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = math.nan, math.nan
    if not dots or not all(map(math.isfinite, ends)) or not ends[0] < ends[1]:
        raise InvalidInput(f"--bounds must be LOW..HIGH, such as 0..1, got {text!r}")
    return ends


def _model(kind: str) -> RewardModel:
    if kind not in MODELS:
        raise InvalidInput.unknown_kind("reward model", kind, MODELS)
    if kind in PLAIN:
        return PLAIN[kind]()
    from tamesu.learn import models

    learnt: RewardModel = getattr(models, kind)()
    return learnt


def _look_at(path: Path) -> None:
    """Refuses what could not be written, before anything is read."""
    try:
        import matplotlib as mpl
    except ModuleNotFoundError as error:
        raise MissingExtra.of("a page with pictures", "plot") from error
    del mpl
    if path.suffix not in {".html", ".htm"}:
        raise InvalidInput(
            f"--html must end in .html, got {path.name!r}", hint="for example  --html report.html"
        )
    refuse_unwritable(path, "the page")
