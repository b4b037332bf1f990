"""Propensities: the distribution as it narrows, and what a log is worth that carries it."""

from __future__ import annotations

import look
import numpy as np
from matplotlib.figure import Figure

import tamesu
from tamesu.sim import BernoulliWorld

RATES = [0.04, 0.05, 0.06, 0.07, 0.12]
MOMENTS = (0, 500, 2_000)
ROUNDS = 4_000
RUNS = 300


def draw() -> Figure:
    """Left: one run's distribution. Right: the uniform policy's worth, estimated from many logs."""
    figure, (left, right) = look.panels(2)
    world = BernoulliWorld(RATES)
    for number, (moment, shade) in enumerate(zip(MOMENTS, (0.35, 0.65, 1.0), strict=True)):
        bandit, _, _, _ = logged(world, seed=5, rounds=moment)
        p = bandit.propensities()
        print(f"  after {moment}: " + " ".join(f"{share:.3f}" for share in p))
        left.bar(
            np.arange(5) + 0.27 * (number - 1),
            p,
            0.25,
            color=look.OURS,
            alpha=shade,
            label=f"after {moment:,}",
        )
    left.set_xticks(range(5), [f"{rate:g}" for rate in RATES])
    look.label(
        left, "propensities of five arms", "true rate of the arm", "probability to be chosen"
    )
    left.legend(frameon=False, fontsize=8, title="decisions", title_fontsize=8)

    plain, weighed = [], []
    for seed in range(RUNS):
        _, _, propensities, rewards = logged(world, seed, ROUNDS)
        plain.append(rewards.mean())
        weighed.append((rewards / (5 * propensities)).mean())
    true = float(np.mean(RATES))
    for name, values in (("plain mean", plain), ("weighed by 1 / propensity", weighed)):
        error = np.std(values, ddof=1) / np.sqrt(RUNS)
        print(f"  {name}: {np.mean(values):.4f} ± {2 * error:.4f}; truth {true:.4f}")
    bins = np.linspace(0.02, 0.14, 49)
    right.hist(plain, bins, color=look.NAIVE, alpha=0.7, label="plain mean of the log")
    right.hist(weighed, bins, color=look.OURS, alpha=0.7, label="weighed by 1 / propensity")
    right.set_ylim(0, 65)
    right.axvline(true, color="black", linewidth=1, linestyle=":")
    right.annotate(
        "truth", (true, right.get_ylim()[1]), xytext=(3, -8), textcoords="offset points", fontsize=8
    )
    look.label(
        right,
        f"what would uniform choice earn? {RUNS} logs",
        f"estimate from {ROUNDS:,} decisions",
        "logs",
    )
    right.legend(frameon=False, fontsize=8)
    return figure


def logged(
    world: BernoulliWorld, seed: int, rounds: int
) -> tuple[tamesu.Bandit, np.ndarray, np.ndarray, np.ndarray]:
    """A bandit after `rounds` decisions, and its log: arms, propensities, rewards."""
    bandit = tamesu.Bandit(arms=range(5), seed=seed, explore=0.1)
    luck = np.random.default_rng([seed, 6])
    arms, propensities, rewards = [np.zeros(0, int)], [np.zeros(0)], [np.zeros(0)]
    for _ in range(0, rounds, 100):
        decisions = bandit.decide_many(n=100)
        played = decisions.arms.astype(int)
        earned = world.rewards(played, luck.random(100))
        bandit.learn_many(decisions, earned)
        arms.append(played)
        propensities.append(decisions.propensities)
        rewards.append(earned)
    return bandit, np.concatenate(arms), np.concatenate(propensities), np.concatenate(rewards)
