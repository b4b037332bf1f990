"""A policy played against a world with contexts: each decision is told its own, drawn from the schema.

As in `play`, everything is learnt at once. Refuses randomness: uniforms are an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidInput
from tamesu.policy import Batch, Choices
from tamesu.policy.features import Encoder
from tamesu.sim.contexts import contexts_at, uniforms_of
from tamesu.sim.play import Player, Step
from tamesu.sim.regret import Evaluability, evaluability
from tamesu.sim.world import ContextualWorld
from tamesu.sim.worlds.cascade import ContextualCascadeWorld

CELLS = 4_000_000
"""Expected rewards that are looked at together: more rounds between two learnings are several steps."""

LOOKS = 20
"""In so many contexts of a step, at most, its distribution is looked at."""


def play_contextual(  # noqa: PLR0913 - everything that a run is a function of
    declaration: Declaration,
    world: ContextualWorld,
    *,
    rounds: int,
    every: int,
    uniforms: Callable[[int, int], NDArray[np.float64]],
    pace_us: int,
    encoder: Encoder | None = None,
) -> Iterator[Step]:
    """The steps of one run, as `play` gives them; several between two learnings where arms are many.

    Regret is held against the best arms of each decision's own context. A policy that does not look
    at contexts is played too: what it loses is what they are worth.

    Args:
        declaration: with a seed; its arms, or its combinations as `listed` tells them, are the world's
            rows, the columns of its context the world's d numbers.
        world: what it plays against.
        rounds: how many decisions to make.
        every: learn after so many.
        uniforms: (m, k) numbers in [0, 1): for the contexts of the next m rounds, then for their
            rewards.
        pace_us: between two decisions.
        encoder: makes the world's columns of a context; none where they are the declaration's.

    Raises:
        InvalidDeclaration: a declaration that cannot be.
        InvalidInput: rewards that its belief cannot learn from, a cascade in a world that is none, or
            more combinations than a world may have.
    """
    if declaration.layout.kind == "cascade" and not isinstance(world, ContextualCascadeWorld):
        raise InvalidInput(
            "in a world with contexts each delivery earns its own reward; a cascade learns to the first click",
            hint="for example  --world cascade",
        )
    player, schema = Player(declaration, pace_us), declaration.context
    numbers = uniforms_of(schema)
    most = max(1, CELLS // player.count)
    for start in range(0, rounds, every):
        end = min(start + every, rounds)
        batches: list[Batch] = []
        for first in range(start, end, most):
            count = min(most, end - first)
            told = contexts_at(schema, uniforms(count, numbers))
            contexts = player.encoder.contexts(told)
            prepared, choices = player.choose(first, count, contexts)
            truth = contexts if encoder is None else encoder.contexts(told)
            rewards = world.rewards(truth, choices.rows, uniforms(count, player.size))
            shares = [
                player.shares(prepared, first + number, context)
                for number, context in enumerate(contexts[:LOOKS])
            ]
            yield _step(first, world, world.expected(truth), choices, rewards, shares)
            batch = player.batch(first, choices, rewards, contexts)
            batches.append(player.examined(batch, rewards))
        for batch in batches:
            player.learn(batch)


def _step(  # noqa: PLR0913, PLR0917 - the columns of one step
    first: int,
    world: ContextualWorld,
    expected: NDArray[np.float64],
    choices: Choices,
    rewards: NDArray[np.float64],
    shares: list[NDArray[np.float64]],
) -> Step:
    """What `choices` come to where arms are expected to earn `expected` (m, n).

    Args:
        first: round of the first.
        world: says what decisions come to.
        expected: of every arm alone.
        choices: what was decided.
        rewards: (m, k) what was earned.
        shares: (n,) the distribution in each of the first contexts.
    """
    size = rewards.shape[1]
    best = world.best(expected, size)
    gaps = expected[: len(shares)].max(axis=1, keepdims=True) - expected[: len(shares)]
    together = isinstance(world, ContextualCascadeWorld)
    return Step(
        first=first,
        lost=best - world.earned(expected, choices.rows),
        earned=rewards.sum(axis=1),
        evaluability=_together(
            [evaluability(gap, share) for gap, share in zip(gaps, shares, strict=True)]
        ),
        best=best,
        truth=None if together else np.repeat(expected.mean(axis=0)[:, None], size, axis=1),
        uniform=float(world.uniform(expected, size).mean()),
    )


def _together(looks: list[Evaluability]) -> Evaluability:
    """What logs of equally many decisions in each of these contexts are worth.

    The effective sample size per row of all is the harmonic mean of theirs: weights add up.
    """
    harmonic = 0.0
    if all(look.effective > 0 for look in looks):
        harmonic = len(looks) / sum(1.0 / look.effective for look in looks)
    return Evaluability(
        best=float(np.mean([look.best for look in looks])),
        never=float(np.mean([look.never for look in looks])),
        effective=harmonic,
    )
