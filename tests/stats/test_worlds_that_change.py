"""Where the world changes: forgetting pays where rates jump, and who can be foreseen loses to an adversary.

Seeded: the same numbers each time, so no false alarms. Differences are paired by seed and held to four
standard errors; those that were found lie 10 to 58 apart.
"""

from __future__ import annotations

import msgspec
import numpy as np

from tamesu.base import Declaration
from tamesu.base.times import SECOND_US
from tamesu.sim import AdversarialWorld, BernoulliWorld, SwitchingWorld, best_assignment, play

RUNS = 8
LOW, HIGH = 0.05, 0.25
PHASES = [[HIGH if arm == phase % 4 else LOW for arm in range(4)] for phase in range(4)]


def played(world, policy, run, rounds=6_000, every=200):
    """The steps of one run, a decision a second."""
    declaration = Declaration.parse({"name": "change", "arms": list(range(4)), "policy": policy})
    luck = np.random.default_rng([run, 4])
    return list(
        play(
            msgspec.structs.replace(declaration, seed=run),
            world,
            rounds=rounds,
            every=every,
            uniforms=lambda m, k: luck.random((m, k)),
            pace_us=SECOND_US,
        )
    )


def lost(world, policy):
    """(runs,) against the best arm of each moment."""
    return np.array(
        [sum(step.lost.sum() for step in played(world, policy, run)) for run in range(RUNS)]
    )


def lost_to_the_best_fixed(world, policy):
    """(runs,) against the best arm held fixed."""
    found = []
    for run in range(RUNS):
        steps = played(world, policy, run)
        worth = sum(step.best.sum() - step.lost.sum() for step in steps)
        found.append(best_assignment(sum(len(step.lost) * step.truth for step in steps)) - worth)
    return np.array(found)


def above(one, other):
    """By how many standard errors of the paired difference `one` lost more."""
    more = one - other
    return more.mean() / (more.std(ddof=1) / np.sqrt(RUNS))


KEEPS = {"explorer": "thompson"}
FORGETS = {"explorer": "thompson", "forgetting": {"half_life": "10m"}}


def test_where_rates_jump_who_forgets_loses_less():
    world = SwitchingWorld(PHASES)
    assert above(lost(world, KEEPS), lost(world, FORGETS)) > 4


def test_where_nothing_changes_forgetting_costs():
    world = BernoulliWorld(PHASES[0])
    assert above(lost(world, FORGETS), lost(world, KEEPS)) > 4


def test_against_an_adversary_uniform_play_loses_next_to_nothing_and_the_others_do():
    world = AdversarialWorld([LOW, LOW, LOW, HIGH])
    uniform = lost_to_the_best_fixed(world, {"explorer": "uniform"})
    # The best fixed arm earns .1 a round, as uniform play does.
    assert np.abs(uniform).max() < 0.01 * 6_000
    for explorer in ("thompson", "epsilon_greedy"):
        learnt = lost_to_the_best_fixed(world, {"explorer": explorer})
        assert above(learnt, uniform) > 4
