"""One run of a player in a world with a context. Each reward is learnt at once. Refuses to print."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from contextual_player import ContextualPlayer
from contextual_worlds import ROUNDS, ContextualWorld

POINTS = 50
"""How many points of the regret's curve are kept."""
LOOKS = 100
"""The distribution is looked at in every so manieth round, in that round's context."""
NEVER = 1e-6
"""An arm below this propensity is as good as never logged."""


def play(player: ContextualPlayer, world: ContextualWorld, seed: int) -> dict[str, Any]:
    """What came of it, as plain data: as `play.play` gives it.

    Regret is against the arm that is best in its round's context. `effective` is that of the whole
    log: contexts in which an arm is never shown make it small.
    """
    began = time.process_time()
    run = world.run(seed)
    gaps = run.expected.max(axis=1, keepdims=True) - run.expected
    lost = np.zeros(ROUNDS)
    looks = []
    spent = 0.0
    for number in range(ROUNDS):
        context = run.contexts[number]
        if number % LOOKS == 0:
            vector = player.propensities(context)
            if vector is not None:
                looks.append(vector)
        start = time.perf_counter()
        arm, made = player.decide(context)
        player.learn([(arm, made, context)], [float(run.earns[number, arm])])
        spent += time.perf_counter() - start
        lost[number] = gaps[number, arm]
    curve = np.cumsum(lost).reshape(POINTS, -1)[:, -1]
    told = {"never": None, "effective": None}
    if looks:
        vectors = np.array(looks)
        with np.errstate(divide="ignore", over="ignore"):
            inverse = (1.0 / vectors).sum(axis=1).mean()
        told = {
            "never": float(np.mean(vectors < NEVER)),
            "effective": float(world.arms**2 / inverse),
        }
    return {
        "seed": seed,
        "curve": [round(float(value), 4) for value in curve],
        "best": float(np.mean(lost < 1e-12)),
        "round_us": spent / ROUNDS * 1e6,
        "seconds": time.process_time() - began,
        **told,
    }
