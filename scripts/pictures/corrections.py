"""Corrections: what is believed of one arm while its rewards come in."""

from __future__ import annotations

import look
import numpy as np
from matplotlib.figure import Figure
from settings import pairs

from tamesu.base import Declaration
from tamesu.base.times import MINUTE_US
from tamesu.sim import DelayedWorld
from tamesu.testing.rehearsal import Rehearsal

RATE = 0.05
MINUTES = 30
A_MINUTE = 600  # decisions


def draw() -> Figure:
    """One arm of .05, ten decisions a second for half an hour, then nothing for twenty minutes."""
    figure, (axes,) = look.panels(1)
    world = DelayedWorld([RATE], MINUTE_US)
    states = {}
    for settle, colour, name in (
        ("15m", look.WAITING, "settle 15m: the whole window"),
        ("1m", look.OURS, "settle 1m, then corrections"),
    ):
        minutes, believed, states[settle] = rehearsed(world, settle)
        axes.plot(minutes, believed, color=colour, label=name)
        at = {round(minute): value for minute, value in zip(minutes, believed, strict=True)}
        print(f"  {settle}: " + ", ".join(f"{m} min {at[m]:.4f}" for m in (2, 5, 10, 16, 30, 50)))
    same = states["15m"] == states["1m"]
    print(f"  the states at the end are the same, bit for bit: {same}")
    if not same:
        raise SystemExit("the states at the end must be the same")
    axes.plot(*so_far(world), color=look.NAIVE, label="what has come so far, each minute")
    axes.axhline(RATE, color="black", linewidth=0.8, linestyle=":")
    axes.axvline(MINUTES, color="#cccccc", linewidth=1, zorder=0)
    axes.annotate(
        "last decision", (MINUTES, 0.004), xytext=(3, 0), textcoords="offset points", fontsize=8
    )
    axes.set_ylim(0, 0.075)
    axes.set_xlim(0, 50)
    look.label(axes, "an arm of rate .05", "minutes since the first decision", "believed rate")
    axes.legend(frameon=False, fontsize=8, loc="upper right")
    return figure


def declaration(settle: str) -> Declaration:
    """A bandit of one arm."""
    return Declaration.parse(
        {"name": "one", "arms": ["a"], "seed": 4, "reward": {"window": "15m", "settle": settle}}
    )


def rehearsed(world: DelayedWorld, settle: str) -> tuple[list[float], list[float], bytes]:
    """Minutes, what is believed then, and the state at the end."""
    luck = np.random.default_rng(8)
    rehearsal = Rehearsal(declaration(settle), world)
    minutes, believed = [0.0], [0.5]
    steps = rehearsal.play(
        MINUTES * A_MINUTE, every=A_MINUTE // 4, pace_us=MINUTE_US // A_MINUTE, uniforms=pairs(luck)
    )
    for step in steps:
        # A step is seen before it is learnt: what is believed is what stood before.
        minutes.append(step.first / A_MINUTE)
        believed.append(rehearsal.summary()[0].mean)
    for quarter in range(20 * 4 + 1):
        minutes.append(MINUTES + quarter / 4)
        believed.append(rehearsal.summary()[0].mean)
        rehearsal.rest(MINUTE_US // 4)
    snapshot = rehearsal.store.snapshot("one")
    if snapshot is None:
        raise SystemExit("nothing was learnt")
    return minutes, believed, snapshot.state


def so_far(world: DelayedWorld) -> tuple[list[float], list[float]]:
    """Minutes, and what somebody believes who looks each minute; the same people, the same rewards."""
    luck = np.random.default_rng(8)
    ages = MINUTE_US / A_MINUTE * np.arange(A_MINUTE, 0, -1)
    minutes, believed, ones = [0.0], [0.5], 0
    for minute in range(1, MINUTES + 1):
        delays = world.delays_us(np.zeros(A_MINUTE, np.intp), luck.random((A_MINUTE, 2)))
        ones += int((delays <= ages).sum())
        minutes.append(minute)
        believed.append((ones + 1) / (minute * A_MINUTE + 2))
    print(f"  so far: {believed[-1]:.4f}, {believed[-1] / RATE:.3f} of the truth")
    return [*minutes, 50.0], [*believed, believed[-1]]
