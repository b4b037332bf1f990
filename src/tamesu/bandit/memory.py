"""The loop in memory: a policy, its state, the arms in play and what was decided and learnt.

Speaks ids of the declaration and columns; `tamesu.bandit.face` speaks to people. Every method
changes all of it or, on an error, nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.bandit.earned import Earned
from tamesu.bandit.ids import NumberedIds, time_of
from tamesu.bandit.ledger import Ledger
from tamesu.bandit.objectives import Given
from tamesu.bandit.recent import Recent, Standing
from tamesu.base import Conflict, Declaration, InvalidInput, NotFound, Time
from tamesu.base.grid import to_grid_many
from tamesu.base.slots import options_of
from tamesu.base.times import SECOND_US
from tamesu.policy import ArmSummary, Batch, Choices, Prepared, compose
from tamesu.policy.examination import until_click


class Memory:
    """What a bandit in memory remembers.

    Attributes:
        declaration: with a seed; retired arms included.
        policy: composed from it.
        state: what was learnt.
        ledger: which decisions were made and learnt.
        learnt_at: how many decisions had been made when it last learnt: what is forgotten is read then.
        earned: what was learnt, as rewards; none of a bandit out of bytes that did not keep it.
        retired: ids of arms out of play.
        active: ids of arms in play, in the order declared.
        recent: the last states that decided.
    """

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.policy = compose(declaration).check()
        self.state = self.policy.init()
        self.ledger = Ledger()
        self.learnt_at = 0
        self.earned: Earned | None = Earned(self.policy.beliefs, self.policy.together)
        self.retired: frozenset[str] = frozenset()
        self.active = declaration.arm_ids
        self.recent = Recent()
        self._ids = NumberedIds(declaration.name, declaration.seed or 0)
        self._prepared: Prepared | None = None

    def restore(
        self,
        *,
        state: bytes,
        ledger: Ledger,
        retired: Iterable[str],
        learnt_at: int,
        earned: Mapping[str, Sequence[str]] | None,
    ) -> None:
        """Goes back to what was saved.

        Raises:
            Corrupt: bytes that are no state of this policy, or sums of another one.
        """
        self.state = self.policy.decode(state)
        self.ledger = ledger
        self.learnt_at = learnt_at
        apart = self.policy.beliefs, self.policy.together
        self.earned = None if earned is None else Earned.of_plain(*apart, earned)
        self._play(frozenset(retired))

    def ready(self) -> Prepared:
        """The policy at the present state and arms."""
        if self._prepared is None:
            standing = Standing(self.state, self.active, self._now())
            self._prepared = self.policy.prepare(*standing)
            self.recent.keep(standing, self.ledger.made)
        return self._prepared

    def next_ids(self, count: int) -> list[str]:
        """The ids of the next `count` decisions; `ledger.take` makes them past."""
        first = self.ledger.made
        return [self._ids.id_of(number) for number in range(first, first + count)]

    def learn(  # noqa: PLR0913, PLR0917 - the columns of what was decided
        self,
        numbers: NDArray[np.int64],
        decision_ids: Sequence[str],
        arms: NDArray[np.object_],
        propensities: NDArray[np.float64],
        came: Given,
        contexts: NDArray[np.float64] | None = None,
        features: NDArray[np.float64] | None = None,
    ) -> None:
        """Learns n decisions of k deliveries each.

        Args:
            numbers: (n,).
            decision_ids: n ids.
            arms: (n, k) ids.
            propensities: (n, k).
            came: (n, k) what they came to, NaN where nobody saw the delivery; of a cascade those below the
                first click count as such.
            contexts: (n, d) columns, of a policy that asks for them.
            features: (n, k, a) columns, likewise.

        Raises:
            InvalidInput: a foreign decision, or a reward that the belief cannot learn from.
            Conflict: a decision that was learnt already.
        """
        for number, decision_id in zip(numbers.tolist(), decision_ids, strict=True):
            self.refuse_foreign(number, decision_id)
        self.ledger.refuse_learnt(numbers)
        rewards, vectors = came
        if self.declaration.reward.until_click:
            rewards = until_click(rewards, self.declaration.reward.default)
        seen = ~np.isnan(rewards)
        row, position = np.nonzero(seen)
        self.absorb(
            Batch(
                arm=arms[seen],
                reward=to_grid_many(rewards[seen]),
                position=position,
                propensity=propensities[seen],
                decided=numbers[row] * SECOND_US,
                decision_id=np.array(decision_ids, dtype=object)[row],
                context=None if contexts is None else contexts[row],
                features=None if features is None else features[seen],
                rewards=None if vectors is None else vectors[seen],
            )
        )
        self.ledger.mark(numbers)

    def told(
        self, context: NDArray[np.float64], arms: Sequence[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What a decision keeps to be learnt: `context`, and (k, a) columns of k delivered arms."""
        return context, self.features(arms)

    def told_many(
        self, contexts: NDArray[np.float64] | None, choices: Choices
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The same of n decisions: (n, d), and (n, k, a) for what they chose."""
        columns = np.empty((len(choices.rows), 0)) if contexts is None else contexts
        names = self.active if choices.names is None else choices.names
        chosen, places = np.unique(choices.rows, return_inverse=True)
        features = self.features([names[row] for row in chosen.tolist()])
        return columns, features[places.reshape(choices.rows.shape)]

    def features(self, arms: Sequence[str]) -> NDArray[np.float64]:
        """(n, a) columns of what n arms told of themselves."""
        if not self.policy.encoder.arm_width:
            return np.empty((len(arms), 0))
        if self.policy.combiner is not None:
            return self.policy.encoder.arms([options_of(arm) for arm in arms])
        told = self.policy.declared
        return self.policy.encoder.arms([told[arm] for arm in arms])

    def refuse_foreign(self, number: int, decision_id: str) -> None:
        """Raises `InvalidInput` where this bandit made no decision of that number and id."""
        if number >= self.ledger.made or self._ids.id_of(number) != decision_id:
            raise InvalidInput(f"decision {decision_id} was not made by this bandit")

    def absorb(self, batch: Batch) -> None:
        """Learns a batch.

        Raises:
            InvalidInput: a reward that the belief cannot learn from.
        """
        if len(batch):
            self.state = self.policy.absorb(self.state, self.policy.evidence(self.state, batch))
            if self.earned is not None:
                self.earned.add(batch, self.policy.delivered)
            self.learnt_at = self.ledger.made
            self._prepared = None

    def decided_before(self, ages: NDArray[np.float64]) -> NDArray[np.int64]:
        """(n,) times of decisions made `ages` (n,) decisions ago."""
        return time_of(self.ledger.made) - np.rint(ages * SECOND_US).astype(np.int64)

    def summary(self) -> list[ArmSummary]:
        """What is believed of each active arm."""
        return self.policy.summary(self.state, self.active, self._now())

    def out_of_play(self) -> list[ArmSummary]:
        """What is believed of each retired arm, in the order declared; none of them is chosen."""
        retired = [arm for arm in self.declaration.arm_ids if arm in self.retired]
        shares = np.zeros(len(retired))
        return self.policy.summary(self.state, retired, self._now(), shares=shares)

    def add(self, arm: str, features: Mapping[str, Any] | None = None) -> None:
        """Puts an arm into play, new or retired.

        Args:
            arm: its id.
            features: what a new one tells of itself.

        Raises:
            Conflict: it is in play already.
            InvalidInput: a new one, of a bandit whose arms are options of slots.
        """
        if arm in self.active:
            raise Conflict(f"arm {arm!r} is active already")
        if arm not in self.declaration.arm_ids:
            if self.policy.combiner is not None:
                raise InvalidInput(
                    f"arm {arm!r} must be an option of a slot, the declaration has none of that name",
                    hint="options are declared, under slots",
                )
            plain = self.declaration.plain()
            one = {"id": arm, **({"features": dict(features)} if features else {})}
            declaration = Declaration.parse({**plain, "arms": [*plain["arms"], one]})
            self.policy, self.declaration = compose(declaration), declaration
        self._play(self.retired - {arm})

    def retire(self, arm: str) -> None:
        """Takes an arm out of play; its state is kept.

        Raises:
            NotFound: it is not in play.
            Conflict: it is the last one, or no combination would be left.
        """
        if arm not in self.active:
            raise NotFound.arms([arm], self.active)
        if len(self.active) == 1:
            raise Conflict(f"a bandit must keep one active arm, and {arm!r} is the last")
        if self.policy.combiner is not None:
            left = [one for one in self.active if one != arm]
            self.policy.combiner.refuse(left, self.declaration.name)
        self._play(self.retired | {arm})

    def _play(self, retired: frozenset[str]) -> None:
        self.retired = retired
        self.active = tuple([arm for arm in self.declaration.arm_ids if arm not in retired])
        self._prepared = None

    def _now(self) -> Time:
        return time_of(self.learnt_at)
