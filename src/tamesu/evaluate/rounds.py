"""`Rounds`: what a log says of decisions of one arm each, as columns. Checked at the door.

A propensity that is zero, above one or missing is refused by name: whatever divides by it would be wrong, and
nobody would see it. Refuses to know any target policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.evaluate.columns import by_unit, column, ids, numbered, of_kind, picked, table

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]

MOST = 1e100
"""Of rewards and contexts, on either side of 0: squares of what is larger are no numbers."""

LEAST_PROPENSITY = 1e-30
"""What is less likely was never drawn: it is an error, and its weight would be more than arithmetic can hold."""

MOST_POSITIONS = 10_000
"""Nobody looks further, and models have a column for each."""

NO_PROPENSITY = (
    "it is the probability with which the logged arm was chosen; leave out rows without one"
)
NO_REWARD = "leave out rows whose reward is not known, all of a time rather than some"


@dataclass(frozen=True, slots=True, eq=False)
class Rounds:
    """n decisions of one arm each, or n deliveries that are taken one by one.

    Attributes:
        arms: K ids, in the order of every (n, K).
        chosen: (n,) the row of the logged arm in `arms`.
        reward: (n,) finite; 0 where nobody saw the delivery.
        propensity: (n,) in (0, 1], as logged when the arm was chosen.
        shown: (n,) whether the delivery was seen.
        context: (n, d) columns, d may be 0.
        features: (K, a) columns of what arms tell of themselves, a may be 0.
        eligible: (n, K) who might be chosen, the logged arm among them; none for all arms, always.
        position: (n,) from 0.
        cluster: (n,) from 0: rounds of one cluster may depend on each other, those of two do not.
        decided: (n,) microseconds; their order is that of the log.
        row: (n,) the place of each in what they were all made of: who holds more of it finds it again.
    """

    arms: tuple[str, ...]
    chosen: Codes
    reward: Floats
    propensity: Floats
    shown: NDArray[np.bool_]
    context: Floats
    features: Floats
    eligible: NDArray[np.bool_] | None
    position: Codes
    cluster: Codes
    decided: NDArray[np.int64]
    row: Codes

    @classmethod
    def of(  # noqa: PLR0913 - the columns of a log
        cls,
        arms: Sequence[Any] | NDArray[Any],
        rewards: ArrayLike,
        propensities: ArrayLike,
        *,
        among: Sequence[Any] | None = None,
        contexts: ArrayLike | None = None,
        features: ArrayLike | None = None,
        eligible: ArrayLike | None = None,
        positions: ArrayLike | None = None,
        units: Sequence[Any] | NDArray[Any] | None = None,
        shown: ArrayLike | None = None,
        decided: ArrayLike | None = None,
    ) -> Rounds:
        """Rounds out of columns.

        Args:
            arms: (n,) texts or whole numbers, the logged arm of each.
            rewards: (n,); what stands where nothing was shown counts as 0.
            propensities: (n,) in (0, 1].
            among: all arms that could be chosen; none for those that were.
            contexts: (n, d) numbers.
            features: (K, a) numbers, in the order of `among`.
            eligible: (n, K) truth values; none for all.
            positions: (n,) whole numbers from 0; none for 0.
            units: (n,) whose rounds depend on each other, None or NaN for a round by itself; none for all by themselves.
            shown: (n,) truth values; none for all.
            decided: (n,) microseconds; none for the order they stand in.

        Raises:
            ShapeMismatch: columns of different lengths.
            InvalidInput: a propensity, a reward or an arm that cannot be, with the first row where.
        """
        names = ids(np.asarray(arms, dtype=object).reshape(-1).tolist(), "arms")
        n, place = len(names), numbered(names, among)
        seen = np.ones(n, np.bool_) if shown is None else column(shown, (n,), "shown", np.bool_)
        at = np.zeros(n) if positions is None else positions
        when = np.arange(n) if decided is None else decided
        return cls(
            arms=tuple(place),
            chosen=np.fromiter((place[arm] for arm in names), np.intp, n),
            reward=np.where(seen, column(rewards, (n,), "rewards", np.float64), 0.0),
            propensity=column(propensities, (n,), "propensities", np.float64),
            shown=seen,
            context=table(contexts, n, "contexts"),
            features=table(features, len(place), "features"),
            eligible=None if eligible is None else of_kind(eligible, "eligible", np.bool_),
            position=column(at, (n,), "positions", np.intp),
            cluster=by_unit(units, n),
            decided=column(when, (n,), "decided", np.int64),
            row=np.arange(n),
        ).checked()

    def __len__(self) -> int:
        return len(self.chosen)

    def checked(self) -> Rounds:
        """These.

        Raises:
            InvalidInput: a propensity, a reward or an eligible set that cannot be, with the first row where.
        """
        wrong = ~((self.propensity > 0.0) & (self.propensity <= 1.0))
        _refuse(wrong, self.propensity, "propensities must lie in (0, 1]", NO_PROPENSITY)
        wrong = self.propensity < LEAST_PROPENSITY
        must = f"propensities must be at least {LEAST_PROPENSITY:g}: no log has what is less likely"
        _refuse(wrong, self.propensity, must, NO_PROPENSITY)
        _refuse(~np.isfinite(self.reward), self.reward, "rewards must be finite", NO_REWARD)
        _refuse(np.abs(self.reward) > MOST, self.reward, f"rewards must lie within {MOST:g}")
        # Both ends of all of them first: rows are looked at one by one where something is wrong.
        if not (self.context.max(initial=0.0) <= MOST and self.context.min(initial=0.0) >= -MOST):
            wide = np.abs(self.context).max(axis=1, initial=0.0)
            _refuse(~np.isfinite(wide), None, "contexts must be finite")
            _refuse(wide > MOST, wide, f"contexts must lie within {MOST:g}")
        outside = ~(np.abs(self.features).max(axis=1, initial=0.0) <= MOST)
        _refuse(outside, None, f"features must lie within {MOST:g}")
        outside = (self.position < 0) | (self.position >= MOST_POSITIONS)
        must = f"positions must lie in 0..{MOST_POSITIONS - 1}"
        _refuse(outside, self.position.astype(np.float64), must)
        if self.eligible is not None:
            if self.eligible.shape != (len(self), len(self.arms)):
                raise ShapeMismatch(
                    f"eligible must be ({len(self)}, {len(self.arms)}), got {self.eligible.shape}"
                )
            outside = ~self.eligible[np.arange(len(self)), self.chosen]
            _refuse(outside, None, "the logged arm must be among the eligible ones")
        return self

    def take(self, rows: NDArray[Any] | slice) -> Rounds:
        """Those that an index or a mask picks, in that order."""
        return picked(self, rows)


def _refuse(wrong: NDArray[Any], values: Floats | None, must: str, hint: str = "") -> None:
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        got = "" if values is None else f", got {values[row]:g}"
        raise InvalidInput(
            f"{must}{got} in row {row} ({int(wrong.sum()):,} of {len(wrong):,} rows)", hint=hint
        )
