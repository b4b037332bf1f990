"""What a bandit in memory gives back: one decision, or many as columns.

Refuses to be changed: what was chosen, and with which propensity, stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.bandit.naming import ArmId, named
from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.base.slots import options_of


class Delivery(NamedTuple):
    """One delivered arm.

    Attributes:
        position: from 0.
        arm: its id.
        propensity: probability with which it was chosen, given the arms placed before it.
        score: expected reward when chosen.
    """

    position: int
    arm: ArmId
    propensity: float
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """One decision: the ticket to hand to `Bandit.learn`. Equal where all of it is; may be a key.

    Attributes:
        decision_id: its id.
        number: how many decisions the bandit made before it.
        arms: ids by position.
        propensities: each given the arms placed before it; their product is the joint one.
        scores: expected reward of each when chosen.
        draws: Monte Carlo draws behind the propensities; none where they are exact.
        eligible: ids that might be chosen, none for all active.
        context: (d,) columns of the context, none where the bandit learns from none.
        features: (k, a) columns of what the delivered arms told of themselves, likewise.
    """

    decision_id: str
    number: int
    arms: tuple[ArmId, ...]
    propensities: tuple[float, ...]
    scores: tuple[float, ...]
    draws: int | None = None
    eligible: tuple[ArmId, ...] | None = None
    context: NDArray[np.float64] | None = None
    features: NDArray[np.float64] | None = None

    @property
    def arm(self) -> ArmId:
        """The delivered arm, of a decision that delivers one."""
        return self.arms[self._only("arm", "arms")]

    @property
    def options(self) -> dict[str, str]:
        """The option of each slot, of a decision that delivers a combination."""
        options = options_of(str(self.arm))
        if not all(options.values()):
            raise AttributeError(f"{self.arm!r} is no combination: it has no options")
        return options

    @property
    def propensity(self) -> float:
        """Its propensity, of a decision that delivers one arm."""
        return self.propensities[self._only("propensity", "propensities")]

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The delivered arms with what belongs to them, by position."""
        columns = zip(self.arms, self.propensities, self.scores, strict=True)
        return tuple(Delivery(position, *row) for position, row in enumerate(columns))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Decision):
            return NotImplemented
        return self._plain() == other._plain()

    def __hash__(self) -> int:
        return hash(self.decision_id)

    def _plain(self) -> list[Any]:
        """All of it, arrays as lists: those cannot be compared."""
        values = [getattr(self, field.name) for field in fields(self)]
        return [one.tolist() if isinstance(one, np.ndarray) else one for one in values]

    def _only(self, one: str, many: str) -> int:
        if len(self.arms) != 1:
            raise AttributeError(
                f"a decision of {len(self.arms)} deliveries has no {one!r}: use {many!r}"
            )
        return 0


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """Many decisions as columns; the deliveries' axis is there only where there may be several.

    Attributes:
        decision_ids: n ids.
        numbers: (n,) how many decisions the bandit made before each.
        arms: (n,) ids, or (n, k) for a layout of several deliveries.
        propensities: same shape.
        contexts: (n, d) columns of the contexts, none where the bandit learns from none.
        features: (n, k, a) columns of what the delivered arms told of themselves, likewise.
    """

    decision_ids: tuple[str, ...]
    numbers: NDArray[np.int64]
    arms: NDArray[Any]
    propensities: NDArray[np.float64]
    contexts: NDArray[np.float64] | None = None
    features: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, decisions: Sequence[Decision]) -> Decisions:
        """Decisions that were made one by one, as columns.

        Raises:
            InvalidInput: something else is among them.
            ShapeMismatch: they do not all deliver as many arms.
        """
        other = next((given for given in decisions if not isinstance(given, Decision)), None)
        if other is not None:
            raise InvalidInput(f"decisions must be what decide gave, got {type(other).__name__}")
        sizes = {len(decision.arms) for decision in decisions} or {1}
        if len(sizes) > 1:
            raise ShapeMismatch(
                f"decisions learnt together must deliver equally many arms, got {sorted(sizes)}",
                hint="learn those that differ one by one",
            )
        shape = (len(decisions),) if sizes == {1} else (len(decisions), *sizes)
        arms = named([arm for decision in decisions for arm in decision.arms])
        chances = [chance for decision in decisions for chance in decision.propensities]
        return cls(
            tuple([decision.decision_id for decision in decisions]),
            np.array([decision.number for decision in decisions], dtype=np.int64),
            arms.reshape(shape),
            np.array(chances, dtype=np.float64).reshape(shape),
            _stacked([decision.context for decision in decisions]),
            _stacked([decision.features for decision in decisions]),
        )

    def __len__(self) -> int:
        return len(self.decision_ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.decision_ids)


def _stacked(rows: Sequence[NDArray[np.float64] | None]) -> NDArray[np.float64] | None:
    """All rows as one array, or none where there are none."""
    present = [row for row in rows if row is not None]
    return np.stack(present) if present and len(present) == len(rows) else None


def refuse_other(given: Any, kind: type, giver: str) -> None:
    """Raises `InvalidInput` where `given` is no `kind`, which `giver` gives."""
    if not isinstance(given, kind):
        raise other(given, giver)


def other(given: Any, giver: str) -> InvalidInput:
    """The refusal of what `giver` did not give."""
    return InvalidInput(
        f"a decision must be what {giver} gave, got {type(given).__name__}",
        hint="learn and explain take a decision of decide, learn_many those of decide_many, "
        "or a list of those of decide",
    )
