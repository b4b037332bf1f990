"""How far each off-policy estimate is from the truth, in worlds where that is known.

No part of the benchmark: the tables of `docs/math/estimators.md` and `docs/math/slate-estimators.md`, a minute.
Refuses to measure time.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np

from tamesu.evaluate import (
    Rounds,
    Slates,
    contrast_of,
    cross_fitted,
    estimator_of,
    normal,
    slate_contrast_of,
    slate_estimator_of,
    value,
)
from tamesu.evaluate.models import ridge
from tamesu.evaluate.placements import Runs
from tamesu.evaluate.rerun import Again, rerun

LOGS = 400
ROUNDS = 1_000
ARMS = 20
GENRES = 5
ESTIMATORS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ips", {}),
    ("ips", {"clip": "slope"}),
    ("ips_sg", {"correction": 0.02}),
    ("ips_sg", {"correction": "slope"}),
    ("snips", {}),
    ("mips", {}),
    ("dm", {}),
    ("dr", {}),
    ("dr", {"clip": "slope"}),
    ("sndr", {}),
    ("switch_dr", {"threshold": 10.0}),
    ("switch_dr", {"threshold": "slope"}),
    ("dr_os", {"shrinkage": "slope"}),
    ("dr_os", {"shrinkage": 100.0}),
    ("dr_sg", {"correction": 0.02}),
    ("dr_sg", {"correction": "slope"}),
)
SLATE_ESTIMATORS = (
    "standard",
    "sn_standard",
    "reward_interaction",
    "sn_reward_interaction",
    "cascade_dr",
    "item_position",
    "sn_item_position",
    "pseudo_inverse",
    "sn_pseudo_inverse",
)


def softmax(scores: Any) -> Any:
    """By rows."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def logs(
    boldness: float,
) -> Iterator[tuple[float, Callable[[str, dict[str, Any]], float], float]]:
    """Truths, what gives the estimate of a name, effective sample sizes, log by log; the bolder the logging policy, the larger the weights."""
    for seed in range(LOGS):
        rng = np.random.default_rng(seed)
        taste = rng.normal(0, 1, (GENRES, 5)) / 5**0.5
        genre = np.arange(ARMS) % GENRES
        contexts = rng.normal(0, 1, (ROUNDS, 5))
        worth = 1 / (1 + np.exp(1 - 2 * contexts @ taste[genre].T))
        logging = softmax(boldness * rng.normal(0, 1, (ROUNDS, ARMS)))
        target = softmax(8 * worth)
        action = (logging.cumsum(axis=1) < rng.random((ROUNDS, 1))).sum(axis=1).clip(max=ARMS - 1)
        mine = np.arange(ROUNDS), action
        rounds = Rounds.of(
            action,
            rng.random(ROUNDS) < worth[mine],
            logging[mine],
            among=range(ARMS),
            contexts=contexts,
            features=np.eye(GENRES)[genre],
        )
        contrast = contrast_of(rounds, target, cross_fitted(rounds, ridge()), logging=logging)

        def estimate(name: str, options: dict[str, Any], contrast: Any = contrast) -> float:
            return value(estimator_of(name, options).contributions(contrast))

        weight = contrast.weight
        effective = weight.sum() ** 2 / np.square(weight).sum()
        yield float((target * worth).sum(axis=1).mean()), estimate, float(effective)


class Strengths:
    """Slates of three of eight arms, one after another, each as likely as its strength among those left."""

    def __init__(self, strength: Any) -> None:
        self.strength = strength

    def below(self, slates: Slates, above: Any) -> Any:
        """(m, K)."""
        free = np.tile(self.strength, (len(slates), 1))
        for at in range(above.shape[1]):
            np.put_along_axis(free, above[:, at : at + 1], 0.0, axis=1)
        return free / free.sum(axis=1, keepdims=True)

    def placed(self, n: int, rng: Any) -> tuple[Any, Any]:
        """(n, L) arms, and (n, L) what each was drawn with."""
        left, arms, drawn = np.tile(self.strength, (n, 1)), [], []
        for _ in range(3):
            shares = left / left.sum(axis=1, keepdims=True)
            at = (shares.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=7)
            arms.append(at)
            drawn.append(shares[np.arange(n), at])
            left[np.arange(n), at] = 0.0
        return np.stack(arms, axis=1), np.stack(drawn, axis=1)


