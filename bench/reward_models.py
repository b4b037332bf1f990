"""By itself: reward models in two worlds whose truth is known, as `docs/math/reward-models.md` has it.

Ten logs of each world and length. Refuses to say which is best anywhere else.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from tamesu.evaluate import Rounds, cross_fitted, evaluated, per_arm, ridge
from tamesu.learn.models import boosting, logistic

ARMS, LOGS = 4, 10
MODELS = {"per_arm": per_arm(), "ridge": ridge(), "logistic": logistic(), "boosting": boosting()}
COLUMNS = ("model off by", "dm off by", "dr off by", "width of dr / snips", "seconds")


def world(n: int, seed: int, *, bends: bool) -> tuple[Rounds, NDArray[np.float64]]:
    """Clicks whose log-odds are linear in the context, or in how far it is from 0; and true chances (n, K)."""
    rng = np.random.default_rng(seed)
    x, told = rng.normal(size=(n, 3)), rng.normal(size=(ARMS, 2))
    theta, position = rng.normal(size=(ARMS, 3)), rng.integers(0, 3, n)
    worth = (np.abs(x) * 2 - 2 if bends else x) @ theta.T
    odds = worth + told @ [1.0, -1.0] - 0.5 * position[:, None] - 1.0
    truth = 1 / (1 + np.exp(-odds))
    shares = np.exp(0.5 * odds)
    shares /= shares.sum(axis=1, keepdims=True)
    chosen = (rng.random(n)[:, None] < shares.cumsum(axis=1)).argmax(axis=1)
    mine = np.arange(n), chosen
    return Rounds.of(
        chosen,
        (rng.random(n) < truth[mine]).astype(float),
        shares[mine],
        among=range(ARMS),
        contexts=x,
        features=told,
        positions=position,
    ), truth


def measured(name: str, n: int, *, bends: bool) -> NDArray[np.float64]:
    """Means of `COLUMNS`; judged is who takes the best arm in nine of ten decisions and any arm else."""
    rows = []
    for seed in range(LOGS):
        rounds, truth = world(n, seed, bends=bends)
        target = np.full_like(truth, 0.1 / ARMS)
        target[np.arange(n), truth.argmax(axis=1)] += 0.9
        value = float((target * truth).sum(axis=1).mean())
        off = float(np.abs(cross_fitted(rounds, MODELS[name]) - truth).mean())
        start = time.perf_counter()
        found = evaluated(
            rounds, target, estimators=["dm", "dr", "snips"], predicted=MODELS[name]
        ).estimates
        took = time.perf_counter() - start
        dm, dr, snips = (one.interval.high - one.interval.low for one in found)
        del dm
        rows.append(
            (off, abs(found[0].value - value), abs(found[1].value - value), dr / snips, took)
        )
    return np.mean(rows, axis=0)


if __name__ == "__main__":
    print("world, rounds, model:", ", ".join(COLUMNS))
    for bends in (False, True):
        for n in (1_000, 10_000):
            for name in MODELS:
                told = " ".join(f"{one:.4f}" for one in measured(name, n, bends=bends))
                print("bends" if bends else "logistic", f"{n:,}", name, told, flush=True)
