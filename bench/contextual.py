"""Decisions and learning in contexts, with a linear belief, against plain NumPy.

The plain side is what most would write: a Cholesky factor of every arm's precision, one draw of each arm's
coefficients and an argmax, with no propensities, no reproducible randomness, no fixed prior of the noise
and no check of what comes in.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, cycle
from typing import Any

import numpy as np

from figures import Figure, figure, held, in_turns, show
from tamesu import Bandit
from tamesu.base import Declaration
from tamesu.policy.features import encoder_of

PLAIN = "plain NumPy Thompson, no propensities"
CONTEXTS = 1_000
MANY_ARMS = 10_000
SCHEMA = {
    "device": {"type": "categorical", "values": ["ios", "android", "web"]},
    "hour": {"type": "cyclic", "period": 24},
    "age": {"type": "numeric", "range": [13, 100], "missing": 35},
}


def main() -> None:
    """Prints the figures."""
    show(measure)


def measure() -> Iterator[Figure]:
    """Each figure, one after the other."""
    for size in (20, 100):
        for explorer in ("randomized_ucb", "thompson"):
            yield _decision(size, explorer)
        yield _many(size)
    yield _batch(20)
    yield _one_by_one(20)
    yield _shared(features=8, width=4)
    yield _encoded()


def _decision(size: int, explorer: str) -> Figure:
    learnt = Learnt(size, explorer)
    numbers, contexts = count(), cycle(learnt.contexts)
    prepared = learnt.bandit._memory.ready()  # noqa: SLF001 - what a server holds
    taken = in_turns(
        {
            "ours": lambda: prepared.choose(
                f"bench.1.{next(numbers):032x}", context=next(contexts)
            ),
            "plain": lambda: learnt.plain(next(contexts)),
        }
    )
    return figure(
        f"one decision, linear {size} × {size}, {explorer}, exact propensities",
        value=taken["ours"] * 1e6,
        unit="µs",
        beside=(PLAIN, taken["plain"] * 1e6),
    )


def _many(size: int) -> Figure:
    """All in: contexts checked, ids made, columns of what was decided kept."""
    learnt = Learnt(size, "randomized_ucb")
    taken = in_turns(
        {
            "ours": lambda: learnt.bandit.decide_many(learnt.contexts),
            "plain": lambda: [learnt.plain(context) for context in learnt.contexts],
        },
        turns=5,
    )
    return figure(
        f"{CONTEXTS:,} decisions at once, linear {size} × {size}, randomized_ucb, each",
        value=taken["ours"] / CONTEXTS * 1e6,
        unit="µs",
        beside=(f"{PLAIN}, one by one", taken["plain"] / CONTEXTS * 1e6),
        reach="≤ 1",
    )


def _batch(size: int, rows: int = 10_000) -> Figure:
    learnt = Learnt(size, "randomized_ucb")
    rng = np.random.default_rng(3)
    arms, rewards = rng.integers(size, size=rows), rng.normal(size=rows)
    contexts = rng.normal(size=(rows, size))

    def plain() -> object:
        with_one = np.concatenate([np.ones((rows, 1)), contexts], axis=1)
        sums = []
        for arm in range(size):
            mine = with_one[arms == arm]
            sums.append((mine.T @ mine, rewards[arms == arm] @ mine))
        return sums

    taken = in_turns(
        {"ours": lambda: learnt.bandit.learn_logged(arms, rewards, contexts), "plain": plain}
    )
    return figure(
        f"learning {rows:,} observations in one batch, linear {size} × {size}",
        value=rows / taken["ours"] / 1e6,
        unit="million/s",
        beside=("plain NumPy", rows / taken["plain"] / 1e6),
    )


def _one_by_one(size: int) -> Figure:
    """A decision, its reward learnt, and all that the next decision needs of it."""
    learnt = Learnt(size, "randomized_ucb")
    contexts = cycle(learnt.contexts)

    def ours() -> None:
        learnt.bandit.learn(learnt.bandit.decide(next(contexts)), reward=1.0)

    taken = in_turns({"ours": ours, "plain": lambda: learnt.plain_learns(next(contexts))}, turns=5)
    return figure(
        f"one decision and its reward learnt at once, linear {size} × {size}, randomized_ucb",
        value=taken["ours"] * 1e6,
        unit="µs",
        beside=(f"{PLAIN}, one factor anew", taken["plain"] * 1e6),
    )


def _shared(*, features: int, width: int) -> Figure:
    """Arms known by what they tell: one set of coefficients for all."""
    rng = np.random.default_rng(7)
    told = rng.normal(size=(MANY_ARMS, features))
    bandit = Bandit(
        arms=[{"id": i, "features": {"f": row.tolist()}} for i, row in enumerate(told)],
        context=width,
        arm_features={"f": {"type": "vector", "size": features}},
        interactions=[["x", "f"]],
        belief={"kind": "linear", "sharing": "shared"},
        seed=7,
    )
    contexts = rng.normal(size=(CONTEXTS, width))
    bandit.learn_logged(rng.integers(MANY_ARMS, size=CONTEXTS), rng.normal(size=CONTEXTS), contexts)
    turns = cycle(contexts)
    taken = in_turns({"ours": lambda: bandit.decide(next(turns))}, turns=5)["ours"] * 1e3
    reach = "≤ 5 ms"
    return Figure(
        name=f"one decision among {MANY_ARMS:,} arms, shared linear, {features} features crossed "
        f"with {width} of the context",
        value=taken,
        unit="ms",
        reach=reach,
        held=held(taken, reach),
    )


def _encoded() -> Figure:
    """A context by name, checked and made columns."""
    encoder = encoder_of(Declaration.parse({"name": "x", "arms": ["a"], "context": SCHEMA}))
    values = {"device": "ios", "hour": 9, "age": 40}
    taken = in_turns({"ours": lambda: encoder.context(values)})["ours"] * 1e6
    reach = "≤ 3 µs"
    return Figure(
        name="a context of three features into columns",
        value=taken,
        unit="µs",
        reach=reach,
        held=held(taken, reach),
    )


class Learnt:
    """A linear bandit of as many arms as features that learnt 200 observations an arm, and NumPy's own."""

    def __init__(self, size: int, explorer: str) -> None:
        rng = np.random.default_rng(size)
        rows = 200 * size
        arms, contexts = rng.integers(size, size=rows), rng.normal(size=(rows, size))
        theta = rng.normal(size=(size, size)) / np.sqrt(size)
        rewards = (theta[arms] * contexts).sum(axis=1) + 0.5 * rng.normal(size=rows)
        fields: dict[str, Any] = {"context": size, "belief": "linear", "explorer": explorer}
        self.bandit = Bandit(arms=range(size), seed=7, **fields)
        self.bandit.learn_logged(arms, rewards, contexts)
        self.contexts = rng.normal(size=(CONTEXTS, size))
        self._rng = rng
        self._precision = np.stack([np.eye(size)] * size)
        self._moment = np.zeros((size, size))
        for arm in range(size):
            mine = contexts[arms == arm]
            self._precision[arm] += mine.T @ mine
            self._moment[arm] = rewards[arms == arm] @ mine
        # theta = mean + root z with root rootT = A^-1, so a score needs x . mean and |rootT x|.
        inverse = np.linalg.inv(self._precision)
        self._mean = np.einsum("aij,aj->ai", inverse, self._moment)
        self._root = np.linalg.cholesky(inverse).transpose(0, 2, 1).reshape(size * size, size)

    def plain(self, context: Any) -> int:
        """One decision in plain NumPy."""
        size = len(self._mean)
        half = (self._root @ context).reshape(size, size)
        deviation = 0.5 * np.sqrt((half * half).sum(axis=1))
        return int((self._mean @ context + deviation * self._rng.standard_normal(size)).argmax())

    def plain_learns(self, context: Any) -> None:
        """The same, and what came of it."""
        arm, size = self.plain(context), len(self._mean)
        self._precision[arm] += np.outer(context, context)
        self._moment[arm] += context
        inverse = np.linalg.inv(self._precision[arm])
        self._mean[arm] = inverse @ self._moment[arm]
        self._root[arm * size : (arm + 1) * size] = np.linalg.cholesky(inverse).T


if __name__ == "__main__":
    main()
