"""`Outline`: of observations the numbers that sums over time and arms are made of, as columns.

An arm is a number into a list, so that millions of rows cost no Python object each. Refuses to be learnt
from: what a belief needs besides is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base.observations import Observations

ALL_ACTIVE = 0
"""`eligible` of a decision for which every active arm might be chosen: its snapshot says how many."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """n observations of one bandit under one declaration, in short.

    Attributes:
        arms: ids, sorted, each of which some row has.
        arm: (n,) places in `arms`.
        eligible: (n,) how many arms might be chosen, `ALL_ACTIVE` for all.
        terms, previous_terms: as in `Observations`, where corrections tell the latter; else both empty.
        others: (n,) as in `Observations`.
    """

    bandit: str
    declaration: int
    arms: tuple[str, ...]
    arm: NDArray[np.int64]
    position: NDArray[np.int64]
    correction: NDArray[np.int64]
    propensity: NDArray[np.float64]
    eligible: NDArray[np.int64]
    fallback: NDArray[np.bool_]
    outcome: NDArray[np.int64]
    reward: NDArray[np.int64]
    previous_reward: NDArray[np.int64]
    decided: NDArray[np.int64]
    snapshot: NDArray[np.int64]
    terms: Mapping[str, NDArray[np.int64]] = field(default_factory=dict[str, NDArray[np.int64]])
    previous_terms: Mapping[str, NDArray[np.int64]] = field(
        default_factory=dict[str, NDArray[np.int64]]
    )

    def __len__(self) -> int:
        return len(self.position)

    def take(self, rows: NDArray[Any] | slice) -> Outline:
        """The rows that an index or a mask picks, in that order; `arms` stay."""
        columns: dict[str, Any] = {
            one.name: _taken(getattr(self, one.name), rows) for one in fields(self)[3:]
        }
        return Outline(self.bandit, self.declaration, self.arms, **columns)

    @classmethod
    def of(cls, observations: Observations) -> Outline:
        """The outline of `observations`; of none if there are none."""
        arms, codes = np.unique(observations.arm.astype(object), return_inverse=True)
        eligible = (ALL_ACTIVE if ids is None else len(ids) for ids in observations.eligible)
        return cls(
            bandit=observations.bandit,
            declaration=observations.declaration,
            arms=tuple(arms.tolist()),
            arm=codes.astype(np.int64),
            position=observations.position,
            correction=observations.correction,
            propensity=observations.propensity,
            eligible=np.fromiter(eligible, np.int64, len(observations)),
            fallback=observations.fallback,
            outcome=observations.outcome,
            reward=observations.reward,
            previous_reward=observations.previous_reward,
            decided=observations.decided,
            snapshot=observations.snapshot,
            terms=observations.terms if observations.previous_terms else {},
            previous_terms=observations.previous_terms,
        )


def _taken(column: NDArray[Any] | Mapping[str, NDArray[Any]], rows: NDArray[Any] | slice) -> Any:
    if isinstance(column, Mapping):
        return {name: values[rows] for name, values in column.items()}
    return column[rows]
