"""`Observations`: what the join makes of decisions and events, as columns.

The join emits and the trainer takes them, one bandit each; `Observation` is the same as a record. Rewards
are whole numbers of 1 / `GRID`.
Refuses to compute anything from a reward: that is a belief's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base.observation import Observation, Outcome
from tamesu.base.times import Time

NO_TIME = -1
"""`shown` of a delivery that nobody was seen to see."""

NO_REWARD = -(1 << 63)
"""`previous_reward` of a delivery that had none: its first observation, or unshown until then."""

EXACT = -1
"""`draws` of a propensity that needed none."""

BY_TYPE = ("terms", "previous_terms")
"""Fields of `Observations` that are columns by event type."""


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Outcomes of deliveries of one bandit under one declaration, n rows as columns.

    Attributes:
        decision_id, arm: (n,) texts.
        position, correction, snapshot: (n,) from 0.
        experiment, variant, unit: (n,) texts or none.
        context, eligible: (n,) as in the decision; features: (n,) as in the delivery.
        propensity, score: (n,).
        draws: (n,), `EXACT` where none were needed.
        outcome: (n,) `Outcome`.
        reward: (n,) in 1 / GRID; 0 where there is none.
        previous_reward: (n,) in 1 / GRID, `NO_REWARD` where there is none.
        terms: per event type (n,) in 1 / GRID; they add up to the reward where an event counted.
        decided, shown, closed: (n,) microseconds; `shown` is `NO_TIME` where never seen.
        accepted: (n,) microseconds; when the newest event that counted was received, else NO_TIME.
        absorbed: (n,) version of the snapshot that learnt from it, 0 for none so far.
        previous_terms: per event type (n,) in 1 / GRID, 0 where there is no previous reward; empty where
            there are no objectives.
    """

    bandit: str
    declaration: int
    decision_id: NDArray[np.object_]
    position: NDArray[np.int64]
    correction: NDArray[np.int64]
    experiment: NDArray[np.object_]
    variant: NDArray[np.object_]
    unit: NDArray[np.object_]
    arm: NDArray[np.object_]
    context: NDArray[np.object_]
    features: NDArray[np.object_]
    eligible: NDArray[np.object_]
    propensity: NDArray[np.float64]
    score: NDArray[np.float64]
    draws: NDArray[np.int64]
    fallback: NDArray[np.bool_]
    outcome: NDArray[np.int64]
    reward: NDArray[np.int64]
    previous_reward: NDArray[np.int64]
    terms: Mapping[str, NDArray[np.int64]]
    decided: NDArray[np.int64]
    shown: NDArray[np.int64]
    closed: NDArray[np.int64]
    accepted: NDArray[np.int64]
    snapshot: NDArray[np.int64]
    absorbed: NDArray[np.int64]
    previous_terms: Mapping[str, NDArray[np.int64]] = field(
        default_factory=dict[str, NDArray[np.int64]]
    )

    def __len__(self) -> int:
        return len(self.position)

    def take(self, rows: NDArray[Any] | slice) -> Observations:
        """The rows that an index or a mask picks, in that order."""
        return Observations(
            **{one.name: _taken(getattr(self, one.name), rows) for one in fields(self)}
        )

    @staticmethod
    def concatenate(parts: Sequence[Observations]) -> Observations:
        """All rows of `parts` (at least one; same bandit, declaration), in their order.

        A term that one of them does not know is 0 in its rows.
        """
        first = parts[0]
        if len(parts) == 1:
            return first
        columns: dict[str, Any] = {"bandit": first.bandit, "declaration": first.declaration}
        for one in fields(first):
            if one.name in BY_TYPE:
                mappings = [getattr(part, one.name) for part in parts]
                columns[one.name] = _side_by_side(mappings, [len(part) for part in parts])
            elif one.name not in columns:
                columns[one.name] = np.concatenate([getattr(part, one.name) for part in parts])
        return Observations(**columns)

    @classmethod
    def of(cls, bandit: str, declaration: int, rows: Sequence[Observation]) -> Observations:
        """Columns of `rows` (all of this bandit and declaration); `accepted` is not in a row."""

        def column(name: str, kind: Any, none: Any = None) -> NDArray[Any]:
            values = (getattr(row, name) for row in rows)
            filled = (none if value is None else value for value in values)
            return np.fromiter(filled, dtype=kind, count=len(rows))

        columns = {name: column(name, *kind) for name, kind in _KINDS.items()}
        types = rows[0].terms if rows else {}
        before = [row.previous_terms for row in rows]
        return cls(
            bandit=bandit,
            declaration=declaration,
            terms={
                name: np.array([row.terms[name] for row in rows], dtype=np.int64) for name in types
            },
            previous_terms={
                name: np.array([(one or {}).get(name, 0) for one in before], dtype=np.int64)
                for name in dict.fromkeys(name for one in before for name in one or {})
            },
            accepted=np.full(len(rows), NO_TIME, dtype=np.int64),
            **columns,
        )

    def rows(self) -> Iterator[Observation]:
        """Each row as a record, in order."""
        for i in range(len(self)):
            yield Observation(
                decision_id=self.decision_id[i],
                position=int(self.position[i]),
                correction=int(self.correction[i]),
                experiment=self.experiment[i],
                variant=self.variant[i],
                unit=self.unit[i],
                arm=self.arm[i],
                context=self.context[i],
                eligible=self.eligible[i],
                propensity=float(self.propensity[i]),
                score=float(self.score[i]),
                draws=None if self.draws[i] == EXACT else int(self.draws[i]),
                fallback=bool(self.fallback[i]),
                outcome=Outcome(int(self.outcome[i])),
                reward=int(self.reward[i]),
                previous_reward=_reward(int(self.previous_reward[i])),
                terms={name: int(column[i]) for name, column in self.terms.items()},
                decided=Time(int(self.decided[i])),
                shown=None if self.shown[i] == NO_TIME else Time(int(self.shown[i])),
                closed=Time(int(self.closed[i])),
                snapshot=int(self.snapshot[i]),
                absorbed=int(self.absorbed[i]),
                features=self.features[i],
                previous_terms=self._previous_terms(i),
            )

    def _previous_terms(self, row: int) -> dict[str, int] | None:
        if not self.previous_terms or self.previous_reward[row] == NO_REWARD:
            return None
        return {name: int(column[row]) for name, column in self.previous_terms.items()}


