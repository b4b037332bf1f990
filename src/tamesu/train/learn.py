"""`learn`: observations into a state, by way of evidence.

Refuses to number states, and to know what time it is.
"""

from __future__ import annotations

import numpy as np

from tamesu.base import Observations, Outcome
from tamesu.policy import Batch, Policy, State


def learn(policy: Policy, state: State, observations: Observations) -> tuple[State, int]:
    """`state` with what `observations` (n rows) say, and how many of them said something.

    Only rows with outcome observed that no fallback answered carry evidence. Their arms need not be
    declared any more: a retired arm keeps learning what it had under way.

    Laws: with no such row the state is the same object. For a belief whose evidence adds up
    exactly, learning rows in one call or in many gives equal states.
    """
    evident = (observations.outcome == Outcome.OBSERVED) & ~observations.fallback
    learnt = int(np.count_nonzero(evident))
    if not learnt:
        return state, 0
    return policy.absorb(state, policy.evidence(state, _batch(observations.take(evident)))), learnt


def _batch(observations: Observations) -> Batch:
    return Batch(
        arm=observations.arm,
        reward=observations.reward,
        position=observations.position,
        propensity=observations.propensity,
        decided=observations.decided,
        decision_id=observations.decision_id,
    )
