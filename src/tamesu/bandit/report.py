"""How a bandit in memory stands: its arms with what is believed, learnt and was earned; data that prints.

What a served bandit can tell beside (time, delays, uniform choice) stands in its log, and there is none
here. Refuses to draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from tamesu.bandit.memory import Memory
from tamesu.bandit.naming import ArmId
from tamesu.base.aims import Aims
from tamesu.policy import Believed
from tamesu.policy.objectives import index_of

_WIDEST = 24
"""Characters of an arm's id, or of an objective's name, that are printed."""

_HEADS = ("arm", "share", "mean", "95 % interval", "learnt", "earned")


class ArmReport(msgspec.Struct, frozen=True, kw_only=True):
    """One arm; where positions have beliefs of their own, one arm at one of them.

    Attributes:
        arm: its id.
        position: of which the others speak; none where one belief serves all positions.
        active: it is in play.
        share: probability of being chosen first, or at `position`; 0 of a retired arm.
        mean: expected reward.
        low, high: central 95 % interval of the mean reward.
        observations: how many rewards it was learnt with.
        rewards: their sum, as they were given; none where a bandit's bytes did not keep it.
        clipped: how many of them lay outside of the bounds, and were learnt as the nearer bound.
        objectives: where objectives are learnt apart, what is believed of each, in its own units.
    """

    arm: ArmId
    position: int | None
    active: bool
    share: float
    mean: float
    low: float
    high: float
    observations: int
    rewards: float | None
    clipped: int
    objectives: dict[str, Believed] = {}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How a bandit stands. `str` of it is a table; `msgspec.to_builtins` makes it plain.

    Attributes:
        name: of the bandit.
        decisions: how many it made.
        learnt: how many of them it learnt.
        observations: how many rewards it learnt, of its decisions and of logs.
        rewards: their sum; none where a bandit's bytes did not keep it.
        arms: active ones in their order, then retired ones; by position where each has a belief.
        expected: where objectives are learnt apart, what a decision brings of each, by name in its own units.
        welfare: of that: the objectives, each in its range, by their ranks, in [0, 1]; else none.
    """

    name: str
    decisions: int
    learnt: int
    observations: int
    rewards: float | None
    arms: tuple[ArmReport, ...]
    expected: dict[str, float] = {}
    welfare: float | None = None

    def __str__(self) -> str:
        placed = any(row.position is not None for row in self.arms)
        objectives = next((tuple(row.objectives) for row in self.arms), ())
        head = (*_HEADS[:2], *map(_short, objectives), *_HEADS[2:])
        lines = [(*(["at"] if placed else []), *head)]
        lines += [(*([str(row.position)] if placed else []), *_told(row)) for row in self.arms]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        left = 1 if placed else 0
        table = [
            "  ".join(
                cell.ljust(width) if place == left else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            for line in lines
        ]
        title = (
            f"{self.name}: {self.decisions:,} decisions, {self.learnt:,} of them learnt; "
            f"{self.observations:,} rewards learnt, {_sum(self.rewards)} earned"
        )
        clipped = sum(row.clipped for row in self.arms)
        brings = ", ".join(f"{_short(name)} {mean:.4g}" for name, mean in self.expected.items())
        if brings:
            table.append(f"a decision brings {brings}: a welfare of {self.welfare:.4g}")
        tail = [f"{clipped:,} rewards were clipped to their bounds"] if clipped else []
        return "\n".join([title, *table, *tail])


def reported(memory: Memory, labels: Mapping[str, ArmId]) -> Report:
    """How the bandit of `memory` stands, in its user's names of the arms."""
    arms = []
    for active, rows in ((True, memory.summary()), (False, memory.out_of_play())):
        for row in rows:
            earned = None if memory.earned is None else memory.earned.of(row.arm, row.position)
            arms.append(
                ArmReport(
                    arm=labels[row.arm],
                    position=row.position,
                    active=active,
                    share=row.share,
                    mean=row.mean,
                    low=row.low,
                    high=row.high,
                    observations=row.observations,
                    rewards=earned,
                    clipped=row.clipped,
                    objectives=row.objectives,
                )
            )
    expected = _expected(arms)
    return Report(
        name=memory.declaration.name,
        decisions=memory.ledger.made,
        learnt=memory.ledger.learnt,
        observations=sum(row.observations for row in arms) // memory.policy.together,
        rewards=None if memory.earned is None else memory.earned.total,
        arms=tuple(arms),
        expected=expected,
        welfare=_welfare(memory.policy.aims, expected),
    )


def _expected(arms: Sequence[ArmReport]) -> dict[str, float]:
    """What a decision brings of each objective that is learnt apart."""
    names = arms[0].objectives if arms else ()
    return {name: sum(row.share * row.objectives[name].mean for row in arms) for name in names}


def _welfare(aims: Aims | None, expected: Mapping[str, float]) -> float | None:
    if aims is None or not expected:
        return None
    low, high = np.array(aims.ranges).T
    scaled = (np.array([expected[name] for name in aims.names]) - low) / (high - low)
    return float(index_of(aims, scaled))


def _told(row: ArmReport) -> tuple[str, ...]:
    return (
        _short(str(row.arm)),
        f"{row.share:.1%}" if row.active else "retired",
        *(f"{one.mean:.4g}" for one in row.objectives.values()),
        f"{row.mean:.4g}",
        f"{row.low:.4g} to {row.high:.4g}",
        f"{row.observations:,}",
        _sum(row.rewards),
    )


def _short(name: str) -> str:
    return name if len(name) <= _WIDEST else f"{name[: _WIDEST - 1]}…"


def _sum(rewards: float | None) -> str:
    return "?" if rewards is None else f"{rewards:,.6g}"
