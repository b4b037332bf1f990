"""How long the calls of a player with a context take: as `timing.py`. Refuses to compare."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np
from contextual_player import ContextualPlayer, Made

Make = Callable[[int, int, int, str], ContextualPlayer]
TAUGHT = 50
"""Observations an arm that a player has learnt before it is timed, if there is time."""
TEACHING_S = 2.0
"""How long it is taught."""
ROWS = 10_000
"""Observations of a batch; a tenth for a player that would need too long."""
MANY = 1 << 12
"""Contexts that are made beforehand."""


class Timing:
    """What the calls of one kind of player take, in one turn; a taught player is kept for the next.

    Args:
        make: arms, features, seed and rewards to a new player.
    """

    def __init__(self, make: Make) -> None:
        self._make = make
        self._taught: dict[tuple[int, int], ContextualPlayer] = {}

    def decide(self, arms: int, features: int, seconds: float) -> float:
        """Microseconds per decision, in about so many seconds."""
        player, contexts = self._player(arms, features), cycle(_contexts(features))
        return _median(lambda: player.decide(next(contexts)), seconds)

    def cycle(self, arms: int, features: int, seconds: float) -> float:
        """Microseconds per decision that is learnt at once."""
        player, contexts = self._player(arms, features), cycle(_contexts(features))
        rewards = cycle(np.random.default_rng(2).normal(size=MANY).tolist())

        def both() -> None:
            context = next(contexts)
            arm, made = player.decide(context)
            player.learn([(arm, made, context)], [next(rewards)])

        return _median(both, seconds)

    def batch(self, arms: int, features: int, seconds: float) -> float:
        """Microseconds per observation of a batch of `ROWS`, or of a tenth of it where that would
        take a hundred times `seconds`; as columns, `learn_columns`, where a library takes them.
        """
        player = self._make(arms, features, 1, "real")
        rng = np.random.default_rng(3)
        columns = getattr(player, "learn_columns", None)
        if columns is not None:
            _teach(player, rng, arms, features, 200)
            given = rng.integers(arms, size=ROWS), rng.normal(size=(ROWS, features))
            rewards = rng.normal(size=ROWS)
            return _median(lambda: columns(*given, rewards), seconds, least=3) / ROWS
        start = time.perf_counter()
        _teach(player, rng, arms, features, 200)
        slow = (time.perf_counter() - start) * ROWS / 200 > 100 * seconds
        made, rewards = _made(player, rng, arms, features, ROWS // 10 if slow else ROWS)
        start = time.perf_counter()
        player.learn(made, rewards)
        return (time.perf_counter() - start) / len(rewards) * 1e6

    def _player(self, arms: int, features: int) -> ContextualPlayer:
        """A player that has learnt of its own decisions, warm."""
        if (arms, features) not in self._taught:
            player = self._make(arms, features, 1, "real")
            rng = np.random.default_rng(1)
            end = time.perf_counter() + TEACHING_S
            for _ in range(TAUGHT):
                _teach(player, rng, arms, features, arms)
                if time.perf_counter() > end:
                    break
            player.decide(_contexts(features)[0])
            self._taught[arms, features] = player
        return self._taught[arms, features]


def _contexts(features: int) -> list[Any]:
    return list(np.random.default_rng(4).normal(size=(MANY, features)))


def _teach(
    player: ContextualPlayer, rng: np.random.Generator, arms: int, features: int, count: int
) -> None:
    player.learn(*_made(player, rng, arms, features, count))


def _made(
    player: ContextualPlayer, rng: np.random.Generator, arms: int, features: int, count: int
) -> tuple[list[Made], list[float]]:
    """So many decisions, and what came of them.

    A player that needs nothing of a decision but the arm is not asked for them, which would take most of
    the time: arms are drawn then.
    """
    contexts = rng.normal(size=(count, features))
    rewards = rng.normal(size=count).tolist()
    if player.decide(contexts[0])[1] is None:
        drawn = rng.integers(arms, size=count).tolist()
        return [(arm, None, context) for arm, context in zip(drawn, contexts, strict=True)], rewards
    decisions: list[Made] = []
    for context in contexts:
        arm, made = player.decide(context)
        decisions.append((arm, made, context))
    return decisions, rewards


def _median(call: Callable[[], object], seconds: float, least: int = 20) -> float:
    """Microseconds; calls are timed one by one, at least `least` of them."""
    times = []
    end = time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6
