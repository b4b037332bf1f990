"""How long a player's calls take: in one turn, the median of many calls. Refuses to compare."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np
from player import Player

Make = Callable[[int], Player]
TAUGHT = 50
"""Observations an arm that a player has learnt before it is timed, if there is time."""
TEACHING_S = 2.0
"""How long it is taught."""
GOOD = 0.05
"""The share of decisions with reward 1."""
ROWS = 10_000
"""Observations of a batch; fewer where a player would need too long."""


class Timing:
    """What the calls of one kind of player take, in one turn; a taught player is kept for the next.

    Args:
        make: number of arms to a new player.
    """

    def __init__(self, make: Make) -> None:
        self._make = make
        self._taught: dict[int, Player] = {}

    def decide(self, arms: int, seconds: float) -> float:
        """Microseconds per decision, in about so many seconds."""
        return _median(self._player(arms).decide, seconds)

    def cycle(self, arms: int, seconds: float) -> float:
        """Microseconds per decision that is learnt at once."""
        player = self._player(arms)
        rewards = cycle((np.random.default_rng(2).random(1 << 12) < GOOD).astype(float).tolist())
        return _median(lambda: player.learn([player.decide()], [next(rewards)]), seconds)

    def batch(self, arms: int, seconds: float) -> float:
        """Microseconds per observation of a batch: of `ROWS`, or a tenth of it where that would take
        a hundred times `seconds`.
        """
        player = self._make(arms)
        rng = np.random.default_rng(3)
        start = time.perf_counter()
        player.learn(*_made(player, rng, 200))
        slow = (time.perf_counter() - start) * ROWS / 200 > 100 * seconds
        decisions, rewards = _made(player, rng, ROWS // 10 if slow else ROWS)
        start = time.perf_counter()
        player.learn(decisions, rewards)
        return (time.perf_counter() - start) / len(rewards) * 1e6

    def _player(self, arms: int) -> Player:
        """A player that has learnt of its own decisions, warm."""
        if arms not in self._taught:
            player = self._make(arms)
            rng = np.random.default_rng(1)
            end = time.perf_counter() + TEACHING_S
            for _ in range(TAUGHT):
                player.learn(*_made(player, rng, arms))
                if time.perf_counter() > end:
                    break
            player.decide()
            self._taught[arms] = player
        return self._taught[arms]


def _made(
    player: Player, rng: np.random.Generator, count: int
) -> tuple[list[tuple[int, Any]], list[float]]:
    """So many decisions, and what came of them."""
    decisions = [player.decide() for _ in range(count)]
    return decisions, (rng.random(count) < GOOD).astype(float).tolist()


def _median(call: Callable[[], object], seconds: float) -> float:
    """Microseconds; calls are timed one by one, at least 20 of them."""
    times = []
    end = time.perf_counter() + seconds
    while len(times) < 20 or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6
