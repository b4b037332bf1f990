"""Observations for tests: any there can be, and whether two are the same.

Refuses to be realistic: rewards, times and outcomes are whatever their types allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tamesu.base import GRID, Observations, decision_id, uuid7
from tamesu.base.observations import BY_TYPE, EXACT, NO_REWARD
from tamesu.base.outline import Outline

_INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
_COUNTS = st.integers(0, (1 << 63) - 1)
_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
_SHARES = st.floats(0, 1, allow_nan=False)
_SCALARS = st.none() | st.booleans() | _TEXT | st.integers(-(1 << 53), 1 << 53) | _SHARES
_CONTEXTS = st.dictionaries(_TEXT, _SCALARS | st.lists(_SCALARS, max_size=3), max_size=3)
_COLUMNS: dict[str, SearchStrategy[Any]] = {
    "position": st.integers(0, 9_999),
    "experiment": st.none() | _TEXT,
    "variant": st.none() | _TEXT,
    "unit": st.none() | _TEXT,
    "arm": _TEXT,
    "context": st.none() | _CONTEXTS,
    "features": st.none() | _CONTEXTS,
    "eligible": st.none() | st.lists(_TEXT, max_size=3).map(tuple),
    "propensity": _SHARES,
    "score": st.floats(allow_nan=False, allow_infinity=False),
    "draws": st.integers(-1, 1 << 31),
    "fallback": st.booleans(),
    "outcome": st.integers(0, 2),
    "correction": st.integers(0, 5),
    "reward": _INT64,
    "previous_reward": st.just(NO_REWARD) | _INT64,
    "decided": _COUNTS,
    "shown": st.integers(-1, (1 << 63) - 1),
    "closed": _COUNTS,
    "accepted": st.integers(-1, (1 << 63) - 1),
    "snapshot": _COUNTS,
    "absorbed": _COUNTS,
}


@st.composite
def observations(draw: st.DrawFn, bandit: str = "home", least: int = 1) -> Observations:
    """Observations of one bandit: `least` to 5 rows, any values, up to two event types."""
    n = draw(st.integers(least, 5))
    columns: dict[str, Any] = {
        name: _column(draw(st.lists(values, min_size=n, max_size=n)), name)
        for name, values in _COLUMNS.items()
    }
    number = draw(st.integers(1, 3))
    ids = [decision_id(bandit, number, uuid7(place, bytes(10))) for place in range(n)]
    kinds = draw(st.lists(_TEXT.filter(bool), unique=True, max_size=2))
    terms, before = (
        {kind: _column(draw(st.lists(_INT64, min_size=n, max_size=n)), kind) for kind in some}
        for some in (kinds, kinds if draw(st.booleans()) else [])
    )
    return Observations(
        bandit=bandit,
        declaration=number,
        decision_id=_column(ids, "arm"),
        terms=terms,
        previous_terms=before,
        **columns,
    )


def single(bandit: str = "home", declaration: int = 1, position: int = 0) -> Observations:
    """One clicked delivery, the same each time."""
    columns: dict[str, Any] = dict.fromkeys(_COLUMNS, 0)
    columns |= {"position": position, "arm": "a", "propensity": 0.5, "score": 0.25, "outcome": 0}
    columns |= dict.fromkeys(("experiment", "variant", "unit", "context", "eligible", "features"))
    columns |= {"draws": EXACT, "reward": GRID, "decided": 1, "shown": 2, "closed": 9}
    columns |= {"previous_reward": NO_REWARD}
    return Observations(
        bandit=bandit,
        declaration=declaration,
        decision_id=_column([decision_id(bandit, declaration, uuid7(1, bytes(10)))], "arm"),
        terms={"click": _column([GRID], "reward")},
        **{name: _column([value], name) for name, value in columns.items()},
    )


def difference(left: Observations, right: Observations) -> str:
    """The first field in which two differ, by value or by type; empty where they are the same."""
    for field in fields(Observations):
        one, other = getattr(left, field.name), getattr(right, field.name)
        if field.name in BY_TYPE:
            if not _same_by_type(one, other):
                return field.name
        elif isinstance(one, np.ndarray):
            if not _same(one, other):
                return field.name
        elif one != other:
            return field.name
    return ""


def _same_by_type(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return list(one) == list(other) and all(_same(one[kind], other[kind]) for kind in one)


def _same(one: Any, other: Any) -> bool:
    alike = (one.dtype, one.shape) == (other.dtype, other.shape)
    return alike and bool(one.tolist() == other.tolist())


def _column(values: list[Any], name: str) -> Any:
    texts = {"experiment", "variant", "unit", "arm", "context", "eligible", "features"}
    kinds: dict[str, Any] = {"propensity": np.float64, "score": np.float64, "fallback": np.bool_}
    kind = np.object_ if name in texts else kinds.get(name, np.int64)
    return np.fromiter(values, dtype=kind, count=len(values))


def same_outline(one: Outline, other: Outline) -> bool:
    """Whether two outlines are the same, to the bit and by type."""
    columns = [field.name for field in fields(Outline) if field.name not in BY_TYPE]
    pairs = [(getattr(one, name), getattr(other, name)) for name in columns]
    return all(
        _same(left, right) if isinstance(left, np.ndarray) else left == right
        for left, right in pairs
    ) and all(_same_by_type(getattr(one, name), getattr(other, name)) for name in BY_TYPE)
