"""`Slates`: what a log says of decisions of several arms in order, as columns. Checked at the door.

A slate is drawn arm by arm, so its log has what each was drawn with, given those above: the product down to a
position is exactly how likely those arms were in that order. How likely an arm was to come to a position at all is
another number, and only here where somebody made it. Refuses to know any target policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.evaluate.columns import by_unit, column, numbered, of_kind, picked, table
from tamesu.evaluate.rounds import LEAST_PROPENSITY, MOST, NO_PROPENSITY, NO_REWARD

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Slates:
    """n decisions of at most L arms each, in order.

    Attributes:
        arms: K ids, in the order of every (..., K).
        chosen: (n, L) the row in `arms` of the arm at each position; -1 from where a slate ended early.
        reward: (n, L) finite; 0 where nobody saw the delivery, and where there is none.
        propensity: (n, L) in (0, 1], of the arm at a position given those above, as logged; 1 where there is none.
        shown: (n, L) whether the delivery was seen.
        marginal: (n, L) in (0, 1], how likely the arm was to come to its position, whatever stood above; 1 where
            there is none. None where nobody made them.
        context: (n, d) columns, d may be 0.
        features: (K, a) columns of what arms tell of themselves, a may be 0.
        eligible: (n, K) who might be chosen, the logged arms among them; none for all arms, always.
        cluster: (n,) from 0: slates of one cluster may depend on each other, those of two do not.
        decided: (n,) microseconds; their order is that of the log.
        row: (n,) the place of each in what they were all made of: who holds more of it finds it again.
    """

    arms: tuple[str, ...]
    chosen: Codes
    reward: Floats
    propensity: Floats
    shown: NDArray[np.bool_]
    marginal: Floats | None
    context: Floats
    features: Floats
    eligible: NDArray[np.bool_] | None
    cluster: Codes
    decided: NDArray[np.int64]
    row: Codes

    @classmethod
    def of(  # noqa: PLR0913 - the columns of a log
        cls,
        arms: Sequence[Sequence[Any]] | NDArray[Any],
        rewards: ArrayLike,
        propensities: ArrayLike,
        *,
        among: Sequence[Any] | None = None,
        marginals: ArrayLike | None = None,
        contexts: ArrayLike | None = None,
        features: ArrayLike | None = None,
        eligible: ArrayLike | None = None,
        units: Sequence[Any] | NDArray[Any] | None = None,
        shown: ArrayLike | None = None,
        decided: ArrayLike | None = None,
    ) -> Slates:
        """Slates out of columns.

        Args:
            arms: (n, L) texts or whole numbers by position; none from where a slate ended early.
            rewards: (n, L); what stands where nothing was shown, or nothing was placed, counts as 0.
            propensities: (n, L) in (0, 1], each given the arms above; what stands where nothing was placed is 1.
            among: all arms that could be placed; none for those that were.
            marginals: (n, L) in (0, 1], each whatever stood above; none where they are not known.
            contexts: (n, d) numbers.
            features: (K, a) numbers, in the order of `among`.
            eligible: (n, K) truth values; none for all.
            units: (n,) whose slates depend on each other; none for each slate by itself.
            shown: (n, L) truth values; none for all.
            decided: (n,) microseconds; none for the order they stand in.

        Raises:
            ShapeMismatch: columns of different lengths.
            InvalidInput: a propensity, a reward or an arm that cannot be, with the first slate where.

        Example:
            >>> Slates.of([["a", "b"]], [[0.0, 1.0]], [[0.5, 0.25]], among="abc").joint.tolist()
            [0.125]
        """
        names = _names(arms)
        n, size = len(names), max(map(len, names), default=0)
        if any(len(row) != size for row in names):
            raise ShapeMismatch(f"arms must be ({n}, {size}), none from where a slate ended early")
        place = numbered((arm for row in names for arm in row if arm is not None), among)
        numbers = [-1 if arm is None else place[arm] for row in names for arm in row]
        chosen = np.array(numbers, np.intp).reshape(n, size)
        there = chosen >= 0

        def placed(values: ArrayLike, name: str) -> Floats:
            return np.where(there, column(values, (n, size), name, np.float64), 1.0)

        seen = there if shown is None else there & column(shown, (n, size), "shown", np.bool_)
        when = np.arange(n) if decided is None else decided
        return cls(
            arms=tuple(place),
            chosen=chosen,
            reward=np.where(seen, column(rewards, (n, size), "rewards", np.float64), 0.0),
            propensity=placed(propensities, "propensities"),
            shown=seen,
            marginal=None if marginals is None else placed(marginals, "marginals"),
            context=table(contexts, n, "contexts"),
            features=table(features, len(place), "features"),
            eligible=None if eligible is None else of_kind(eligible, "eligible", np.bool_),
            cluster=by_unit(units, n),
            decided=column(when, (n,), "decided", np.int64),
            row=np.arange(n),
        ).checked()

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def size(self) -> int:
        """L."""
        return int(self.chosen.shape[1])

    @property
    def there(self) -> NDArray[np.bool_]:
        """(n, L) where an arm was placed."""
        return self.chosen >= 0

    @property
    def repeats(self) -> bool:
        """Whether a slate holds an arm twice: logs of others may, ours do not."""
        ordered = np.sort(self.chosen, axis=1)
        return bool(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any())

    @property
    def prefix(self) -> Floats:
        """(n, L) how likely the arms down to each position were, in that order."""
        whole: Floats = np.multiply.accumulate(self.propensity, axis=1)
        return whole

    @property
    def joint(self) -> Floats:
        """(n,) how likely the whole slate was, in that order."""
        whole: Floats = np.multiply.reduce(self.propensity, axis=1)
        return whole

    def checked(self) -> Slates:
        """These.

        Raises:
            ShapeMismatch: columns of different lengths.
            InvalidInput: a propensity, a reward or an arm that cannot be, with the first slate where.
        """
        if self.eligible is not None and self.eligible.shape != (len(self), len(self.arms)):
            raise ShapeMismatch(
                f"eligible must be ({len(self)}, {len(self.arms)}), got {self.eligible.shape}"
            )
        for name, chances in (("propensities", self.propensity), ("marginals", self.marginal)):
            if chances is not None:
                wrong = ~((chances > 0.0) & (chances <= 1.0))
                _refuse(wrong, chances, f"{name} must lie in (0, 1]", NO_PROPENSITY)
                must = (
                    f"{name} must be at least {LEAST_PROPENSITY:g}: no log has what is less likely"
                )
                _refuse(chances < LEAST_PROPENSITY, chances, must, NO_PROPENSITY)
        _refuse(~np.isfinite(self.reward), self.reward, "rewards must be finite", NO_REWARD)
        _refuse(np.abs(self.reward) > MOST, self.reward, f"rewards must lie within {MOST:g}")
        _refuse(~np.isfinite(self.context), None, "contexts must be finite")
        _refuse(np.abs(self.context) > MOST, self.context, f"contexts must lie within {MOST:g}")
        outside = ~(np.abs(self.features) <= MOST)
        if outside.any():
            arm = self.arms[int(np.argwhere(outside)[0][0])]
            raise InvalidInput(f"features must lie within {MOST:g}, those of arm {arm!r} do not")
        after_the_end = self.there[:, 1:] & ~self.there[:, :-1]
        _refuse(after_the_end, None, "no arm may stand below where a slate ended")
        if self.eligible is not None:
            outside = ~np.take_along_axis(self.eligible, np.maximum(self.chosen, 0), axis=1)
            _refuse(outside & self.there, None, "logged arms must be among the eligible ones")
        return self

    def take(self, rows: NDArray[Any] | slice) -> Slates:
        """Those that an index or a mask picks, in that order."""
        return picked(self, rows)


def _names(arms: Sequence[Sequence[Any]] | NDArray[Any]) -> list[list[str | None]]:
    try:
        return [[None if arm is None else str(arm) for arm in row] for row in arms]
    except TypeError as problem:
        raise InvalidInput("arms must be a list of ids for each slate") from problem


def _refuse(wrong: NDArray[Any], values: Floats | None, must: str, hint: str = "") -> None:
    if wrong.any():
        row, position = (int(one) for one in np.argwhere(wrong)[0])
        got = "" if values is None else f", got {values[row, position]:g}"
        slates = int(wrong.any(axis=1).sum())
        raise InvalidInput(
            f"{must}{got} in slate {row} ({slates:,} of {len(wrong):,} slates)", hint=hint
        )
