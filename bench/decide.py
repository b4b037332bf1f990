"""One decision of a context-free bandit, and one exact distribution, against plain NumPy.

The plain side is what most would write: one Beta draw per arm and an argmax, with no propensities, no
reproducible randomness and no eligible sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np

from figures import Figure, figure, in_turns, show
from tamesu.base import GRID, Declaration, Time
from tamesu.policy import Batch, Prepared, compose

PLAIN = "plain NumPy Thompson, no propensities"


def main() -> None:
    """Prints the figures."""
    show(measure)


def measure() -> Iterator[Figure]:
    """Each figure, one after the other."""
    yield _decision(arms=20, size=1)
    yield _decision(arms=34, size=3)
    yield _fresh_slates(arms=34, size=3, decisions=250)
    for arms in (20, 1000):
        yield _distribution(arms)


def _decision(*, arms: int, size: int) -> Figure:
    learnt = Learnt(arms, size)
    prepared = learnt.prepared()
    numbers = count()
    for _ in range(5_000):  # every set of arms that will be asked for again
        prepared.choose(f"bench.1.{next(numbers):032x}")
    taken = in_turns(
        {
            "ours": lambda: prepared.choose(f"bench.1.{next(numbers):032x}"),
            "plain": lambda: learnt.plain(size),
        }
    )
    what = "one decision" if size == 1 else f"one slate of {size}"
    return figure(
        f"{what}, beta, {arms} arms, exact propensities",
        value=taken["ours"] * 1e6,
        unit="µs",
        beside=(PLAIN, taken["plain"] * 1e6),
        reach="≤ 1",
    )


def _fresh_slates(*, arms: int, size: int, decisions: int) -> Figure:
    """What a server pays in the half second that one snapshot lasts, its readying included."""
    learnt = Learnt(arms, size)

    def ours() -> None:
        prepared = learnt.prepared()
        for number in range(decisions):
            prepared.choose(f"bench.1.{number:032x}")

    def plain() -> None:
        for _ in range(decisions):
            learnt.plain(size)

    taken = in_turns({"ours": ours, "plain": plain}, turns=5)
    return figure(
        f"the first {decisions} slates of {size} of a new snapshot, beta, {arms} arms, each",
        value=taken["ours"] / decisions * 1e6,
        unit="µs",
        beside=(PLAIN, taken["plain"] / decisions * 1e6),
    )


def _distribution(arms: int) -> Figure:
    learnt = Learnt(arms, 1)
    draws = 10_000

    def monte_carlo() -> object:
        scores = learnt.rng.beta(learnt.alpha, learnt.beta, size=(draws, arms))
        return np.bincount(scores.argmax(axis=1), minlength=arms) / draws

    taken = in_turns({"ours": learnt.prepared, "plain": monte_carlo}, turns=5)
    return figure(
        f"one snapshot made ready, beta, {arms} arms, error ≤ 1e-6",
        value=taken["ours"] * 1e3,
        unit="ms",
        beside=("plain NumPy, 10,000 draws, error about 5e-3", taken["plain"] * 1e3),
        reach="≤ 1",
    )


class Learnt:
    """A bandit that has learnt 100 to 300 observations an arm, and that posterior for NumPy."""

    def __init__(self, arms: int, size: int) -> None:
        self.ids = tuple(f"arm-{i:04d}" for i in range(arms))
        layout = {"kind": "slate", "size": size} if size > 1 else {"kind": "single"}
        self.policy = compose(
            Declaration.parse({"name": "bench", "arms": self.ids, "layout": layout, "seed": 7})
        )
        self.rng = np.random.default_rng(arms)
        seen = self.rng.integers(100, 300, arms)
        ones = self.rng.binomial(seen, self.rng.uniform(0.02, 0.1, arms))
        self.alpha, self.beta = 1.0 + ones, 1.0 + seen - ones
        rows = int(seen.sum())
        place = np.concatenate([np.arange(n) for n in seen])
        batch = Batch(
            arm=np.repeat(np.array(self.ids, dtype=object), seen),
            reward=(place < np.repeat(ones, seen)).astype(np.int64) * GRID,
            position=np.zeros(rows, np.int64),
            propensity=np.full(rows, 1 / arms),
            decided=np.zeros(rows, np.int64),
        )
        start = self.policy.init()
        self.state = self.policy.absorb(start, self.policy.evidence(start, batch))

    def prepared(self) -> Prepared:
        """The policy, made ready anew."""
        return self.policy.prepare(self.state, self.ids, Time(0))

    def plain(self, size: int) -> object:
        """One decision in plain NumPy."""
        scores = self.rng.beta(self.alpha, self.beta)
        return int(scores.argmax()) if size == 1 else np.argsort(-scores)[:size].tolist()


if __name__ == "__main__":
    main()
