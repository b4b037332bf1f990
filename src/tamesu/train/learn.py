"""`learn`: observations into a state, by way of evidence.

Refuses to number states, and to know what time it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, Observations, Outcome
from tamesu.base.aims import vector_of
from tamesu.base.grid import LARGEST
from tamesu.base.observations import NO_REWARD
from tamesu.policy import Batch, Policy, State


def learn(policy: Policy, state: State, observations: Observations) -> tuple[State, int]:
    """`state` with what `observations` (n rows) say, and how many more it has learnt from.

    Only rows with outcome observed that no fallback answered carry evidence. A correction takes back
    what its previous reward taught and teaches the new one, so it may add 1, 0 or -1. Arms need not
    be declared any more: a retired arm keeps learning what it had under way.

    A row whose context or features do not fit the declaration teaches nothing: no server of this version
    records one.

    Laws: with no such row the state is the same object. For a belief whose evidence adds up exactly,
    learning rows in one call or in many, in any order, gives equal states; and a delivery's rows up
    to correction k teach what k alone would have taught as the first.
    """
    teaching = teaches(observations)
    new = np.flatnonzero(teaching & _adds(observations))
    old = np.flatnonzero(teaching & _takes_back(observations))
    if not len(new) + len(old):
        return state, 0
    try:
        batch = _batch(policy, observations, old, new)
    except InvalidInput:
        fitting = fits(policy, observations)
        if fitting.all():
            raise
        return learn(policy, state, observations.take(fitting))
    return policy.absorb(state, policy.evidence(state, batch)), len(new) - len(old)


def fits(policy: Policy, observations: Observations) -> NDArray[np.bool_]:
    """(n,) whether the context and the features of each row are what the declaration asks for."""
    rows = range(len(observations))
    return np.array([_fits(policy, observations, slice(row, row + 1)) for row in rows], np.bool_)


def _fits(policy: Policy, observations: Observations, row: slice) -> bool:
    try:
        policy.columns(observations.context[row], observations.features[row])
    except InvalidInput:
        return False
    return True


def due(observations: Observations) -> int:
    """How many more have been learnt after `learn` of `observations`, where all of them fit."""
    more = np.count_nonzero(_adds(observations))
    return int(more - np.count_nonzero(_takes_back(observations)))


def saturated(observations: Observations) -> int:
    """How many more deliveries have a reward that is too large for the grid, and stands as the largest."""
    before, now = observations.previous_reward, observations.reward
    largest = int(LARGEST)
    more = np.count_nonzero(_adds(observations) & ((now >= largest) | (now <= -largest)))
    back = (before != NO_REWARD) & ((before >= largest) | (before <= -largest))
    return int(more - np.count_nonzero(_takes_back(observations) & back))


def teaches(observations: Observations) -> NDArray[np.bool_]:
    """(n,) whether each row changes what its bandit knows.

    A correction that changes only a term, and no reward, does not, but where objectives are told apart.
    """
    new, old = _adds(observations), _takes_back(observations)
    same = new & old & (observations.reward == observations.previous_reward)
    for name, before in observations.previous_terms.items():
        same &= observations.terms[name] == before
    mask: NDArray[np.bool_] = (new | old) & ~same
    return mask


def _adds(observations: Observations) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = (observations.outcome == Outcome.OBSERVED) & ~observations.fallback
    return mask


def _takes_back(observations: Observations) -> NDArray[np.bool_]:
    corrects = (observations.correction > 0) & (observations.previous_reward != NO_REWARD)
    mask: NDArray[np.bool_] = corrects & ~observations.fallback
    return mask


def _batch(
    policy: Policy,
    observations: Observations,
    old: NDArray[np.intp],
    new: NDArray[np.intp],
) -> Batch:
    """What is taken back of the rows `old`, and what the rows `new` teach."""
    if len(old):
        rows = np.concatenate([old, new])
        reward = np.concatenate([observations.previous_reward[old], observations.reward[new]])
        sign = np.repeat(np.array([-1, 1], dtype=np.int64), [len(old), len(new)])
    else:
        rows, reward, sign = new, observations.reward[new], None
    columns = policy.columns(observations.context[rows], observations.features[rows])
    return Batch(
        arm=observations.arm[rows],
        reward=reward,
        position=observations.position[rows],
        propensity=observations.propensity[rows],
        decided=observations.decided[rows],
        decision_id=observations.decision_id[rows],
        sign=sign,
        rewards=_rewards(policy, observations, old, new),
        context=columns.get("context"),
        features=columns.get("features"),
    )


def _rewards(
    policy: Policy, observations: Observations, old: NDArray[np.intp], new: NDArray[np.intp]
) -> NDArray[np.int64] | None:
    """What the rows `old` came to by each objective before, and the rows `new` now."""
    aims = policy.aims
    if aims is None or not aims.are_apart:
        return None
    before = {name: column[old] for name, column in observations.previous_terms.items()}
    now = {name: column[new] for name, column in observations.terms.items()}
    return np.concatenate([vector_of(aims, before, len(old)), vector_of(aims, now, len(new))])
