"""`Rounds`: what a log says of decisions of one arm each, as columns. Checked at the door.

A propensity that is zero, above one or missing is refused by name: whatever divides by it would be wrong, and
nobody would see it. Refuses to know any target policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tamesu.base import InvalidInput, ShapeMismatch

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]

MOST = 1e100
"""Of rewards and contexts, on either side of 0: squares of what is larger are no numbers."""

LEAST_PROPENSITY = 1e-30
"""What is less likely was never drawn: it is an error, and its weight would be more than arithmetic can hold."""


MOST_POSITIONS = 10_000
"""Nobody looks further, and models have a column for each."""


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
            units: (n,) whose rounds depend on each other; none for each round by itself.
            shown: (n,) truth values; none for all.
            decided: (n,) microseconds; none for the order they stand in.

        Raises:
            ShapeMismatch: columns of different lengths.
            InvalidInput: a propensity, a reward or an arm that cannot be, with the first row where.
        """
        names = [str(arm) for arm in np.asarray(arms, dtype=object).reshape(-1).tolist()]
        n = len(names)
        known = tuple(dict.fromkeys(names)) if among is None else tuple(map(str, among))
        if len(set(known)) != len(known):
            raise InvalidInput("among must name an arm once, got one twice")
        place = {arm: row for row, arm in enumerate(known)}
        unknown = sorted({arm for arm in names if arm not in place})
        if unknown:
            raise InvalidInput(f"arms must be among those given, got {unknown[0]!r}")
        seen = np.ones(n, np.bool_) if shown is None else _column(shown, n, "shown", np.bool_)
        reward = _column(rewards, n, "rewards", np.float64)
        order = None if units is None else np.asarray(units, dtype=object).reshape(-1).tolist()
        if order is not None and len(order) != n:
            raise ShapeMismatch(f"units must be ({n},), got ({len(order)},)")
        codes: dict[Any, int] = {}
        cluster = (
            range(n) if order is None else [codes.setdefault(one, len(codes)) for one in order]
        )
        return cls(
            arms=known,
            chosen=np.fromiter((place[arm] for arm in names), np.intp, n),
            reward=np.where(seen, reward, 0.0),
            propensity=_column(propensities, n, "propensities", np.float64),
            shown=seen,
            context=_table(contexts, n, "contexts"),
            features=_table(features, len(known), "features"),
            eligible=None if eligible is None else _as(eligible, "eligible", np.bool_),
            position=_column(
                np.zeros(n) if positions is None else positions, n, "positions", np.intp
            ),
            cluster=np.fromiter(cluster, np.intp, n),
            decided=_column(np.arange(n) if decided is None else decided, n, "decided", np.int64),
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
        _refuse(wrong, self.propensity, "propensities must lie in (0, 1]", _NO_PROPENSITY)
        wrong = self.propensity < LEAST_PROPENSITY
        must = f"propensities must be at least {LEAST_PROPENSITY:g}: no log has what is less likely"
        _refuse(wrong, self.propensity, must, _NO_PROPENSITY)
        _refuse(~np.isfinite(self.reward), self.reward, "rewards must be finite", _NO_REWARD)
        _refuse(np.abs(self.reward) > MOST, self.reward, f"rewards must lie within {MOST:g}")
        _refuse(~np.asarray(np.isfinite(self.context).all(axis=1)), None, "contexts must be finite")
        wide = np.abs(self.context).max(axis=1, initial=0.0)
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
        picked: dict[str, Any] = {
            one.name: getattr(self, one.name)
            for one in fields(self)
            if one.name not in {"arms", "features"}
        }
        taken: dict[str, Any] = {
            name: None if one is None else one[rows] for name, one in picked.items()
        }
        return replace(self, **taken)


_NO_PROPENSITY = (
    "it is the probability with which the logged arm was chosen; leave out rows without one"
)
_NO_REWARD = "leave out rows whose reward is not known, all of a time rather than some"


def _column(values: ArrayLike, n: int, name: str, kind: Any) -> NDArray[Any]:
    column = _as(values, name, kind)
    if column.shape != (n,):
        raise ShapeMismatch(f"{name} must be ({n},), got {column.shape}")
    return column


def _table(values: ArrayLike | None, n: int, name: str) -> Floats:
    table = np.empty((n, 0)) if values is None else _as(values, name, np.float64)
    if table.ndim != 2 or len(table) != n:  # noqa: PLR2004 - rows and columns
        raise ShapeMismatch(f"{name} must be ({n}, columns), got {table.shape}")
    return table


def _as(values: ArrayLike, name: str, kind: Any) -> NDArray[Any]:
    """Values as `kind`, where that loses nothing: a half is no position, and a text no truth value."""
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "biufO":
            raise TypeError  # noqa: TRY301 - worded below
        found = given.astype(kind)
        loses = given.dtype.kind in "fO" or kind is np.bool_
        if kind is not np.float64 and loses and not np.array_equal(found, given.astype(np.float64)):
            raise ValueError  # noqa: TRY301 - worded below
    except (TypeError, ValueError, OverflowError) as problem:
        must = {np.float64: "numbers", np.bool_: "truth values"}.get(kind, "whole numbers")
        raise InvalidInput(f"{name} must be {must}, got something else") from problem
    return found


def _refuse(wrong: NDArray[Any], values: Floats | None, must: str, hint: str = "") -> None:
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        got = "" if values is None else f", got {values[row]:g}"
        raise InvalidInput(
            f"{must}{got} in row {row} ({int(wrong.sum()):,} of {len(wrong):,} rows)", hint=hint
        )
