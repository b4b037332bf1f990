"""A delayed world played by itself loses what the whole loop loses in it.

`play_delayed` leaves out the log, the join and the trainer; `Rehearsal` goes through them. Both see clicks
that come after ten seconds in the mean, and settle after five. Seeded: no false alarms; the means are held
together by four standard errors of their difference, and uniform play lies far from both.
"""

from __future__ import annotations

import msgspec
import numpy as np

from tamesu.base import Declaration
from tamesu.base.times import SECOND_US
from tamesu.sim import DelayedWorld, play_delayed
from tamesu.testing.rehearsal import Rehearsal

RUNS = 8
ROUNDS, EVERY = 600, 30
RATES = [0.1, 0.2, 0.3, 0.6]
DECLARED = Declaration.parse(
    {
        "name": "later",
        "arms": list(range(4)),
        "reward": {"window": "60s", "settle": "5s"},
    }
)


def lost(steps):
    return sum(step.lost.sum() for step in steps)


def test_the_shortcut_loses_what_the_loop_loses():
    world = DelayedWorld(RATES, 10 * SECOND_US)
    ours, loops = [], []
    for run in range(RUNS):
        declared = msgspec.structs.replace(DECLARED, seed=run)
        luck, other = np.random.default_rng([run, 5]), np.random.default_rng([run, 6])
        asked = {"rounds": ROUNDS, "every": EVERY, "pace_us": SECOND_US}
        one = play_delayed(declared, world, uniforms=lambda m, k, r=luck: r.random((m, k)), **asked)
        ours.append(lost(one))
        rounds = asked.pop("rounds")
        loop = Rehearsal(declared, world)
        loops.append(lost(loop.play(rounds, uniforms=lambda m, r=other: r.random((m, 2)), **asked)))
    ours, loops = np.array(ours), np.array(loops)
    error = np.sqrt((ours.var(ddof=1) + loops.var(ddof=1)) / RUNS)
    assert abs(ours.mean() - loops.mean()) < 4 * error
    uniform = ROUNDS * (max(RATES) - np.mean(RATES))
    assert max(ours.max(), loops.max()) < uniform / 2
    assert error < uniform / 20, "else equal would mean little"
