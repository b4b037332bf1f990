"""What came of all runs, in numbers: means and their standard errors. Refuses to word them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from tamesu.cli.simulate.runs import UNIFORM, Run, marks


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
    """How it stands after so many rounds.

    Attributes:
        rounds: so many.
        regret: missed until then against the best decision at each moment.
        fixed: the same against the best arms held fixed until then.
        gained: since the mark before, the share that was made of what the best decisions can be
            expected to earn beyond uniform ones.
    """

    rounds: int
    regret: Figure
    fixed: Figure
    gained: Figure


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """One policy over all runs.

    Attributes:
        policy: what it is called.
        regret: missed against the best decision at each moment, at the end.
        fixed: missed against the best arms held fixed, at the end.
        saved: how much less regret it has than uniform play, run by run on the same luck; of the
            regret that the world is told in. None for uniform play.
        reward: earned per round.
        best: probability of the best arm, at the end.
        never: share of arms with a propensity below 1e-6, at the end.
        effective: effective sample size for the uniform target per logged row, at the end.
        over_time: how it stood on the way.
    """

    policy: str
    regret: Figure
    fixed: Figure
    saved: Figure | None
    reward: Figure
    best: Figure
    never: Figure
    effective: Figure
    over_time: list[Mark]


def summarise(runs: Sequence[Run], rounds: int, *, fixed: bool = False) -> list[Played]:
    """One row for each policy, in the order in which they first come.

    Args:
        runs: of all policies.
        rounds: of each run.
        fixed: whether `saved` is of the regret against arms held fixed.
    """
    policies = dict.fromkeys(run.policy for run in runs)
    return [
        _summarised(
            policy,
            [run for run in runs if run.policy == policy],
            marks(rounds),
            None if policy == UNIFORM or UNIFORM not in policies else _saved(runs, policy, fixed),
        )
        for policy in policies
    ]


def _saved(runs: Sequence[Run], policy: str, fixed: bool) -> Figure:  # noqa: FBT001 - as the caller was told
    lost = {(run.policy, run.run): (run.fixed if fixed else run.regret)[-1] for run in runs}
    numbers = sorted({run.run for run in runs})
    return Figure.of([lost[UNIFORM, number] - lost[policy, number] for number in numbers])


def _summarised(
    policy: str, runs: Sequence[Run], places: Sequence[int], saved: Figure | None
) -> Played:
    return Played(
        policy=policy,
        regret=Figure.of([run.regret[-1] for run in runs]),
        fixed=Figure.of([run.fixed[-1] for run in runs]),
        saved=saved,
        reward=Figure.of([run.earned / places[-1] for run in runs]),
        best=Figure.of([run.evaluability.best for run in runs]),
        never=Figure.of([run.evaluability.never for run in runs]),
        effective=Figure.of([run.evaluability.effective for run in runs]),
        over_time=[
            Mark(
                rounds,
                regret=Figure.of([run.regret[place] for run in runs]),
                fixed=Figure.of([run.fixed[place] for run in runs]),
                gained=Figure.of([run.gained[place] for run in runs]),
            )
            for place, rounds in enumerate(places)
        ],
    )
