"""A table in the layout of the Open Bandit Dataset: a row a delivery.

    timestamp, item_id, position (from 1), click, propensity_score, user_feature_*

Beside them stand columns of ours, where rounds have them: `shown`, `cluster`. Refuses to open a file: columns come as
they were read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.exchange.moment import microseconds, stamps
from tamesu.evaluate.exchange.told import Read, columns_of_words, needed
from tamesu.evaluate.rounds import Rounds

USER = "user_feature_"
"""What columns of the context begin with."""

KNOWN = (
    "timestamp",
    "item_id",
    "position",
    "click",
    "propensity_score",
    "shown",
    "cluster",
)

NUMBERS = ("position", "click", "propensity_score", "shown")
"""Of those, the ones that are numbers."""

MOST_NAMED = 3
"""Of columns that are not looked at."""

Columns = Mapping[str, Sequence[Any] | NDArray[Any]]


def rounds_of_table(columns: Columns) -> Read[Rounds]:
    """Rounds out of columns.

    A column of the context is one of numbers where each of its values is a number, or missing; else it is one of words, and becomes
    a column for each word, in the order of names. `timestamp` may be moments, or ISO 8601 text; without a zone
    it is taken as UTC. Columns that are not part of this layout are not looked at, and counted; one without a
    name, which numbers the rows, is not.

    Raises:
        InvalidInput: a column that is missing, or values that cannot be.
        ShapeMismatch: columns of different lengths.

    Example:
        >>> table = {"item_id": [3, 1], "click": [0, 1], "propensity_score": [0.5, 0.5]}
        >>> rounds_of_table(table).rounds.arms
        ('1', '3')
    """
    needed(columns, ("item_id", "click", "propensity_score"), "a table of a log")
    items = _items(columns["item_id"])
    told = [_told(name, columns[name]) for name in columns if name.startswith(USER)]
    names = tuple(one for here, _ in told for one in here)
    stamps = columns.get("timestamp")
    places = columns.get("position")
    rounds = Rounds.of(
        items,
        _numbers("click", columns["click"]),
        _numbers("propensity_score", columns["propensity_score"]),
        among=sorted(set(items), key=_in_order),
        contexts=_beside([table for _, table in told], len(items)),
        positions=None if places is None else _from_0(places),
        units=columns.get("cluster"),
        shown=None if columns.get("shown") is None else _truths(columns["shown"]),
        decided=None if stamps is None else _moments(stamps),
    )
    others = [name for name in columns if name and name not in KNOWN and not name.startswith(USER)]
    left = {_not_looked_at(others): len(others)} if others else {}
    return Read(rounds, left, names)


def table_of(rounds: Rounds) -> dict[str, Any]:
    """Columns in that layout, by name; columns of the context as numbers. Unseen deliveries are no clicks.

    Where nobody said when rounds were decided there is no `timestamp`.
    """
    arms = np.array(rounds.arms, dtype=object)
    moments = stamps(rounds.decided)
    columns: dict[str, Any] = {} if moments is None else {"timestamp": moments}
    columns |= {
        "item_id": arms[rounds.chosen] if len(arms) else arms,
        "position": rounds.position + 1,
        "click": rounds.reward,
        "propensity_score": rounds.propensity,
    }
    for number, column in enumerate(rounds.context.T):
        columns[f"{USER}{number}"] = column
    if not rounds.shown.all():
        columns["shown"] = rounds.shown.astype(np.int64)
    if len(rounds) and int(rounds.cluster.max()) + 1 < len(rounds):
        columns["cluster"] = rounds.cluster
    return columns


def _items(values: Sequence[Any] | NDArray[Any]) -> list[str]:
    ids = _plain(values)
    missing = [row for row, one in enumerate(ids) if one is None or one == ""]
    if missing:
        raise InvalidInput(
            f"item_id must name what was chosen, got none in row {missing[0]} "
            f"({len(missing):,} of {len(ids):,} rows)"
        )
    return [str(one) for one in ids]


def _not_looked_at(names: Sequence[str]) -> str:
    more = ", …" if len(names) > MOST_NAMED else ""
    return f"columns of another kind ({', '.join(names[:MOST_NAMED])}{more})"


def _in_order(item: str) -> tuple[bool, int, str]:
    """Numbers by their size, before words."""
    is_number = item.isascii() and item.isdecimal()
    return (not is_number, int(item) if is_number else 0, item)


def _plain(values: Sequence[Any] | NDArray[Any]) -> list[Any]:
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def _told(
    name: str, values: Sequence[Any] | NDArray[Any]
) -> tuple[Sequence[str], NDArray[np.float64]]:
    """Names, and columns (n, names)."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        return [name], values.astype(np.float64)[:, None]
    cells = _plain(values)
    try:
        numbers = [0.0 if one is None or one == "" else float(one) for one in cells]
    except (TypeError, ValueError):
        return columns_of_words(name, cells)
    found = np.array(numbers)[:, None]
    # Some digests of words read as numbers, and not all of those are finite.
    return ([name], found) if np.isfinite(found).all() else columns_of_words(name, cells)


def _beside(told: Sequence[NDArray[np.float64]], n: int) -> NDArray[np.float64] | None:
    """(n, d) of columns of the same length; of others those alone, for `Rounds` to refuse."""
    wrong = [one for one in told if len(one) != n]
    if wrong or not told:
        return wrong[0] if wrong else None
    return np.concatenate(told, axis=1)


def _numbers(name: str, values: Sequence[Any] | NDArray[Any]) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise InvalidInput(f"{name} must be numbers, got something else") from problem


def _from_0(places: Sequence[Any] | NDArray[Any]) -> NDArray[np.int64]:
    found = _numbers("position", places)
    wrong = ~(found >= 1) | (found % 1 != 0)
    if wrong.any():
        row = int(wrong.argmax())
        raise InvalidInput(
            f"position must be whole numbers from 1, got {found[row]:g} in row {row} "
            f"({int(wrong.sum()):,} of {len(found):,} rows)"
        )
    return found.astype(np.int64) - 1


def _truths(values: Sequence[Any] | NDArray[Any]) -> NDArray[np.bool_]:
    found = _numbers("shown", values)
    if not np.isin(found, (0.0, 1.0)).all():
        raise InvalidInput(
            "shown must be 1 where the delivery was seen, else 0; got something else"
        )
    return found.astype(np.bool_)


def _moments(stamps: Sequence[Any] | NDArray[Any]) -> Any:
    if isinstance(stamps, np.ndarray) and stamps.dtype.kind == "M":
        if np.isnat(stamps).any():
            raise InvalidInput("timestamp must be a moment in each row, got none in some")
        return stamps.astype("datetime64[us]").astype(np.int64)
    found: list[int] = []
    for one in _plain(stamps):
        try:
            found.append(microseconds(one))
        except InvalidInput as problem:
            raise InvalidInput(f"{problem.message} in row {len(found)}") from problem
    return found
