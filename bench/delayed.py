"""Regret where feedback comes in batches and arms come and go, beside a reference.

The setting of Chapelle & Li 2011, section 3.2: ten arms, whose rates are drawn from Beta(4, 4); at each of
a million steps one of them is replaced by a new one with probability .001; what was clicked is told every
δ steps. `Tamesu` is the bandit that people use, with exact propensities; beside it Thompson sampling by
one draw of each arm, many runs at once. Both start each arm at Beta(1, 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

import tamesu
from figures import Figure, show

STEPS = 1_000_000
ARMS = 10
REPLACED = 1e-3
REFERENCE = {1: 9_800, 10: 9_550, 100: 11_100}
"""Clicks missed in a million steps, by how many steps feedback waits; a reference of our own."""

WITHIN = 0.1
RUNS = 8
DRAWN_RUNS = 32

Floats = NDArray[np.float64]


def main() -> None:
    """Prints the figures."""
    show(measure)


def measure(steps: int = STEPS) -> Iterator[Figure]:
    """Each figure, one after the other."""
    for every, reference in REFERENCE.items():
        yield _figure("Thompson by one draw", every, reference, drawn(every, steps))
        with ProcessPoolExecutor(2) as pool:
            lost = np.array(list(pool.map(partial(ours, every, steps), range(RUNS))))
        yield _figure("Tamesu, Thompson", every, reference, lost)


def _figure(name: str, every: int, reference: int, lost: Floats) -> Figure:
    mean = float(lost.mean())
    return Figure(
        name=f"regret with feedback every {every:,} steps, {name}, {len(lost)} runs",
        value=round(mean, 1),
        unit=f"clicks (± {lost.std(ddof=1) / np.sqrt(len(lost)):.0f})",
        against=f"reference: {reference:,}",
        ratio=round(mean / reference, 3),
        reach=f"≤ {1 + WITHIN:g}",
        held=abs(mean / reference - 1) <= WITHIN,
    )


def drawn(every: int, steps: int, runs: int = DRAWN_RUNS, seed: int = 1) -> Floats:
    """(runs,) clicks missed by whom plays the best of one draw of each arm's posterior."""
    rng = np.random.default_rng(seed)
    rates = rng.beta(4, 4, (runs, ARMS))
    clicks, shown = np.zeros((runs, ARMS)), np.zeros((runs, ARMS))
    told = np.zeros((2, runs, ARMS))
    lost, row = np.zeros(runs), np.arange(runs)
    for step in range(1, steps + 1):
        arm = rng.beta(1.0 + clicks, 1.0 + shown - clicks).argmax(axis=1)
        rate = rates[row, arm]
        lost += rates.max(axis=1) - rate
        told[0, row, arm] += rng.random(runs) < rate
        told[1, row, arm] += 1.0
        if step % every == 0:
            clicks += told[0]
            shown += told[1]
            told[:] = 0.0
        new = np.flatnonzero(rng.random(runs) < REPLACED)
        if len(new):
            one = rng.integers(ARMS, size=len(new))
            rates[new, one] = rng.beta(4, 4, len(new))
            clicks[new, one] = shown[new, one] = 0.0
            told[:, new, one] = 0.0
    return lost


def ours(every: int, steps: int, seed: int) -> float:
    """Clicks missed by a bandit in memory that learns every so many decisions."""
    rng = np.random.default_rng(seed)
    bandit = tamesu.Bandit(arms=range(ARMS), seed=seed)
    rates = rng.beta(4, 4, ARMS)
    active = list(range(ARMS))
    lost, step = 0.0, 0
    # Steps go on to the next feedback or the next replacement, whichever is first: all by one state.
    replacing = int(rng.geometric(REPLACED))
    waiting: list[tuple[tamesu.Decisions, Floats]] = []
    while step < steps:
        feedback = step - step % every + every
        until = min(feedback, replacing, steps)
        made = bandit.decide_many(n=until - step)
        rate = rates[made.arms.astype(np.int64)]
        waiting.append((made, (rng.random(until - step) < rate).astype(np.float64)))
        lost += float((rates[active].max() - rate).sum())
        step = until
        if step == feedback:
            for decisions, rewards in waiting:
                bandit.learn_many(decisions, rewards)
            waiting.clear()
        if step == replacing:
            gone, new = active[int(rng.integers(ARMS))], len(rates)
            bandit.add_arm(new)
            bandit.retire_arm(gone)
            active[active.index(gone)] = new
            rates = np.append(rates, rng.beta(4, 4))
            replacing = step + int(rng.geometric(REPLACED))
    return lost


if __name__ == "__main__":
    main()
