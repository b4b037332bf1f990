"""A policy played against a world with contexts: each decision is told its own, drawn from the schema.

As in `play`, everything is learnt at once. Refuses randomness: uniforms are an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidInput
from tamesu.policy import Choices, Prepared
from tamesu.sim.contexts import contexts_at, uniforms_of
from tamesu.sim.play import Player, Step
from tamesu.sim.regret import Evaluability, evaluability
from tamesu.sim.world import ContextualWorld

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
) -> Iterator[Step]:
    """The steps of one run, as `play` gives them.

    Regret is held against the best arms of each decision's own context. A policy that does not look
    at contexts is played too: what it loses is what they are worth.

    Args:
        declaration: with a seed and a context; its arms are the world's rows, the columns of its
            context the world's d numbers.
        world: what it plays against.
        rounds: how many decisions to make.
        every: learn after so many.
        uniforms: (m, k) numbers in [0, 1): for the contexts of the next m rounds, then for their
            rewards.
        pace_us: between two decisions.

    Raises:
        InvalidDeclaration: a declaration that cannot be.
        InvalidInput: rewards that its belief cannot learn from, or a cascade.
    """
    if declaration.layout.kind == "cascade":
        raise InvalidInput(
            "where contexts matter each delivery earns its own reward; a cascade learns to the first click",
            hint="leave the context out, for  --world cascade",
        )
    player, schema = Player(declaration, pace_us), declaration.context
    numbers = uniforms_of(schema)
    for first in range(0, rounds, every):
        count = min(every, rounds - first)
        contexts = player.encoder.contexts(contexts_at(schema, uniforms(count, numbers)))
        prepared, choices = player.choose(first, count, contexts)
        rewards = world.rewards(contexts, choices.rows, uniforms(count, player.size))
        yield _step(first, world.expected(contexts), prepared, choices, rewards, contexts)
        batch = player.batch(first, choices, rewards, contexts)
        player.learn(player.examined(batch, rewards))


def _step(  # noqa: PLR0913, PLR0917 - the columns of one step
    first: int,
    expected: NDArray[np.float64],
    prepared: Prepared,
    choices: Choices,
    rewards: NDArray[np.float64],
    contexts: NDArray[np.float64],
) -> Step:
    """What `choices` come to where arms are expected to earn `expected` (m, n)."""
    size = rewards.shape[1]
    best = np.sort(expected, axis=1)[:, -size:].sum(axis=1)
    gaps = expected.max(axis=1, keepdims=True) - expected
    return Step(
        first=first,
        lost=best - np.take_along_axis(expected, choices.rows, axis=1).sum(axis=1),
        earned=rewards.sum(axis=1),
        evaluability=_together(
            [
                evaluability(gap, prepared.propensities(context=context))
                for gap, context in zip(gaps[:LOOKS], contexts[:LOOKS], strict=True)
            ]
        ),
        best=best,
        truth=np.repeat(expected.mean(axis=0)[:, None], size, axis=1),
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
