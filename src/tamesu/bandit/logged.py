"""Rows that another system logged, as a batch to learn from.

Refuses rows that this bandit cannot place: of an arm, a position or an age that it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tamesu.bandit.contexts import contexts_of
from tamesu.bandit.memory import Memory
from tamesu.bandit.naming import ArmId, keyed
from tamesu.bandit.objectives import Columns, given
from tamesu.bandit.rewards import in_shape, without_unseen
from tamesu.base import InvalidInput, NotFound, ShapeMismatch
from tamesu.base.grid import to_grid_many
from tamesu.policy import Batch
from tamesu.policy.table import Numbered

MOST_AGE = 10**12
"""Decisions ago: older ones weigh nothing at any half-life."""


def logged(  # noqa: PLR0913 - the columns of a log
    memory: Memory,
    labels: Mapping[str, ArmId],
    arms: Sequence[ArmId] | NDArray[Any],
    rewards: Columns,
    *,
    contexts: ArrayLike | Sequence[Mapping[str, Any]] | None,
    propensities: ArrayLike | None,
    positions: ArrayLike | None,
    ages: ArrayLike | None,
) -> Batch:
    """The batch of n logged rows; each column as `Bandit.learn_logged` takes it.

    Raises:
        ShapeMismatch: columns of different lengths.
        InvalidInput: a value that cannot be.
        NotFound: an unknown arm.
    """
    whole = isinstance(arms, np.ndarray) and arms.dtype == np.int64
    played = np.array(arms, dtype=np.int64 if whole else object)
    if played.ndim != 1:
        raise ShapeMismatch(f"arms must be (n,), got {played.shape}")
    keys, shape = keyed(played), played.shape
    values, vectors = given(rewards, shape, memory.policy.aims)
    without_unseen(values, "logged decisions")
    if propensities is None:
        chances = np.ones(shape)
    else:
        chances = in_shape(propensities, shape, "propensities")
    if not np.all((chances > 0) & (chances <= 1)):
        raise InvalidInput("propensities must lie in (0, 1]")
    _refuse_unknown(memory, labels, keys)
    if positions is None and memory.policy.beliefs > 1:
        raise InvalidInput(
            "logged decisions must say their positions, each of which has a belief of its own",
            hint="for example  learn_logged(arms, rewards, positions=[0, 1, 2])",
        )
    places = np.zeros(shape) if positions is None else in_shape(positions, shape, "positions")
    if not np.all((places >= 0) & (places < memory.policy.size) & (places == np.rint(places))):
        raise InvalidInput(
            f"positions must be whole numbers from 0 to {memory.policy.size - 1}, as decisions have"
        )
    old = np.zeros(shape) if ages is None else in_shape(ages, shape, "ages")
    if not np.all((old >= 0) & (old <= MOST_AGE)):
        raise InvalidInput(f"ages must lie between 0 and {MOST_AGE:,} decisions")
    context, features = _columns(memory, keys, contexts)
    return Batch(
        arm=keys.ids,
        reward=to_grid_many(values),
        position=places.astype(np.int64),
        propensity=chances,
        decided=memory.decided_before(old),
        context=context,
        features=features,
        rewards=vectors,
        known=keys,
    )


def _refuse_unknown(memory: Memory, labels: Mapping[str, ArmId], keys: Numbered) -> None:
    combiner = memory.policy.combiner
    known = labels.__contains__ if combiner is None else combiner.knows
    unknown = {arm for arm in keys.arms if not known(arm)}
    if not unknown:
        return
    if combiner is None:
        raise NotFound.arms(unknown, labels)
    raise NotFound.combinations(unknown, combiner.space.named(combiner.space.first))


def _columns(
    memory: Memory,
    keys: Numbered,
    contexts: ArrayLike | Sequence[Mapping[str, Any]] | None,
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Columns of the contexts and of the arms' features, where the policy learns from them."""
    encoder = memory.policy.encoder
    given = np.empty((len(keys.codes), 0)) if contexts is None and not encoder.width else contexts
    columns = contexts_of(encoder, given, len(keys.codes))
    if not memory.policy.contextual:
        return None, None
    return columns, memory.features(keys.arms)[keys.codes]
