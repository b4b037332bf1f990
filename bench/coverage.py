"""How often intervals hold the truth, and how wide they are: thousands of seeded logs of worlds with known truth.

    python bench/coverage.py [--runs 2000] [--only learning]

Prints the tables of `docs/math/intervals.md`. A quarter of an hour. Refuses to be part of `run.py`: there is no peer to
stand beside.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tamesu
from tamesu.evaluate import Contrast, Rounds, contrast_of, estimator_of
from tamesu.evaluate.intervals import Bounds, interval_of, sequence

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
ARMS, TYPES = 4, 40
EXPLORE = 0.2


@dataclass(frozen=True)
class World:
    """Contexts of some types, equally frequent; each row a type, each column an arm.

    Attributes:
        logging, target: probabilities.
        rates: of a reward of 1.
        guess: what a model says of them, which is wrong.
        length: rounds of a log.
        each: rounds of a unit, which share how easily it is pleased.
    """

    logging: Floats
    target: Floats
    rates: Floats
    guess: Floats
    length: int
    each: int = 1

    @property
    def truth(self) -> float:
        """What the target policy is worth."""
        return float((self.target * self.rates).sum(axis=1).mean())

    @property
    def bounds(self) -> Bounds:
        """What is known beforehand."""
        return Bounds(most_weight=ARMS / EXPLORE)

    def logged(self, rng: np.random.Generator) -> tuple[Rounds, Floats, Floats]:
        """Rounds, the target's probabilities and the model's guesses of them."""
        units = self.length // self.each
        kind = np.repeat(rng.integers(TYPES, size=units), self.each)
        pleased = np.repeat(rng.choice([0.4, 1.6], units), self.each) if self.each > 1 else 1.0
        shares = self.logging[kind]
        arm = (shares.cumsum(axis=1) < rng.random((len(kind), 1))).sum(axis=1).clip(max=ARMS - 1)
        reward = (rng.random(len(kind)) < self.rates[kind, arm] * pleased).astype(float)
        rounds = Rounds.of(
            arm,
            reward,
            shares[np.arange(len(kind)), arm],
            among=range(ARMS),
            units=np.repeat(np.arange(units), self.each),
        )
        return rounds, self.target[kind], self.guess[kind]


def world(length: int, scale: float = 1.0, each: int = 1, seed: int = 11) -> World:
    """A world of those: policies that lean in different directions."""
    rng = np.random.default_rng(seed)
    tables = np.exp(rng.normal(0, 1.2, (2, TYPES, ARMS)))
    tables /= tables.sum(axis=2, keepdims=True)
    rates = scale * rng.beta(2, 4, (TYPES, ARMS)) / (1.6 if each > 1 else 1.0)
    return World(
        logging=(1 - EXPLORE) * tables[0] + EXPLORE / ARMS,
        target=tables[1],
        rates=rates,
        guess=np.clip(rates * rng.uniform(0.5, 1.5, rates.shape), 0, 1),
        length=length,
        each=each,
    )


WORLDS = {
    "independent rounds": world(1_500),
    "rare rewards": world(15_000, scale=0.05),
    "units of 5 rounds": world(6_000, each=5),
}
ESTIMATORS = ("ips", "snips", "dr", "sndr")
LEFT_OUT = {
    ("sndr", "bernstein"),  # it is neither one mean nor one over another
    *((name, "betting") for name in ("snips", "dr", "sndr")),  # the same of all
    *((name, "bootstrap") for name in ("ips", "sndr")),  # four of them would take most of the time
}


def fixed(runs: int) -> Iterator[tuple[str, ...]]:
    """Intervals of logs of a policy that does not learn, told once at the end."""
    for name, of in WORLDS.items():
        found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
        sizes = []
        for seed in range(runs):
            rng = np.random.default_rng(seed)
            rounds, target, guess = of.logged(rng)
            contrast = contrast_of(rounds, target, guess)
            sizes.append(contrast.weight.sum() ** 2 / (contrast.weight**2).sum())
            for estimator in ESTIMATORS:
                made = estimator_of(estimator)
                statistic = made.contributions(contrast)
                for interval in ("normal", "bootstrap", "bernstein", "betting"):
                    if (estimator, interval) in LEFT_OUT:
                        continue
                    found[estimator, interval].append(
                        interval_of(
                            interval,
                            statistic,
                            rounds,
                            contrast,
                            CONFIDENCE,
                            models=made.models,
                            bounds=of.bounds,
                            uniforms=rng.random,
                        )
                    )
        for (estimator, interval), ends in found.items():
            low, high = np.array(ends).T
            held = ((low <= of.truth) & (of.truth <= high)).mean()
            yield (
                name,
                f"{of.length:,}",
                f"{np.mean(sizes):,.0f}",
                estimator,
                interval,
                f"{100 * held:.1f} %",
                f"{np.nanmean(high - low):.4f}",
            )


RATES = np.array([0.1, 0.2, 0.3])
BATCHES, BATCH = 50, 40
LEARNERS: dict[str, dict[str, Any]] = {
    "thompson": {"explorer": "thompson"},
    "epsilon_greedy": {"explorer": "epsilon_greedy"},
}


def learning_log(seed: int, **policy: Any) -> tuple[Rounds, Floats]:
    """A log of a bandit that learns after each batch, and the probabilities it had (n, K)."""
    rng = np.random.default_rng(seed)
    bandit = tamesu.Bandit(arms=range(len(RATES)), seed=seed, explore=EXPLORE, **policy)
    arms, rewards, chances, had = [], [], [], []
    for _ in range(BATCHES):
        had.append(np.tile(bandit.propensities(), (BATCH, 1)))
        made = bandit.decide_many(n=BATCH)
        arm = np.asarray(made.arms, np.intp)
        reward = (rng.random(BATCH) < RATES[arm]).astype(float)
        bandit.learn_many(made, reward)
        arms.append(arm)
        rewards.append(reward)
        chances.append(made.propensities)
    rounds = Rounds.of(*map(np.concatenate, (arms, rewards, chances)), among=range(len(RATES)))
    return rounds, np.concatenate(had)


def targets(had: Floats) -> dict[str, Floats]:
    """Target policies (n, K) of such a log: two that stay, and one that learns along it."""
    eye = np.eye(len(RATES))
    n = len(had)
    return {
        "the best arm": np.tile(eye[2], (n, 1)),
        "the worst arm": np.tile(eye[0], (n, 1)),
        "the learner without its uniform share": (had - EXPLORE / 3) / (1 - EXPLORE),
    }


def learning(runs: int) -> Iterator[tuple[str, ...]]:
    """Logs of bandits that learn: is the truth ever left out?"""
    weights = {"unknown": Bounds(), "known": Bounds(most_weight=len(RATES) / EXPLORE)}
    every = np.arange(1, BATCHES * BATCH + 1)
    looks = _looks(len(every))
    for learner, policy in LEARNERS.items():
        ever: dict[tuple[str, str], list[bool]] = defaultdict(list)
        widths: dict[tuple[str, str], list[float]] = defaultdict(list)
        for seed in range(runs):
            rounds, had = learning_log(seed, **policy)
            for target, shares in targets(had).items():
                contrast = contrast_of(rounds, shares)
                truth = np.cumsum(shares @ RATES) / every
                for name, bounds in weights.items():
                    found = sequence(contrast, every - 1, CONFIDENCE, bounds, moments=looks)
                    was = truth[looks - 1]
                    out = (was < found.low - 1e-12) | (was > found.high + 1e-12)
                    ever[target, name].append(bool(out.any()))
                    widths[target, name].append(np.diff(found.last)[0])
                low, high = _normal(contrast, rounds)
                ever[target, "normal, at the end"].append(not low <= truth[-1] <= high)
                widths[target, "normal, at the end"].append(high - low)
        for (target, name), outs in ever.items():
            yield (
                learner,
                target,
                name,
                f"{100 * np.mean(outs):.1f} %",
                f"{np.mean(widths[target, name]):.4f}",
            )


def _looks(length: int) -> NDArray[np.intp]:
    """Each of the first hundred rounds, then every thirtieth part more."""
    later = np.geomspace(100, length, int(30 * np.log(length / 100)))
    return np.unique(np.concatenate([np.arange(1, 101), later.astype(np.intp)]))


def _normal(contrast: Contrast, rounds: Rounds) -> tuple[float, float]:
    statistic = estimator_of("ips").contributions(contrast)
    return interval_of("normal", statistic, rounds, contrast, CONFIDENCE)


def steady(runs: int) -> Iterator[tuple[str, ...]]:
    """A sequence of a log that no policy learnt from: is the truth ever left out, and how wide is it at the end?"""
    of = WORLDS["independent rounds"]
    step, looks = np.arange(of.length), _looks(of.length)
    kinds = {
        "weights unknown": (False, Bounds()),
        "weights known": (False, of.bounds),
        "weights known, a model": (True, of.bounds),
    }
    for name, (modelled, bounds) in kinds.items():
        ever, widths = [], []
        for seed in range(runs):
            rounds, target, guess = of.logged(np.random.default_rng(seed))
            contrast = contrast_of(rounds, target, guess if modelled else None)
            found = sequence(contrast, step, CONFIDENCE, bounds, moments=looks)
            ever.append(bool(((of.truth < found.low) | (of.truth > found.high)).any()))
            widths.append(np.diff(found.last)[0])
        yield name, f"{of.length:,}", f"{100 * np.mean(ever):.1f} %", f"{np.mean(widths):.4f}"


TABLES: dict[str, tuple[Callable[[int], Iterator[tuple[str, ...]]], tuple[str, ...]]] = {
    "fixed": (
        fixed,
        ("world", "rounds", "effective", "estimator", "interval", "holds the truth", "width"),
    ),
    "steady": (steady, ("sequence", "rounds", "ever left out", "width at the end")),
    "learning": (
        learning,
        ("learner", "target", "largest weight", "ever left out", "width at the end"),
    ),
}


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=2_000, help="logs of each world")
    parser.add_argument("--only", choices=TABLES, help="one table")
    given = parser.parse_args()
    for name, (rows, head) in TABLES.items():
        if given.only in (None, name):
            print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
            for row in rows(given.runs):
                print("| " + " | ".join(row) + " |", flush=True)
            print()


if __name__ == "__main__":
    main()
