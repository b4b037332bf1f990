"""One run of a player in a world: its regret, and what its logs would be worth.

Outcomes are learnt after `every` rounds, and each not before it is known. Refuses to print.
"""

from __future__ import annotations

import heapq
import time
from typing import Any

import numpy as np
from player import Player
from worlds import ARMS, ROUNDS, World

POINTS = 50
"""How many points of the regret's curve are kept."""
LOOKS = 500
"""The distribution is looked at after so many rounds each."""
NEVER = 1e-6
"""An arm below this propensity is as good as never logged."""


def play(player: Player, world: World, seed: int) -> dict[str, Any]:
    """What came of it, as plain data.

    `curve` is cumulative regret against the best arm of each round, in expected rewards; `best` the
    share of decisions on that arm; `never` and `effective` are means over looks at the distribution,
    none where the player tells none: the share of arms below `NEVER`, and the effective sample size
    for the uniform target per logged row; `round_us` the mean time of a round, learning included;
    `seconds` the processor's time for all of it.
    """
    began = time.process_time()
    run = world.run(seed)
    gaps = run.expected.max(axis=1, keepdims=True) - run.expected
    lost = np.zeros(ROUNDS)
    best = 0
    open_: list[tuple[int, int, tuple[int, Any], float]] = []
    looks = []
    spent = 0.0
    for number in range(ROUNDS):
        if number % LOOKS == 0:
            vector = player.propensities()
            if vector is not None:
                looks.append(vector)
        start = time.perf_counter()
        decision = player.decide()
        spent += time.perf_counter() - start
        arm = decision[0]
        lost[number] = gaps[number, arm]
        best += gaps[number, arm] < 1e-12
        entry = (number + int(run.known[number]), number, decision, float(run.earns[number, arm]))
        heapq.heappush(open_, entry)
        if (number + 1) % world.every == 0:
            due = []
            while open_ and open_[0][0] <= number:
                due.append(heapq.heappop(open_))
            if due:
                start = time.perf_counter()
                player.learn([line[2] for line in due], [line[3] for line in due])
                spent += time.perf_counter() - start
    curve = np.cumsum(lost).reshape(POINTS, -1)[:, -1]
    told = {"never": None, "effective": None}
    if looks:
        vectors = np.array(looks)
        with np.errstate(divide="ignore", over="ignore"):
            effective = ARMS * ARMS / (1.0 / vectors).sum(axis=1)
        told = {"never": float(np.mean(vectors < NEVER)), "effective": float(effective.mean())}
    return {
        "seed": seed,
        "curve": [round(float(value), 4) for value in curve],
        "best": best / ROUNDS,
        "round_us": spent / ROUNDS * 1e6,
        "seconds": time.process_time() - began,
        **told,
    }