def earned(arms: Any, kind: str) -> Any:
    """(n, L) expected rewards: of the arm and its place, of those above too, or of all."""
    worth = np.linspace(0.05, 0.6, 8)[arms] * [1.0, 0.7, 0.5]
    if kind == "alone":
        return worth
    if kind == "from above":
        passed = np.cumprod(1 - worth, axis=1)
        return worth * np.concatenate([np.ones((len(arms), 1)), passed[:, :-1]], axis=1)
    return worth * (1.2 - 0.2 * worth.sum(axis=1, keepdims=True))


def slate_errors(kind: str) -> dict[str, tuple[float, float, float]]:
    """Bias and root mean squared error of each estimator of slates; how often its normal interval has the truth."""
    logging, target = Strengths(np.linspace(2, 1, 8)), Strengths(np.linspace(1, 4, 8))
    every = np.array(list(permutations(range(8), 3)))

    def seen(arms: Any, rewards: Any, drawn: Any, guess: Any = None) -> tuple[Slates, Any]:
        slates = Slates.of(arms, rewards, drawn, among=range(8))
        given = np.stack([target.below(slates, arms[:, :at]) for at in range(3)], axis=1)
        return slates, slate_contrast_of(slates, given, guess)

    # Without a context how likely arms come to positions is the same in every log.
    ones = Slates.of(every, np.zeros(every.shape), np.ones(every.shape), among=range(8))
    shares = [logging.below(ones, every[:, :at])[np.arange(336), every[:, at]] for at in range(3)]
    slates, contrast = seen(every, np.zeros(every.shape), np.stack(shares, axis=1))
    made = rerun(slates, contrast, Again(logging.below, target.below, Runs()), pairs=True).contrast
    place = {tuple(order): row for row, order in enumerate(every.tolist())}
    truth = float(contrast.target.prod(axis=1) @ earned(every, kind).sum(axis=1))
    found: dict[str, list[float]] = {name: [] for name in SLATE_ESTIMATORS}
    held = dict.fromkeys(SLATE_ESTIMATORS, 0)
    for seed in range(LOGS):
        rng = np.random.default_rng(seed)
        arms, drawn = logging.placed(ROUNDS, rng)
        rewards = rng.random(arms.shape) < earned(arms, kind)
        # A plain model, learnt from the other half: by position and arm the mean of what follows.
        follows = rewards[:, ::-1].cumsum(axis=1)[:, ::-1]
        guess = np.empty((ROUNDS, 3, 8))
        for half in (0, 1):
            others = np.arange(ROUNDS) % 2 != half
            for at in range(3):
                sums = np.bincount(arms[others, at], follows[others, at], 8)
                counts = np.bincount(arms[others, at], minlength=8)
                guess[~others, at] = (sums + 1) / (counts + 2)
        slates, contrast = seen(arms, rewards, drawn, guess)
        rows = [place[tuple(order)] for order in arms.tolist()]
        whole = replace(
            contrast,
            marginal=made.marginal[rows],
            placed=made.placed[rows],
            pseudo_inverse=made.pseudo_inverse[rows],
        )
        for name, off in found.items():
            statistic = slate_estimator_of(name).contributions(whole)
            off.append(value(statistic) - truth)
            low, high = normal(statistic, slates.cluster, 0.95)
            held[name] += low < truth < high
    return {name: (*errors(off), held[name] / LOGS) for name, off in found.items()}


def errors(off: Any) -> tuple[float, float]:
    """Bias, and root mean squared error."""
    return float(np.mean(off)), float(np.sqrt(np.mean(np.square(off))))


def main() -> None:
    """Prints the tables."""
    for boldness in (0.5, 1.5, 2.5):
        off: dict[str, list[float]] = {}
        sizes = []
        for truth, estimate, effective in logs(boldness):
            sizes.append(effective)
            for name, options in ESTIMATORS:
                told = " ".join([name, *(f"{option}: {one}" for option, one in options.items())])
                off.setdefault(told, []).append(estimate(name, options) - truth)
        print(f"boldness {boldness}, effective sample size {np.mean(sizes):.0f} of {ROUNDS}")
        for told, values in off.items():
            print(f"  {told:<28} bias {errors(values)[0]:+.4f}  error {errors(values)[1]:.4f}")
    for kind in ("alone", "from above", "all"):
        print(f"slates whose rewards depend on: {kind}")
        for name, (bias, error, held) in slate_errors(kind).items():
            print(f"  {name:<28} bias {bias:+.4f}  error {error:.4f}  held {held:.1%}")


if __name__ == "__main__":
    main()
