"""`WarmUp`: what a new policy would know, had it learnt from the beginning.

Takes archived observations in any order and any pieces. Refuses to say which there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, Observations, Outcome, Reward
from tamesu.base.feature import Schema
from tamesu.base.observations import NO_REWARD
from tamesu.policy import Batch, Policy
from tamesu.train.learn import fits, learn, teaches
from tamesu.train.restating import restated

_MOST_JUDGED = 100_000
"""Rewards of which it is remembered whether the belief can learn them."""


class WarmUp:
    """A state in the making.

    A reward that the belief cannot learn is neither learnt nor taken back later: of a correction
    from such a reward to one that can be learnt, the second is. Nor is one of a position for which
    the policy has no belief; nor one whose context, or what its arm told of itself, lacks what the policy
    asks for. What of them it does not ask for is left aside, and where nothing is recorded of an arm, what
    the declaration says of it stands for that. Where there are objectives, rows are `restated` first;
    where the reward stands for a later value, rows that were rewarded otherwise are left out.

    A belief in features lets go of an arm of which nothing is left. Before their first observations corrections
    look like that, and what they differ by would be gone: they are held until all rows were taken, and `settle`
    learns them.

    Law: the same for any order and any cut of the rows, for a belief whose evidence adds up exactly; of one in
    features to rounding, once all is settled.

    Args:
        policy: that is to know.
        clauses: the reward of an older declaration, by its number; none where it is not known.

    Attributes:
        state: what the policy knows so far.
        observations: how many are in it.
        left_out: observations that no belief of it can learn, so far.
    """

    def __init__(self, policy: Policy, clauses: Callable[[int], Reward | None]) -> None:
        self._policy, self._clauses = policy, clauses
        self._judged: dict[int, bool] = {}
        self._declared = {arm.id: arm.features for arm in policy.declaration.arms}
        self._held: list[Observations] = []
        self._in_order = False
        self.state = policy.init()
        self.observations = 0
        self.left_out = 0

    def take(self, observations: Observations) -> None:
        """Learns `observations`, or what of them can be learnt, or holds it."""
        rows = self._restated(observations.take(teaches(observations)))
        rows = self._fitting(self._placed(rows))
        if self._policy.contextual:
            corrects = rows.correction > 0
            if corrects.any():
                self._held.append(rows.take(corrects))
                self._in_order = False
                rows = rows.take(~corrects)
        self._learn(rows)

    def settle(self, most: int) -> bool:
        """Learns `most` of what is held, those of a delivery in their order; whether more is held."""
        if not self._held:
            return False
        held = Observations.concatenate(self._held)
        if not self._in_order:
            held, self._in_order = held.take(np.argsort(held.correction, kind="stable")), True
        self._learn(held.take(slice(most)))
        self._held = [held.take(slice(most, None))] if len(held) > most else []
        return bool(self._held)

    def _learn(self, rows: Observations) -> None:
        try:
            self.state, more = learn(self._policy, self.state, rows)
        except InvalidInput:
            self.state, more = learn(self._policy, self.state, self._sifted(rows))
        self.observations += more

    def _restated(self, rows: Observations) -> Observations:
        """`rows` by the clauses of this declaration, where it asks for more than rewards as they were."""
        new = self._policy.declaration.reward
        if self._policy.declaration.surrogate is not None:
            old = self._clauses(rows.declaration)
            if old is not None and (old.events, old.default) == (new.events, new.default):
                return rows
            self.left_out += int(np.count_nonzero(rows.outcome == Outcome.OBSERVED))
            return rows.take(slice(0))
        if self._policy.aims is None:
            return rows
        known, left_out = restated(rows, self._clauses(rows.declaration), new)
        self.left_out += left_out
        return known

    def _placed(self, rows: Observations) -> Observations:
        """`rows` without positions for which there is no belief."""
        if self._policy.beliefs == 1:
            return rows
        outside = rows.position >= self._policy.beliefs
        self.left_out += int(np.count_nonzero(outside & (rows.outcome == Outcome.OBSERVED)))
        return rows.take(~outside)

    def _fitting(self, rows: Observations) -> Observations:
        """`rows` in the terms of the declaration, without those that cannot be said in them."""
        if not self._policy.contextual:
            return rows
        declaration = self._policy.declaration
        told = [
            self._declared.get(arm) if features is None else features
            for arm, features in zip(rows.arm, rows.features, strict=True)
        ]
        fitted = replace(
            rows,
            context=_within(declaration.context, rows.context),
            features=_within(declaration.arm_features, told),
        )
        fitting = fits(self._policy, fitted)
        self.left_out += int(np.count_nonzero(~fitting & (rows.outcome == Outcome.OBSERVED)))
        return fitted.take(fitting)

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
            columns = self._policy.columns(rows.context[one], rows.features[one])
            batch = Batch(
                arm=rows.arm[one],
                reward=np.array([reward], dtype=np.int64),
                position=rows.position[one],
                propensity=rows.propensity[one],
                decided=rows.decided[one],
                decision_id=rows.decision_id[one],
                sign=None,
                context=columns.get("context"),
                features=columns.get("features"),
            )
            try:
                self._policy.evidence(self.state, batch)
            except InvalidInput:
                self._judged[reward] = False
            else:
                self._judged[reward] = True
        return self._judged[reward]


def _within(schema: Schema, values: Iterable[Mapping[str, Any] | None]) -> NDArray[np.object_]:
    """(n,) of each of `values` what `schema` asks for."""
    kept: list[dict[str, Any]] = []
    for one in values:
        given: Mapping[str, Any] = one or {}
        kept.append({name: given[name] for name in schema if name in given})
    found = np.empty(len(kept), dtype=np.object_)
    found[:] = kept
    return found
