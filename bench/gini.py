"""Regret and cost of objectives that are learnt apart: what a mixture loses, and what a decision takes.

    python bench/gini.py

Worlds of rates drawn at random; all explorers that fit, on the same luck. What is lost is the best index less
that of what the distribution expects, decision by decision. Costs are processor time of one thread, so that
neighbours on the machine count little. Refuses to be part of `run.py`: there is no peer to stand beside.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

import tamesu
from tamesu.policy.objectives import best_mixtures, welfare

WORLDS = ((2, 5), (3, 10))
"""Objectives and arms."""

EXPLORERS: dict[str, Any] = {
    "thompson": "thompson",
    "thompson, 256 draws": {"kind": "thompson", "draws": 256},
    "greedy": "greedy",
    "epsilon_greedy": "epsilon_greedy",
    "uniform": "uniform",
}
ROUNDS, BATCH, SEEDS = 4_000, 20, 20


def regret(explorer: Any, objectives: int, arms: int, seed: int) -> float:
    """What is lost in `ROUNDS` decisions, learnt `BATCH` by `BATCH`."""
    rng = np.random.default_rng(seed)
    rates = rng.random((arms, objectives))
    weights = 0.5 ** np.arange(objectives)
    names = [str(number) for number in range(objectives)]
    best = welfare(best_mixtures(rates[None], weights)[0] @ rates, weights)
    bandit = tamesu.Bandit(
        arms=range(arms),
        objectives=dict.fromkeys(names, (0, 1)),
        scalarise="gini",
        belief="beta",
        explorer=explorer,
        seed=seed,
    )
    lost = 0.0
    for _ in range(ROUNDS // BATCH):
        lost += BATCH * float(best - welfare(bandit.propensities() @ rates, weights))
        made = bandit.decide_many(n=BATCH)
        came = rng.random((BATCH, objectives)) < rates[made.arms.astype(int)]
        bandit.learn_many(made, dict(zip(names, came.T, strict=True)))
    return lost


def cost_ms(call: Callable[[], object], times: int = 60) -> float:
    """Median milliseconds of a call."""
    costs: list[float] = []
    for _ in range(times):
        began = time.thread_time()
        call()
        costs.append((time.thread_time() - began) * 1e3)
    return median(costs)


def costs(objectives: int) -> dict[str, float]:
    """Milliseconds at 20 arms: of a decision of a state that decided before, the first of one, one in a context."""
    rng = np.random.default_rng(1)
    given = {
        "arms": range(20),
        "objectives": {str(number): (0, 1) for number in range(objectives)},
        "scalarise": "gini",
        "seed": 1,
    }
    free = tamesu.Bandit(**given)
    placed = tamesu.Bandit(**given, context=10)
    contexts = rng.normal(size=(400, 10))
    columns = {name: rng.random(400) for name in given["objectives"]}
    arms = rng.integers(0, 20, 400)
    free.learn_logged(arms, columns)
    placed.learn_logged(arms, columns, contexts)

    def anew() -> None:
        free.learn_logged(arms[:1], {name: column[:1] for name, column in columns.items()})
        free.decide()

    placed.decide(contexts[0])
    return {
        "first of a state": cost_ms(anew),
        "any other": cost_ms(free.decide, 400),
        "in a context": cost_ms(lambda: placed.decide(contexts[1])),
    }


def main() -> None:
    """Prints the figures."""
    for objectives, arms in WORLDS:
        print(f"{objectives} objectives, {arms} arms: lost in {ROUNDS:,} decisions, {SEEDS} seeds")
        for name, explorer in EXPLORERS.items():
            lost = [regret(explorer, objectives, arms, seed) for seed in range(SEEDS)]
            print(
                f"  {name:<20} {np.mean(lost):7.1f} ± {np.std(lost) / SEEDS**0.5:.1f}", flush=True
            )
    for objectives in (2, 3):
        told = ", ".join(f"{name} {ms:.2f} ms" for name, ms in costs(objectives).items())
        print(f"a decision at 20 arms and {objectives} objectives: {told}")


if __name__ == "__main__":
    main()
