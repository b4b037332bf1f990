"""`Bandit`: the face that people see.

Refuses to learn a decision twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tamesu.bandit import saved
from tamesu.bandit.contexts import Context, contexts_of
from tamesu.bandit.decisions import Decision, Decisions, other, refuse_other
from tamesu.bandit.explain import explained
from tamesu.bandit.logged import logged
from tamesu.bandit.memory import Memory
from tamesu.bandit.naming import (
    ArmId,
    arm_key,
    arm_label,
    features_of,
    keyed,
    keys_of,
    labels_of,
    named,
)
from tamesu.bandit.objectives import Columns, Reward, given
from tamesu.bandit.report import Report, reported
from tamesu.bandit.rewards import without_unseen
from tamesu.bandit.spelling import read_config, seeded, spelt_out
from tamesu.base import Declaration, InvalidInput
from tamesu.policy import ArmSummary, Explanation


class Bandit:
    """A bandit in memory: `decide`, then `learn` what came of it.

    Same arguments, same seed, same calls: same decisions, same ids, bit for bit. The distribution
    is exact, and is computed again when something was learnt since; where decisions are many,
    `decide_many` and `learn_many` cost least. Not for several threads at once.

    Example:
        >>> bandit = Bandit(arms=["a", "b", "c"], seed=7)
        >>> d = bandit.decide()
        >>> bandit.learn(d, reward=1.0)

    Args:
        arms: ids, texts or whole numbers; given back as they were given.
        layout: `single`, `slate`, `per_position` or a mapping with `kind`.
        size: arms per decision, of layouts with several.
        belief: `beta`, `gaussian` (with `reward={"range": [0, 50]}`), or a mapping such as
            `{"kind": "beta", "prior": [1, 99]}`.
        explorer: `thompson`, `epsilon_greedy`, `uniform`, or a mapping.
        explore: share of the probability that is spread evenly, [0, 1).
        newcomer: the cap on arms that are hardly known, such as `{"share": 0.2, "until": 20}`.
        forgetting: such as `{"half_life": "1000s"}`. There is no clock in memory: decisions are a
            second apart, so this is a thousand decisions.
        context: how many numbers every decision comes with, or a schema such as
            `{"device": {"type": "categorical", "values": ["ios", "web"]}}`; none for context-free.
        objectives: of several the range of each, such as `{"clicks": (0, 1), "revenue": (0, 100)}`.
        scalarise: how they become one number: `weighted`, `gini`, or a mapping with `kind` and `weights`.
        seed: [0, 2^63); drawn if absent.
        fields: name, description, reward, batch, arm_features, slots and others, as in a declaration.

    Raises:
        InvalidDeclaration: an unknown keyword or kind (with the close match), or values that
            cannot be.
    """

    def __init__(  # noqa: PLR0913 - a declaration, flattened
        self,
        arms: Any = (),
        *,
        layout: Any = None,
        size: int | None = None,
        belief: Any = None,
        explorer: Any = None,
        explore: float | None = None,
        newcomer: Any = None,
        forgetting: Any = None,
        context: Any = None,
        objectives: Any = None,
        scalarise: Any = None,
        seed: int | None = None,
        **fields: Any,
    ) -> None:
        labels = labels_of(arms)
        flat = {"objectives": objectives, "scalarise": scalarise, "context": context, **fields}
        flat |= {"layout": layout, "size": size, "belief": belief, "forgetting": forgetting}
        flat |= {"explorer": explorer, "explore": explore, "newcomer": newcomer, "seed": seed}
        self._memory = Memory(spelt_out(labels, flat, features_of(arms)))
        self._labels = labels or labels_of(self._memory.declaration.arm_ids)

    @classmethod
    def from_config(cls, path: str | Path) -> Bandit:
        """The bandit that a YAML or JSON file declares.

        Raises:
            InvalidInput: the file does not read.
            InvalidDeclaration: what it declares cannot be.
        """
        data = read_config(path)
        memory = Memory(seeded(Declaration.parse(data)))
        return cls._of(memory, labels_of(data.get("arms") or memory.declaration.arm_ids))

    def decide(self, context: Context = None, eligible: Sequence[ArmId] | None = None) -> Decision:
        """A new decision.

        Args:
            context: (d,) numbers where `context` was a number; else values by name.
            eligible: ids that may be chosen, in any order; none for all active arms.

        Raises:
            InvalidInput: a context that does not fit the schema, no eligible arm, or one named twice.
            NotFound: an eligible arm that is not active.
        """
        memory, labels = self._memory, self._labels
        columns = memory.policy.encoder.context(context)
        number = memory.ledger.made
        decision_id = memory.next_ids(1)[0]
        choice = memory.ready().choose(decision_id, keys_of(eligible), columns)
        memory.ledger.take()
        return Decision(
            decision_id,
            number,
            tuple([labels.get(arm, arm) for arm in choice.arms]),
            choice.propensities,
            choice.scores,
            choice.draws,
            None if eligible is None else tuple(eligible),
            *(memory.told(columns, choice.arms) if memory.policy.contextual else ()),
        )

    def decide_many(
        self,
        contexts: ArrayLike | Sequence[Mapping[str, Any]] | None = None,
        *,
        n: int | None = None,
        eligible: Sequence[ArmId] | None = None,
    ) -> Decisions:
        """`n` new decisions at the present state: `decide` n times, as columns.

        Args:
            contexts: (n, d) numbers, or n mappings; of a context-free bandit none.
            n: how many, where there are no contexts to count.
            eligible: as in `decide`, for all of them.

        Raises:
            InvalidInput: neither contexts nor n, or as `decide`.
            ShapeMismatch: contexts of another shape, or not n.
            NotFound: as `decide`.
        """
        columns = None
        if contexts is not None or self._memory.policy.encoder.width:
            columns = contexts_of(self._memory.policy.encoder, contexts, n)
            n = len(columns)
        if not isinstance(n, Integral) or n < 0:
            raise InvalidInput(
                f"n must say how many decisions to make, got {n!r}",
                hint="for example  decide_many(n=100)",
            )
        memory = self._memory
        first = memory.ledger.made
        ids = memory.next_ids(n)
        choices = memory.ready().choose_many(ids, keys_of(eligible), columns)
        memory.ledger.take(n)
        told = memory.told_many(columns, choices) if memory.policy.contextual else ()
        names = self.arms if choices.names is None else choices.names
        arms, propensities = named(names)[choices.rows], choices.propensities
        if memory.policy.size == 1:
            arms, propensities = arms[:, 0], propensities[:, 0]
        return Decisions(tuple(ids), np.arange(first, first + n), arms, propensities, *told)

    def learn(
        self,
        decision: Decision,
        reward: Reward | None = None,
        rewards: Sequence[Reward | None] | None = None,
    ) -> None:
        """Learns what came of a decision; each decision once.

        Args:
            decision: from `decide` of this bandit, or of the one it was saved from.
            reward: of a decision that delivers one arm; with objectives, what each came to.
            rewards: one per position; none for a position that nobody saw, which teaches nothing. Of a
                cascade what lies below the first click is ignored.

        Raises:
            ShapeMismatch: rewards that do not fit the deliveries.
            InvalidInput: a reward that the belief cannot learn from, or a foreign decision.
            Conflict: it was learnt already.
        """
        refuse_other(decision, Decision, "decide")
        if (reward is None) == (rewards is None):
            raise InvalidInput("learn takes either reward=... or rewards=[...]")
        count = len(decision.arms)
        came = given([reward] if rewards is None else rewards, (count,), self._memory.policy.aims)
        if rewards is None:
            without_unseen(came.rewards, "reward=...")
        self._memory.learn(
            np.array([decision.number]),
            (decision.decision_id,),
            keyed(np.array(decision.arms, dtype=object)).ids.reshape(1, -1),
            np.array([decision.propensities]),
            came.in_rows(1, count),
            None if decision.context is None else decision.context[None],
            None if decision.features is None else decision.features[None],
        )

    def learn_many(
        self,
        decisions: Decisions | Sequence[Decision],
        rewards: Columns | Sequence[float | None] | Sequence[Sequence[float | None]],
    ) -> None:
        """Learns what came of many decisions; all of them or, on an error, none.

        Args:
            decisions: from `decide_many`, or a list of what `decide` gave, each with equally many
                deliveries.
            rewards: of shape (n,), or (n, k) for k deliveries each, where none or NaN stands for one
                that nobody saw; with objectives, of each so many by its name.

        Raises:
            ShapeMismatch, InvalidInput, Conflict: as `learn`.
        """
        made = Decisions.of(decisions) if isinstance(decisions, list | tuple) else decisions
        if not isinstance(made, Decisions):
            raise other(made, "decide_many")
        came = given(rewards, made.arms.shape, self._memory.policy.aims)
        if made.arms.ndim == 1:
            without_unseen(came.rewards, "single decisions")
        shape = (len(made), made.arms.size // max(1, len(made)))
        self._memory.learn(
            made.numbers,
            made.decision_ids,
            keyed(made.arms.reshape(-1)).ids.reshape(shape),
            made.propensities.reshape(shape),
            came.in_rows(*shape),
            made.contexts,
            made.features,
        )

    def learn_logged(  # noqa: PLR0913 - the columns of a log
        self,
        arms: Sequence[ArmId] | NDArray[Any],
        rewards: Columns,
        contexts: ArrayLike | Sequence[Mapping[str, Any]] | None = None,
        propensities: ArrayLike | None = None,
        *,
        positions: ArrayLike | None = None,
        ages: ArrayLike | None = None,
    ) -> None:
        """Learns from logs that another system made.

        Args:
            arms: (n,) ids of arms this bandit knows, active or retired.
            rewards: (n,) numbers; with objectives, so many of each by its name.
            contexts: as `decide_many` takes them; none where the bandit is context-free.
            propensities: (n,) in (0, 1], or none where they were not logged.
            positions: (n,) whole numbers from 0, where positions have beliefs of their own; else it may be
                none.
            ages: (n,) how many decisions ago each was made, for a bandit that forgets; none for now.

        Raises:
            ShapeMismatch: columns of different lengths.
            InvalidInput: a value that cannot be.
            NotFound: an unknown arm.
        """
        batch = logged(
            self._memory,
            self._labels,
            arms,
            rewards,
            contexts=contexts,
            propensities=propensities,
            positions=positions,
            ages=ages,
        )
        self._memory.absorb(batch)

    def propensities(
        self,
        context: Context = None,
        eligible: Sequence[ArmId] | None = None,
        *,
        position: int = 0,
    ) -> NDArray[np.float64]:
        """(n,) probability of each of `arms` to be placed first; 0 for arms not eligible.

        Where positions have beliefs of their own: to be placed at `position`, among `eligible`.

        Raises:
            InvalidInput: as `decide`, or a position that a decision does not have.
            NotFound: as `decide`.
        """
        size = self._memory.policy.size
        if not isinstance(position, Integral) or not 0 <= position < size:
            raise InvalidInput(
                f"position must be a whole number in 0..{size - 1}, got {position!r}"
            )
        columns = self._memory.policy.encoder.context(context)
        return self._memory.ready().propensities(
            keys_of(eligible), position=position, context=columns
        )

    def summary(self) -> list[ArmSummary]:
        """What is believed of each active arm, in their order; by position where each has a belief."""
        named = self._labels
        return [
            msgspec.structs.replace(row, arm=named[str(row.arm)]) for row in self._memory.summary()
        ]

    def report(self) -> Report:
        """How it stands, as a table if printed: of each arm what is believed, learnt and was earned.

        Example:
            >>> bandit = Bandit(arms=["a", "b"], seed=7)
            >>> bandit.learn_logged(["a", "a", "b"], [1, 0, 0])
            >>> told = bandit.report()
            >>> told.observations, told.rewards, told.arms[0].arm, told.arms[0].rewards
            (3, 1.0, 'a', 1.0)
        """
        return reported(self._memory, self._labels)

    def explain(self, decision: Decision) -> Explanation:
        """What was believed when `decision` was made, and the same decision made again.

        The last states are kept for it, a thousand or less; a bandit out of bytes has none of before.

        Example:
            >>> bandit = Bandit(arms=["a", "b"], seed=7)
            >>> told = bandit.explain(bandit.decide())
            >>> told.same, told.difference, [row.share for row in told.arms]
            (True, 0.0, [0.5, 0.5])

        Raises:
            InvalidInput: a foreign decision.
            NotFound: the state that made it is kept no more.
        """
        refuse_other(decision, Decision, "decide")
        return explained(self._memory, self._labels, decision)

    @property
    def arms(self) -> tuple[ArmId, ...]:
        """Active arms, in the order of every vector."""
        return tuple([self._labels[arm] for arm in self._memory.active])

    @property
    def declaration(self) -> Declaration:
        """What this bandit is, defaults spelt out; retired arms included."""
        return self._memory.declaration

    def add_arm(self, arm: ArmId, features: Mapping[str, Any] | None = None) -> None:
        """Adds an arm, at its prior; a retired one comes back with what was learnt of it.

        Args:
            arm: its id.
            features: what `arm_features` asks a new arm for.

        Raises:
            Conflict: it is active already.
        """
        key = arm_key(arm)
        self._memory.add(key, features)
        self._labels.setdefault(key, arm_label(arm))

    def retire_arm(self, arm: ArmId) -> None:
        """Takes an arm out of every choice; what was learnt of it is kept.

        Raises:
            NotFound: it is not active.
            Conflict: it is the last one.
        """
        self._memory.retire(arm_key(arm))

    def to_bytes(self) -> bytes:
        """Everything, so that `from_bytes` goes on where this bandit stands."""
        return saved.to_bytes(self._memory, self._labels)

    @classmethod
    def from_bytes(cls, data: bytes) -> Bandit:
        """The bandit that `to_bytes` wrote.

        Raises:
            Corrupt: other bytes.
        """
        return cls._of(*saved.from_bytes(data))

    @classmethod
    def _of(cls, memory: Memory, labels: dict[str, ArmId]) -> Bandit:
        bandit = cls.__new__(cls)
        bandit._memory = memory  # noqa: SLF001 - its own class
        bandit._labels = labels  # noqa: SLF001 - its own class
        return bandit
