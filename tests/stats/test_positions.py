"""One belief for the slate, or one for each position: which is better depends on the world.

Seeded: the same numbers each time, so no false alarms. Differences are paired by seed, on the same luck,
and held to four standard errors; what was found is said beside each. With the explorer ε-greedy, whose
distributions cost nothing; Thompson sampling is drawn in docs/explanation/convergence.md.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from tamesu.base import Declaration
from tamesu.sim import PositionedWorld, play

RUNS = 16
RATES = [0.30, 0.26, 0.22, 0.12, 0.10, 0.08]
SUITED = np.array(
    [
        [0.30, 0.05, 0.05],
        [0.25, 0.05, 0.25],
        [0.05, 0.30, 0.05],
        [0.10, 0.10, 0.30],
        [0.10, 0.10, 0.10],
        [0.05, 0.05, 0.05],
    ]
)
"""Three arms that are best at one position each, and one that is good at two of them."""


def lost(layout, world, run):
    """(rounds,) what each decision lost."""
    declaration = Declaration.parse(
        {
            "name": "home",
            "arms": list(range(6)),
            "layout": {"kind": layout, "size": 3},
            "policy": {"explorer": {"kind": "epsilon_greedy", "epsilon": 0.2}},
        }
    )
    luck = np.random.default_rng([run, 3])
    steps = play(
        msgspec.structs.replace(declaration, seed=run),
        world,
        rounds=1_500,
        every=50,
        uniforms=lambda m, k: luck.random((m, k)),
    )
    return np.concatenate([step.lost for step in steps])


@pytest.fixture(scope="module")
def worlds():
    """(runs, rounds) losses of each layout in each world."""
    found = {
        "alike": PositionedWorld.examined(RATES, [1.0, 1.0, 1.0]),
        "suited": PositionedWorld(SUITED),
    }
    return {
        name: {
            layout: np.array([lost(layout, world, run) for run in range(RUNS)])
            for layout in ("slate", "per_position")
        }
        for name, world in found.items()
    }


def above(one, other):
    """By how many standard errors of the paired difference `one` lost more."""
    more = one.sum(axis=1) - other.sum(axis=1)
    return more.mean() / (more.std(ddof=1) / np.sqrt(len(more)))


def test_where_positions_are_alike_one_belief_learns_sooner(worlds):
    """It has three times the rows."""
    slate, per_position = worlds["alike"]["slate"], worlds["alike"]["per_position"]
    assert above(per_position, slate) > 4


def test_where_arms_suit_positions_one_belief_never_learns_which(worlds):
    slate, per_position = worlds["suited"]["slate"], worlds["suited"]["per_position"]
    assert above(slate, per_position) > 4
    # At the end, where both know what they can know, the slate still loses.
    assert above(slate[:, -500:], per_position[:, -500:]) > 4