def _side_by_side(
    parts: Sequence[Mapping[str, NDArray[np.int64]]], lengths: Sequence[int]
) -> dict[str, NDArray[np.int64]]:
    """Columns by event type of all parts; 0 where one of them does not know a type."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {
        name: np.concatenate(
            [
                part.get(name, np.zeros(length, np.int64))
                for part, length in zip(parts, lengths, strict=True)
            ]
        )
        for name in names
    }


def _reward(value: int) -> int | None:
    return None if value == NO_REWARD else value


_KINDS: dict[str, tuple[Any, ...]] = {
    "decision_id": (object,),
    "position": (np.int64,),
    "correction": (np.int64,),
    "experiment": (object,),
    "variant": (object,),
    "unit": (object,),
    "arm": (object,),
    "context": (object,),
    "eligible": (object,),
    "propensity": (np.float64,),
    "score": (np.float64,),
    "draws": (np.int64, EXACT),
    "fallback": (np.bool_,),
    "outcome": (np.int64,),
    "reward": (np.int64,),
    "previous_reward": (np.int64, NO_REWARD),
    "decided": (np.int64,),
    "shown": (np.int64, NO_TIME),
    "closed": (np.int64,),
    "snapshot": (np.int64,),
    "absorbed": (np.int64,),
    "features": (object,),
}


def _taken(
    column: NDArray[Any] | Mapping[str, NDArray[Any]] | str | int, rows: NDArray[Any] | slice
) -> Any:
    if isinstance(column, str | int):
        return column
    if isinstance(column, Mapping):
        return {name: values[rows] for name, values in column.items()}
    return column[rows]
