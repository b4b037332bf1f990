"""`learn`: observations into a state, by way of evidence.

Refuses to number states, and to know what time it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Observations, Outcome
from tamesu.base.observations import NO_REWARD
from tamesu.policy import Batch, Policy, State


def learn(policy: Policy, state: State, observations: Observations) -> tuple[State, int]:
    """`state` with what `observations` (n rows) say, and how many more it has learnt from.

    Only rows with outcome observed that no fallback answered carry evidence. A correction takes back
    what its previous reward taught and teaches the new one, so it may add 1, 0 or -1. Arms need not
    be declared any more: a retired arm keeps learning what it had under way.

    Laws: with no such row the state is the same object. For a belief whose evidence adds up exactly,
    learning rows in one call or in many, in any order, gives equal states; and a delivery's rows up
    to correction k teach what k alone would have taught as the first.
    """
    teaching = observations.take(teaches(observations))
    if not len(teaching):
        return state, 0
    new, old = _adds(teaching), _takes_back(teaching)
    batch = Batch(
        arm=_both(teaching.arm, old, new),
        reward=np.concatenate([teaching.previous_reward[old], teaching.reward[new]]),
        position=_both(teaching.position, old, new),
        propensity=_both(teaching.propensity, old, new),
        decided=_both(teaching.decided, old, new),
        decision_id=_both(teaching.decision_id, old, new),
        sign=np.repeat(np.array([-1, 1], dtype=np.int64), [old.sum(), new.sum()]),
    )
    more = int(new.sum()) - int(old.sum())
    return policy.absorb(state, policy.evidence(state, batch)), more


def teaches(observations: Observations) -> NDArray[np.bool_]:
    """(n,) whether each row changes what its bandit knows.

    A correction that changes only a term, and no reward, does not.
    """
    new, old = _adds(observations), _takes_back(observations)
    same = new & old & (observations.reward == observations.previous_reward)
    mask: NDArray[np.bool_] = (new | old) & ~same
    return mask


def _adds(observations: Observations) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = (observations.outcome == Outcome.OBSERVED) & ~observations.fallback
    return mask


def _takes_back(observations: Observations) -> NDArray[np.bool_]:
    corrects = (observations.correction > 0) & (observations.previous_reward != NO_REWARD)
    mask: NDArray[np.bool_] = corrects & ~observations.fallback
    return mask


def _both(column: NDArray[Any], old: NDArray[np.bool_], new: NDArray[np.bool_]) -> NDArray[Any]:
    return np.concatenate([column[old], column[new]])
