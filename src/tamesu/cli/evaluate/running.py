"""Reads the log, judges each policy, and hands on what was found. Refuses to word it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from tamesu.cli.evaluate.question import Question
from tamesu.cli.evaluate.source import Case, Source, source_of
from tamesu.cli.output import progress
from tamesu.evaluate import (
    Again,
    Evaluation,
    Runs,
    Slates,
    evaluated,
    evaluated_slates,
    wants_logging,
)
from tamesu.evaluate.placements import asks

ESTIMATORS = ("ips", "snips", "dr")
SLATE_ESTIMATORS = ("reward_interaction", "sn_reward_interaction")
"""Those that are asked where nobody says which."""


@dataclass(frozen=True)
class Judged:
    """A policy in a log, and what was found of it."""

    case: Case
    found: Evaluation


def run(asked: Question) -> bool:
    """Answers the question on stdout and, if asked, in a page; whether a policy was refused."""
    from tamesu.cli.evaluate.telling import tell, tell_json, warn

    with source_of(asked) as source:
        cases = [source.case(name) for name in asked.policies]
        judged = [Judged(case, judge(source, case, asked).beside(source.doubts)) for case in cases]
    if asked.html is not None:
        from tamesu.cli.evaluate.page import write

        write(asked.html, source, judged, asked)
    if asked.json:
        tell_json(source, judged, asked)
    else:
        tell(source, judged, asked)
    warn(judged, asked)
    return any(one.found.refused for one in judged)


def judge(source: Source, case: Case, asked: Question) -> Evaluation:
    """What the policy of `case` would have earned."""
    whole: Any = {
        "estimands": asked.estimands,
        "confidence": asked.confidence,
        "interval": asked.interval,
        "bounds": asked.limits(source.bounds, source.most_weight),
        "uniforms": np.random.Generator(np.random.Philox(asked.seed)).random,
        "left_out": case.left_out,
    }
    rounds, target = case.rounds, cast("Any", case.target)
    if isinstance(rounds, Slates):
        again, runs = case.again, Runs(whole["uniforms"], asked.runs)
        with ExitStack() as shown:

            def both() -> Again | None:
                told = progress("running policies again", "times", 2 * asks(rounds, runs))
                tell = shown.enter_context(told)
                return None if again is None else again(runs)._replace(tell=tell)

            return evaluated_slates(
                rounds,
                target,
                estimators=asked.estimators or SLATE_ESTIMATORS,
                model=asked.model,
                folds=asked.folds,
                again=both,
                **whole,
            )
    estimators = asked.estimators or ESTIMATORS
    logging = case.logging if wants_logging(estimators) else None
    return evaluated(
        rounds,
        target,
        estimators=estimators,
        logging=None if logging is None else logging(),
        predicted=asked.model,
        folds=asked.folds,
        **whole,
    )
