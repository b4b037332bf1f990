"""Looks: intervals of a log that grows, looked at again and again, while the policy that writes it learns."""

from __future__ import annotations

import look
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import tamesu
from tamesu.evaluate import Rounds, contrast_of
from tamesu.evaluate.intervals import Bounds, sequence

RATES = np.array([0.1, 0.2, 0.3])
BATCHES, BATCH = 100, 40
ROUNDS = BATCHES * BATCH
EXPLORE = 0.2
LOGS = 300
LOOKS = np.unique(np.geomspace(100, ROUNDS, 80).astype(np.intp))
TRUTH = RATES[-1]
"""What the target policy is worth, which takes the last arm always."""

WAYS = (("normal", look.NAIVE), ("sequence", look.OURS))

Ends = tuple[NDArray[np.float64], NDArray[np.float64]]


def draw() -> Figure:
    """One log, and how many of all were wrong at some look."""
    logs = [intervals(seed) for seed in range(LOGS)]
    figure, (one, all_of_them) = look.panels(2)
    for way, (name, colour) in enumerate(WAYS):
        low, high = logs[3][way]
        one.fill_between(LOOKS, low, high, color=colour, alpha=0.25, lw=0, label=name)
        wrong = np.array([(log[way][0] > TRUTH) | (log[way][1] < TRUTH) for log in logs])
        so_far = 100 * np.logical_or.accumulate(wrong, axis=1).mean(axis=0)
        all_of_them.plot(LOOKS, so_far, color=colour, label=name)
        print(
            f"  {name}: wrong at some look {so_far[-1]:.1f} %, at the last {100 * wrong[:, -1].mean():.1f} %"
        )
    one.axhline(TRUTH, color=look.ORACLE, lw=1, ls="--", label="the truth")
    one.set_ylim(0.1, 0.6)
    all_of_them.axhline(5, color=look.ORACLE, lw=1, ls="--", label="what 95 % confidence allows")
    look.label(
        one, "one log of a policy that learns", "decisions so far", "value of the target policy"
    )
    look.label(all_of_them, f"{LOGS} logs", "decisions so far", "wrong at some look so far, %")
    for panel in (one, all_of_them):
        panel.set_xscale("log")
        panel.set_xticks([100, 300, 1_000, 4_000], ["100", "300", "1,000", "4,000"])
        panel.minorticks_off()
        panel.legend(frameon=False, fontsize=8, loc="upper right" if panel is one else "upper left")
    return figure


def intervals(seed: int) -> tuple[Ends, Ends]:
    """By both ways, at each look at one log."""
    rng = np.random.default_rng(seed)
    bandit = tamesu.Bandit(arms=range(len(RATES)), seed=seed, explore=EXPLORE)
    columns = []
    for _ in range(BATCHES):
        made = bandit.decide_many(n=BATCH)
        arm = np.asarray(made.arms, np.intp)
        reward = (rng.random(BATCH) < RATES[arm]).astype(float)
        bandit.learn_many(made, reward)
        columns.append((arm, reward, made.propensities))
    rounds = Rounds.of(*map(np.concatenate, zip(*columns, strict=True)), among=range(len(RATES)))
    contrast = contrast_of(rounds, np.tile(np.eye(len(RATES))[-1], (ROUNDS, 1)))
    always = sequence(contrast, np.arange(ROUNDS), 0.95, Bounds(), moments=LOOKS)
    return _normal(contrast.weight * contrast.reward), (always.low, always.high)


def _normal(column: NDArray[np.float64]) -> Ends:
    """Of the mean of the first rounds, at each look."""
    mean = np.cumsum(column)[LOOKS - 1] / LOOKS
    square = np.cumsum(column**2)[LOOKS - 1] / LOOKS
    reach = 1.96 * np.sqrt((square - mean**2) / LOOKS)
    return mean - reach, mean + reach
