"""`Slates`: what a log says of decisions of several arms in order, as columns. Checked at the door.

A slate is drawn arm by arm, so its log has what each was drawn with, given those above: the product down to a
position is exactly how likely those arms were in that order. How likely an arm was to come to a position at all is
another number, and only here where somebody made it. Refuses to know any target policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.evaluate.rounds import LEAST_PROPENSITY, MOST

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
        placed = dict.fromkeys(arm for row in names for arm in row if arm is not None)
        known = tuple(placed) if among is None else tuple(map(str, among))
        if len(set(known)) != len(known):
            raise InvalidInput("among must name an arm once, got one twice")
        place: dict[str | None, int] = {arm: row for row, arm in enumerate(known)} | {None: -1}
        unknown = sorted(arm for arm in placed if arm not in place)
        if unknown:
            raise InvalidInput(f"arms must be among those given, got {unknown[0]!r}")
        chosen = np.array([place[arm] for row in names for arm in row], np.intp).reshape(n, size)
        there = chosen >= 0
        seen = there if shown is None else there & _table(shown, n, size, "shown", np.bool_)
        order = range(n) if units is None else np.asarray(units, dtype=object).reshape(-1).tolist()
        codes: dict[Any, int] = {}
        if len(order) != n:
            raise ShapeMismatch(f"units must be ({n},), got ({len(order)},)")
        return cls(
            arms=known,
            chosen=chosen,
            reward=np.where(seen, _table(rewards, n, size, "rewards"), 0.0),
            propensity=np.where(there, _table(propensities, n, size, "propensities"), 1.0),
            shown=seen,
            marginal=None
            if marginals is None
            else np.where(there, _table(marginals, n, size, "marginals"), 1.0),
            context=_numbers(np.empty((n, 0)) if contexts is None else contexts, "contexts"),
            features=_numbers(
                np.empty((len(known), 0)) if features is None else features, "features"
            ),
            eligible=None if eligible is None else _numbers(eligible, "eligible", np.bool_),
            cluster=np.fromiter((codes.setdefault(one, len(codes)) for one in order), np.intp, n),
            decided=_numbers(np.arange(n) if decided is None else decided, "decided", np.int64),
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
        n, k = len(self), len(self.arms)
        for name, table, shape in (
            ("contexts", self.context, (n, *self.context.shape[-1:])),
            ("features", self.features, (k, *self.features.shape[-1:])),
            ("eligible", self.eligible, (n, k)),
            ("decided", self.decided, (n,)),
        ):
            if table is not None and table.shape != shape:
                raise ShapeMismatch(f"{name} must be {shape}, got {table.shape}")
        for name, chances in (("propensities", self.propensity), ("marginals", self.marginal)):
            if chances is not None:
                wrong = ~((chances > 0.0) & (chances <= 1.0))
                _refuse(wrong, chances, f"{name} must lie in (0, 1]")
                must = (
                    f"{name} must be at least {LEAST_PROPENSITY:g}: no log has what is less likely"
                )
                _refuse(chances < LEAST_PROPENSITY, chances, must)
        _refuse(~np.isfinite(self.reward), self.reward, "rewards must be finite")
        _refuse(np.abs(self.reward) > MOST, self.reward, f"rewards must lie within {MOST:g}")
        _refuse(~np.isfinite(self.context), None, "contexts must be finite")
        _refuse(np.abs(self.context) > MOST, self.context, f"contexts must lie within {MOST:g}")
        after_the_end = self.there[:, 1:] & ~self.there[:, :-1]
        _refuse(after_the_end, None, "no arm may stand below where a slate ended")
        if self.eligible is not None:
            outside = ~np.take_along_axis(self.eligible, np.maximum(self.chosen, 0), axis=1)
            _refuse(outside & self.there, None, "logged arms must be among the eligible ones")
        return self

    def take(self, rows: NDArray[Any] | slice) -> Slates:
        """Those that an index or a mask picks, in that order."""
        whole = {"arms", "features"}
        columns: dict[str, Any] = {
            one.name: getattr(self, one.name) for one in fields(self) if one.name not in whole
        }
        taken: dict[str, Any] = {
            name: None if one is None else one[rows] for name, one in columns.items()
        }
        return replace(self, **taken)


def _names(arms: Sequence[Sequence[Any]] | NDArray[Any]) -> list[list[str | None]]:
    try:
        return [[None if arm is None else str(arm) for arm in row] for row in arms]
    except TypeError as problem:
        raise InvalidInput("arms must be a list of ids for each slate") from problem


def _numbers(values: Any, name: str, kind: Any = np.float64) -> NDArray[Any]:
    try:
        return np.asarray(values, dtype=kind)
    except (TypeError, ValueError) as problem:
        raise InvalidInput(f"{name} must be numbers, got something else") from problem


def _table(values: Any, n: int, size: int, name: str, kind: Any = np.float64) -> NDArray[Any]:
    table = _numbers(values, name, kind)
    if table.size == 0 == n:
        return np.empty((0, size), kind)
    if table.shape != (n, size):
        raise ShapeMismatch(f"{name} must be ({n}, {size}), got {table.shape}")
    return table


def _refuse(wrong: NDArray[Any], values: Floats | None, must: str) -> None:
    if wrong.any():
        row, position = (int(one) for one in np.argwhere(wrong)[0])
        got = "" if values is None else f", got {values[row, position]:g}"
        slates = int(wrong.any(axis=1).sum())
        raise InvalidInput(f"{must}{got} in slate {row} ({slates:,} of {len(wrong):,} slates)")
