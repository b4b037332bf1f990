"""A policy played against a world of several objectives: what its distribution loses of the best mixture.

Objectives that are learnt apart are told so; of those that are weighed the policy is told their sum. As in
`play`, everything is learnt at once. Refuses randomness: uniforms are an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug, Declaration
from tamesu.base.grid import to_grid_many
from tamesu.sim.play import Player, Step
from tamesu.sim.regret import evaluability
from tamesu.sim.worlds.several import SeveralWorld


def play_several(  # noqa: PLR0913 - everything that a run is a function of
    declaration: Declaration,
    world: SeveralWorld,
    *,
    rounds: int,
    every: int,
    uniforms: Callable[[int, int], NDArray[np.float64]],
    pace_us: int,
) -> Iterator[Step]:
    """The steps of one run, as `play` gives them.

    What a decision loses is what the distribution that made it lacks of the best index. `best` of
    evaluability is the mass on arms of the best mixture.

    Args:
        declaration: with a seed, single deliveries and as many objectives as the world.
        world: what it plays against.
        rounds: how many decisions to make.
        every: learn after so many.
        uniforms: (m, k) numbers in [0, 1), for the rewards of the next m rounds by k objectives.
        pace_us: between two decisions.
    """
    aims = declaration.aims
    if aims is None or len(aims.names) != world.rates.shape[1]:
        raise Bug("a world of several objectives must be played by a bandit that has as many")
    player = Player(declaration, pace_us)
    for first in range(0, rounds, every):
        count = min(every, rounds - first)
        prepared, choices = player.choose(first, count)
        shares = prepared.propensities()
        vectors = world.rewards(choices.rows[:, 0], uniforms(count, len(aims.names)))
        rewards = aims.start + vectors @ np.array(aims.shares)
        yield Step(
            first=first,
            lost=np.full(count, world.most - world.worth(shares)),
            earned=rewards,
            evaluability=evaluability(np.where(world.best > 0.0, 0.0, 1.0), shares),
            best=np.full(count, world.most),
            truth=None,
            uniform=world.even,
        )
        batch = player.batch(first, choices, rewards[:, None])
        if aims.are_apart:
            batch = replace(batch, rewards=to_grid_many(vectors))
        player.learn(batch)
