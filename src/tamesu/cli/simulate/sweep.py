"""Sweeps: one thing that drives convergence is varied, all else is as declared.

How many arms there are, how far they lie apart, how much traffic comes, and which explorer decides.
Refuses worlds in which "one arm is better" cannot be said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from tamesu.base import Arm, Declaration, InvalidDeclaration, InvalidInput, Part
from tamesu.cli.simulate.kinds import KINDS
from tamesu.cli.simulate.request import Sweep
from tamesu.cli.simulate.runs import Run, Task
from tamesu.cli.simulate.setting import Setting
from tamesu.cli.simulate.summary import Figure, Mark, summarise
from tamesu.policy import compose, known_kinds
from tamesu.sim import LoggedWorld

CONVERGED = 0.9
"""A policy has converged where it makes so much of the possible gain, and goes on to."""

ARMS = (2, 4, 8, 16, 32)
GAPS = (0.25, 0.5, 1.0, 2.0)
TRAFFIC = (1, 4, 16)
"""What is varied: how many arms, times the gap, times the traffic between two learnings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Varied:
    """One value of what is varied, and what is played for it.

    Attributes:
        value: as it is called.
        declaration, setting, logged, rounds, every, pace_us: of its runs.
    """

    value: str
    declaration: Declaration
    setting: Setting
    rounds: int
    every: int
    pace_us: int
    logged: LoggedWorld | None = None

    def tasks(self, seeds: int) -> list[Task]:
        """Its runs."""
        return [
            Task(
                policy=self.value,
                declaration=self.declaration,
                truth=self.declaration,
                setting=self.setting,
                logged=self.logged,
                run=run,
                rounds=self.rounds,
                every=self.every,
                pace_us=self.pace_us,
            )
            for run in range(seeds)
        ]


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What one value came to.

    Attributes:
        value: as it is called.
        rounds, every: of its runs, and between two learnings.
        regret: missed against the best decision, at the end.
        gained: share of the possible gain over uniform play that was made, over the whole run.
        converged: rounds after which the mean of all runs makes `CONVERGED` of it and goes on to;
            none where it never did.
        over_time: how it stood on the way.
    """

    value: str
    rounds: int
    every: int
    regret: Figure
    gained: Figure
    converged: int | None
    over_time: list[Mark]


def vary(sweep: Sweep, base: Varied) -> tuple[list[Varied], dict[str, str]]:
    """The values of `sweep`, and those left out with the reason; all else is as in `base`.

    But for `explorer`, where the world stays: as many arms as a decision delivers are worth the
    upper end of its range, all others the lower end.

    Raises:
        InvalidInput: a world in which that cannot be said, or in which no arm is better.
    """
    size = compose(base.declaration).size
    if sweep is Sweep.EXPLORER:
        return _explorers(base)
    setting = base.setting
    if setting.kind not in KINDS or not KINDS[setting.kind].given or setting.rates:
        raise InvalidInput(
            f"a sweep of {sweep} needs a world whose arms can be told what they are worth, by a "
            f"range of rates; got {setting.name!r}",
            hint="for example  --world bernoulli:0.05..0.10",
        )
    low, gap = setting.low, setting.high - setting.low
    if gap == 0:
        raise InvalidInput(
            f"a sweep of {sweep} needs arms that differ, got the range {low:g}..{low:g}",
            hint="for example  --world bernoulli:0.05..0.10",
        )
    n = len(base.declaration.arms)

    def better(arms: int, times: float = 1.0) -> Setting:
        high = low + gap * times
        return replace(setting, rates=(high,) * size + (low,) * (arms - size))

    if sweep is Sweep.ARMS:
        few = {f"{arms} arms": f"a decision delivers {size}" for arms in ARMS if arms <= size}
        return [
            replace(
                base,
                value=f"{arms} arms",
                declaration=_with_arms(base.declaration, arms),
                setting=better(arms),
            )
            for arms in ARMS
            if arms > size
        ], few
    if sweep is Sweep.GAPS:
        beyond = KINDS[setting.kind].share
        times = [t for t in GAPS if not beyond or low + gap * t <= 1]
        high = {f"gap {gap * t:.4g}": "a rate above 1" for t in GAPS if t not in times}
        return [
            replace(base, value=f"gap {gap * t:.4g}", setting=better(n, t)) for t in times
        ], high
    return [
        replace(
            base,
            value=f"traffic x {times}",
            setting=better(n),
            rounds=base.rounds * times,
            every=base.every * times,
            pace_us=max(1, base.pace_us // times),
        )
        for times in TRAFFIC
    ], {}


def sum_up(varied: Sequence[Varied], runs: Sequence[Run]) -> list[Swept]:
    """What each value came to, in their order."""
    found: list[Swept] = []
    for one in varied:
        own = [run for run in runs if run.policy == one.value]
        (played,) = summarise(own, one.rounds)
        found.append(
            Swept(
                value=one.value,
                rounds=one.rounds,
                every=one.every,
                regret=played.regret,
                gained=Figure.of([sum(run.gained) / len(run.gained) for run in own]),
                converged=_converged(played.over_time),
                over_time=played.over_time,
            )
        )
    return found


def _converged(over_time: Sequence[Mark]) -> int | None:
    found = None
    for mark in reversed(over_time):
        if mark.gained.mean < CONVERGED:
            break
        found = mark.rounds
    return found


def _with_arms(declaration: Declaration, count: int) -> Declaration:
    """The same with so many arms; what names single arms is left out."""
    arms = tuple(Arm(id=f"a{number}") for number in range(count))
    options = {
        name: value for name, value in declaration.belief.options.items() if name != "priors"
    }
    belief = Part(kind=declaration.belief.kind, options=options)
    return msgspec.structs.replace(declaration, arms=arms, fallback=None, belief=belief)


def _explorers(base: Varied) -> tuple[list[Varied], dict[str, str]]:
    """Each explorer that goes with the belief, the declared one with its own options."""
    declared = base.declaration.explorer
    found: list[Varied] = []
    left_out: dict[str, str] = {}
    for kind in sorted(known_kinds("explorer"), key=lambda kind: kind != declared.kind):
        part = declared if kind == declared.kind else Part(kind=kind)
        declaration = msgspec.structs.replace(base.declaration, explorer=part)
        try:
            compose(declaration)
        except InvalidDeclaration as error:
            left_out[kind] = error.message  # needs options, or another belief
            continue
        found.append(replace(base, value=kind, declaration=declaration))
    return found, left_out
