"""Batch learning of a context-free bandit, against plain NumPy.

The plain side learns the same rows from the same columns, arm ids as text included: codes, then two
counts an arm. It keeps no evidence apart and knows no corrections.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from figures import Figure, figure, in_turns, show
from tamesu.base import GRID, Declaration, Observations, Outcome
from tamesu.policy import compose
from tamesu.train import learn

ROWS = 10_000


def main() -> None:
    """Prints the figures."""
    show(measure)


def measure() -> Iterator[Figure]:
    """Each figure, one after the other."""
    for arms in (20, 1000):
        yield _batch(arms)


def _batch(arms: int) -> Figure:
    ids = [f"arm-{i:04d}" for i in range(arms)]
    policy = compose(Declaration.parse({"name": "bench", "arms": ids, "seed": 7}))
    state = policy.init()
    rows = _observations(ids)

    def plain() -> object:
        names, codes = np.unique(rows.arm, return_inverse=True)
        ones = np.bincount(codes, rows.reward == GRID, minlength=len(names))
        return names, 1 + ones, 1 + np.bincount(codes, minlength=len(names)) - ones

    taken = in_turns({"ours": lambda: learn(policy, state, rows), "plain": plain})
    return figure(
        f"learning {ROWS:,} observations in one batch, beta, {arms} arms",
        value=ROWS / taken["ours"] / 1e6,
        unit="million/s",
        beside=("plain NumPy", ROWS / taken["plain"] / 1e6),
        reach="≥ 1",
    )


def _observations(ids: list[str]) -> Observations:
    rng = np.random.default_rng(1)
    nothing = np.full(ROWS, None, dtype=object)
    zeros = np.zeros(ROWS, np.int64)
    return Observations(
        bandit="bench",
        declaration=1,
        decision_id=np.array([f"d{i}" for i in range(ROWS)], dtype=object),
        position=zeros,
        correction=zeros,
        experiment=nothing,
        variant=nothing,
        unit=nothing,
        arm=np.array(ids, dtype=object)[rng.integers(0, len(ids), ROWS)],
        context=nothing,
        features=nothing,
        eligible=nothing,
        propensity=np.full(ROWS, 1 / len(ids)),
        score=np.zeros(ROWS),
        draws=zeros - 1,
        fallback=np.zeros(ROWS, bool),
        outcome=np.full(ROWS, Outcome.OBSERVED.value),
        reward=rng.integers(0, 2, ROWS) * GRID,
        previous_reward=zeros,
        terms={},
        decided=zeros,
        shown=zeros,
        closed=zeros,
        accepted=zeros,
        snapshot=zeros,
        absorbed=zeros,
    )


if __name__ == "__main__":
    main()
