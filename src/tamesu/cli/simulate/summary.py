"""What came of all runs, in numbers: means and their standard errors. Refuses to word them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from tamesu.cli.simulate.runs import Run, marks


class Figure(msgspec.Struct, frozen=True):
    """A mean over runs.

    Attributes:
        mean: of all runs.
        error: its standard error, s / sqrt(runs); none of a single run.
    """

    mean: float
    error: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        """The mean of `values`, at least one."""
        error = None
        if len(values) > 1:
            error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
        return cls(float(np.mean(values)), error)


class Mark(msgspec.Struct, frozen=True):
    """Regret after so many rounds."""

    rounds: int
    regret: Figure


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """One policy over all runs.

    Attributes:
        policy: what it is called.
        regret: missed against always choosing best, at the end.
        reward: earned per round.
        best: probability of the best arm, at the end.
        never: share of arms with a propensity below 1e-6, at the end.
        effective: effective sample size for the uniform target per logged row, at the end.
        over_time: regret on the way.
    """

    policy: str
    regret: Figure
    reward: Figure
    best: Figure
    never: Figure
    effective: Figure
    over_time: list[Mark]


def summarise(runs: Sequence[Run], rounds: int) -> list[Played]:
    """One row for each policy, in the order in which they first come."""
    policies = dict.fromkeys(run.policy for run in runs)
    return [
        _summarised(policy, [run for run in runs if run.policy == policy], rounds)
        for policy in policies
    ]


def saved(runs: Sequence[Run], policy: str, other: str) -> Figure:
    """How much less regret `policy` has than `other`, run by run on the same luck."""
    lost = {(run.policy, run.run): run.regret[-1] for run in runs}
    numbers = sorted({run.run for run in runs})
    return Figure.of([lost[other, number] - lost[policy, number] for number in numbers])


def _summarised(policy: str, runs: Sequence[Run], rounds: int) -> Played:
    return Played(
        policy=policy,
        regret=Figure.of([run.regret[-1] for run in runs]),
        reward=Figure.of([run.earned / rounds for run in runs]),
        best=Figure.of([run.evaluability.best for run in runs]),
        never=Figure.of([run.evaluability.never for run in runs]),
        effective=Figure.of([run.evaluability.effective for run in runs]),
        over_time=[
            Mark(mark, Figure.of([run.regret[place] for run in runs]))
            for place, mark in enumerate(marks(rounds))
        ],
    )
