"""`WarmUp`: what a new policy would know, had it learnt from the beginning.

Takes archived observations in any order and any pieces. Refuses to say which there are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, Observations, Outcome
from tamesu.base.observations import NO_REWARD
from tamesu.policy import Batch, Policy
from tamesu.train.learn import learn, teaches

_MOST_JUDGED = 100_000
"""Rewards of which it is remembered whether the belief can learn them."""


class WarmUp:
    """A state in the making.

    A reward that the belief cannot learn is neither learnt nor taken back later: of a correction
    from such a reward to one that can be learnt, the second is. Nor is one of a position for which
    the policy has no belief.

    Law: the same for any order and any cut of the rows, for a belief whose evidence adds up exactly.

    Attributes:
        state: what the policy knows so far.
        observations: how many are in it.
        left_out: rewards that no belief of it can learn, so far.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._judged: dict[int, bool] = {}
        self.state = policy.init()
        self.observations = 0
        self.left_out = 0

    def take(self, observations: Observations) -> None:
        """Learns `observations`, or what of them can be learnt."""
        rows = self._placed(observations.take(teaches(observations)))
        try:
            self.state, more = learn(self._policy, self.state, rows)
        except InvalidInput:
            self.state, more = learn(self._policy, self.state, self._sifted(rows))
        self.observations += more

    def _placed(self, rows: Observations) -> Observations:
        """`rows` without positions for which there is no belief."""
        if self._policy.beliefs == 1:
            return rows
        outside = rows.position >= self._policy.beliefs
        self.left_out += int(np.count_nonzero(outside & (rows.outcome == Outcome.OBSERVED)))
        return rows.take(~outside)

    def _sifted(self, rows: Observations) -> Observations:
        """`rows` without rewards that cannot be learnt."""
        if len(self._judged) > _MOST_JUDGED:
            self._judged.clear()
        observed = rows.outcome == Outcome.OBSERVED
        unlearnt = observed & ~self._can_learn(rows, rows.reward)
        corrects = rows.previous_reward != NO_REWARD
        untaught = corrects & ~self._can_learn(rows, rows.previous_reward)
        self.left_out += int(np.count_nonzero(unlearnt))
        return replace(
            rows,
            outcome=np.where(unlearnt, np.int64(Outcome.UNEXAMINED), rows.outcome),
            previous_reward=np.where(untaught, np.int64(NO_REWARD), rows.previous_reward),
        )

    def _can_learn(self, rows: Observations, rewards: NDArray[np.int64]) -> NDArray[np.bool_]:
        values, first, which = np.unique(rewards, return_index=True, return_inverse=True)
        able = [
            self._judge(rows, value, row)
            for value, row in zip(values.tolist(), first.tolist(), strict=True)
        ]
        return np.array(able, dtype=np.bool_)[which]

    def _judge(self, rows: Observations, reward: int, row: int) -> bool:
        if reward not in self._judged:
            one = slice(row, row + 1)
            batch = Batch(
                arm=rows.arm[one],
                reward=np.array([reward], dtype=np.int64),
                position=rows.position[one],
                propensity=rows.propensity[one],
                decided=rows.decided[one],
                decision_id=rows.decision_id[one],
            )
            try:
                self._policy.evidence(self.state, batch)
            except InvalidInput:
                self._judged[reward] = False
            else:
                self._judged[reward] = True
        return self._judged[reward]
