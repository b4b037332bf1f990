"""A policy played against a world: decide, draw, learn, and what it lost on the way.

Every so many rounds the policy learns all that came of them, at once: no delays, nothing lost, no
window. So this is the policy's own regret; what waiting costs comes on top (`play_delayed`). Refuses
randomness: uniforms are an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, Time
from tamesu.base.grid import to_grid_many
from tamesu.base.times import MILLISECOND_US
from tamesu.policy import Batch, Choices, Prepared, compose
from tamesu.policy.combination import Combining
from tamesu.policy.examination import until_click
from tamesu.sim.listed import listed
from tamesu.sim.regret import Evaluability, evaluability
from tamesu.sim.world import World
from tamesu.sim.worlds.cascade import CascadeWorld


class Step(NamedTuple):
    """What happened between two learnings: m rounds of k deliveries.

    Attributes:
        first: round of the first decision, from 0.
        lost: (m,) what each decision is expected to earn less than the best one at that moment.
        earned: (m,) what each earned.
        evaluability: of the distribution that made them, at position 0.
        best: (m,) what the best decision of each is expected to earn.
        truth: (n, k) what each arm was expected to earn at each position, in the mean of these rounds;
            none where that depends on the arms above, as in a cascade: nothing changes there.
        uniform: what a uniform decision is expected to earn.
    """

    first: int
    lost: NDArray[np.float64]
    earned: NDArray[np.float64]
    evaluability: Evaluability
    best: NDArray[np.float64]
    truth: NDArray[np.float64] | None
    uniform: float


def play(  # noqa: PLR0913 - everything that a run is a function of
    declaration: Declaration,
    world: World,
    *,
    rounds: int,
    every: int,
    uniforms: Callable[[int, int], NDArray[np.float64]],
    pace_us: int = MILLISECOND_US,
) -> Iterator[Step]:
    """The steps of one run, one after another: `every` rounds each, the last one perhaps fewer.

    The bandit's own draws come from its seed; two runs of the same declaration, world and uniforms
    are equal. A world that changes holds still within a step.

    Args:
        declaration: with a seed; its arms are the world's rows.
        world: what it plays against.
        rounds: how many decisions to make.
        every: learn after so many.
        uniforms: (m, k) numbers in [0, 1), for the rewards of the next m rounds.
        pace_us: between two decisions; matters to a policy that forgets.

    Raises:
        InvalidDeclaration: a declaration that cannot be.
        InvalidInput: rewards that its belief cannot learn from.
    """
    player = Player(declaration, pace_us)
    for first in range(0, rounds, every):
        count = min(every, rounds - first)
        prepared, choices = player.choose(first, count)
        now = world.at(first / rounds).facing(prepared.propensities())
        rewards = now.rewards(choices.rows, uniforms(count, player.size))
        yield step(first, now, prepared, choices, rewards)
        player.learn(player.examined(player.batch(first, choices, rewards), rewards))


class Player:
    """One bandit that decides and learns, by round.

    Attributes:
        size: deliveries of a decision.
        count: arms, or combinations.
        encoder: of contexts, as its policy has it.
    """

    def __init__(self, declaration: Declaration, pace_us: int) -> None:
        self._policy = compose(declaration)
        self.encoder = self._policy.encoder
        self._features = listed(declaration)
        self._row = {name: row for row, name in enumerate(self._features)}
        self._name, self._reward = declaration.name, declaration.reward
        self._arms = declaration.arm_ids
        self._ids = np.array([*self._features], dtype=object)
        told = [*self._features.values()]
        self._told = np.array(told, dtype=object) if declaration.slots else self.encoder.arms(told)
        self.count = len(self._ids)
        self._pace_us = pace_us
        self._state = self._policy.init()
        self.size = min(self._policy.size, len(self._arms))

    def choose(
        self, first: int, count: int, contexts: NDArray[np.float64] | None = None
    ) -> tuple[Prepared, Choices]:
        """What decides now, and the decisions of `count` rounds from `first` on, in `contexts` (count, d).

        Their rows are those of the world.
        """
        prepared = self._policy.prepare(self._state, self._arms, Time(first * self._pace_us))
        choices = prepared.choose_many(self._ids_of(first, count), contexts=contexts)
        if choices.names is None:
            return prepared, choices
        rows = np.array([self._row[name] for name in choices.names], dtype=np.intp)
        return prepared, choices._replace(rows=rows[choices.rows], names=tuple(self._features))

    def shares(
        self, prepared: Prepared, number: int, context: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(n,) the distribution in `context` (d,); with combinations, that of decision `number`."""
        combiner = self._policy.combiner
        if combiner is None or not isinstance(prepared, Combining):
            return prepared.propensities(context=context)
        (decision,) = self._ids_of(number, 1)
        every_option = (1 << len(self._arms)) - 1
        found = prepared.found(decision, every_option, context)
        shares = np.full(len(self._ids), found.even)
        for rows, share in found.shares.items():
            shares[self._row[combiner.space.named(rows)]] += share
        return shares

    def _ids_of(self, first: int, count: int) -> list[str]:
        return [f"{self._name}.{number}" for number in range(first, first + count)]

    def batch(
        self,
        first: int,
        choices: Choices,
        rewards: NDArray[np.float64],
        contexts: NDArray[np.float64] | None = None,
    ) -> Batch:
        """What the rounds from `first` on teach: `rewards` (m, k) of `choices` in `contexts` (m, d)."""
        count, size = rewards.shape
        decided = np.arange(first, first + count, dtype=np.int64) * self._pace_us
        batch = Batch(
            arm=self._ids[choices.rows].ravel(),
            reward=to_grid_many(rewards.ravel()),
            position=np.tile(np.arange(size, dtype=np.int64), count),
            propensity=choices.propensities.ravel(),
            decided=np.repeat(decided, size),
            decision_id=np.repeat(np.array(self._ids_of(first, count), dtype=object), size),
        )
        if not self._policy.contextual:
            return batch
        seen = np.empty((count, 0)) if contexts is None else contexts
        told = self._told[choices.rows.ravel()]
        return replace(
            batch,
            context=np.repeat(seen, size, axis=0),
            features=told if told.dtype != object else self.encoder.arms(told.tolist()),
        )

    def examined(self, batch: Batch, rewards: NDArray[np.float64]) -> Batch:
        """Those rows of the `batch` of `rewards` (m, k) that were looked at: of a cascade to its first click."""
        if not self._reward.until_click:
            return batch
        return batch.take(~np.isnan(until_click(rewards, self._reward.default)).ravel())

    def learn(self, batch: Batch) -> None:
        """What the next decisions know, too."""
        evidence = self._policy.evidence(self._state, batch)
        self._state = self._policy.absorb(self._state, evidence)


def step(
    first: int,
    now: World,
    prepared: Prepared,
    choices: Choices,
    rewards: NDArray[np.float64],
) -> Step:
    """What `choices` come to in the world as it is `now`, of which `rewards` (m, k) were earned."""
    size = rewards.shape[1]
    best = np.full(len(rewards), now.best(size))
    every_arm = np.repeat(np.arange(len(prepared.arms))[:, None], size, axis=1)
    truth: NDArray[np.float64] | None = None
    if isinstance(now, CascadeWorld):
        uniform = now.uniform(size)
    else:
        truth = now.expected(every_arm)
        uniform = float(truth.mean(axis=0).sum())
    return Step(
        first=first,
        lost=best - now.expected(choices.rows).sum(axis=1),
        earned=rewards.sum(axis=1),
        evaluability=evaluability(now.gaps(), prepared.propensities()),
        best=best,
        truth=truth,
        uniform=uniform,
    )
