"""A policy played against a world: decide, draw, learn, and what it lost on the way.

Every so many rounds the policy learns all that came of them, at once: no delays, nothing lost, no
window. So this is the policy's own regret; what waiting costs comes on top. Refuses randomness:
uniforms are an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, Time
from tamesu.base.grid import to_grid_many
from tamesu.base.times import MILLISECOND_US
from tamesu.policy import Batch, compose
from tamesu.sim.regret import Evaluability, evaluability
from tamesu.sim.world import World


class Step(NamedTuple):
    """What happened between two learnings: m rounds of k deliveries.

    Attributes:
        first: round of the first decision, from 0.
        lost: (m,) what each decision is expected to earn less than the best one.
        earned: (m,) what each earned.
        evaluability: of the distribution that made them, at position 0.
    """

    first: int
    lost: NDArray[np.float64]
    earned: NDArray[np.float64]
    evaluability: Evaluability


def play(
    declaration: Declaration,
    world: World,
    *,
    rounds: int,
    every: int,
    uniforms: Callable[[int, int], NDArray[np.float64]],
) -> Iterator[Step]:
    """The steps of one run, one after another: `every` rounds each, the last one perhaps fewer.

    The bandit's own draws come from its seed; two runs of the same declaration, world and uniforms
    are equal. A world that changes holds still within a step.

    Args:
        declaration: with a seed; its arms are the world's rows.
        world: what it plays against.
        rounds: how many decisions to make.
        every: learn after so many.
        uniforms: (m, k) numbers in [0, 1), for the rewards of the next m rounds.

    Raises:
        InvalidDeclaration: a declaration that cannot be.
        InvalidInput: rewards that its belief cannot learn from.
    """
    policy = compose(declaration)
    arms = declaration.arm_ids
    rows = {arm: row for row, arm in enumerate(arms)}
    names = np.array(arms, dtype=object)
    state = policy.init()
    size = min(policy.size, len(rows))
    for first in range(0, rounds, every):
        count = min(every, rounds - first)
        now = world.at(first / rounds)
        prepared = policy.prepare(state, arms, _time(first))
        ids = [f"{declaration.name}.{number}" for number in range(first, first + count)]
        choices = prepared.choose_many(ids)
        rewards = now.rewards(choices.rows, uniforms(count, size))
        yield Step(
            first=first,
            lost=now.best(size) - now.expected(choices.rows).sum(axis=1),
            earned=rewards.sum(axis=1),
            evaluability=evaluability(now.gaps(), prepared.propensities()),
        )
        batch = _batch(names[choices.rows], choices.propensities, rewards, first)
        state = policy.absorb(state, policy.evidence(state, batch))


def _batch(
    arms: NDArray[np.object_],
    propensities: NDArray[np.float64],
    rewards: NDArray[np.float64],
    first: int,
) -> Batch:
    count, size = rewards.shape
    decided = np.arange(first, first + count, dtype=np.int64) * MILLISECOND_US
    return Batch(
        arm=arms.ravel(),
        reward=to_grid_many(rewards.ravel()),
        position=np.tile(np.arange(size, dtype=np.int64), count),
        propensity=propensities.ravel(),
        decided=np.repeat(decided, size),
    )


def _time(number: int) -> Time:
    """When round `number` is played: one each millisecond."""
    return Time(number * MILLISECOND_US)
