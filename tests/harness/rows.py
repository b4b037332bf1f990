"""Observations written by hand, as few letters as will do."""

from __future__ import annotations

import numpy as np

from tamesu.base import GRID, Declaration, Observations, Outcome
from tamesu.base.observations import NO_REWARD, NO_TIME

DECLARATION = Declaration.parse({"name": "home", "arms": ["a", "b", "c"], "seed": 7})


def observed(
    arms: str, rewards: list[float], bandit: str = "home", number: int = 1
) -> Observations:
    """One observed row per letter of `arms`, due one second after the other."""
    rows = len(arms)
    nothing = np.full(rows, None, dtype=object)
    zeros = np.zeros(rows, dtype=np.int64)
    return Observations(
        bandit=bandit,
        declaration=number,
        decision_id=np.array([f"d{row}" for row in range(rows)], dtype=object),
        position=zeros,
        correction=zeros,
        experiment=nothing,
        variant=nothing,
        unit=nothing,
        arm=np.array(list(arms), dtype=object),
        context=nothing,
        features=nothing,
        eligible=nothing,
        propensity=np.full(rows, 0.5),
        score=np.full(rows, 0.1),
        draws=zeros - 1,
        fallback=np.zeros(rows, dtype=bool),
        outcome=np.full(rows, Outcome.OBSERVED, dtype=np.int64),
        reward=(np.array(rewards) * GRID).astype(np.int64),
        previous_reward=np.full(rows, NO_REWARD, dtype=np.int64),
        terms={"click": zeros},
        decided=zeros,
        shown=zeros,
        closed=np.arange(rows, dtype=np.int64) * 1_000_000,
        accepted=np.full(rows, NO_TIME, dtype=np.int64),
        snapshot=zeros,
        absorbed=zeros,
    )
