"""A table in the layout of the Open Bandit Dataset: a row a delivery.

    timestamp, item_id, position (from 1), click, propensity_score, user_feature_*

Refuses to open a file: columns come as they were read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from tamesu.base import InvalidInput
from tamesu.evaluate.exchange.told import columns_of, needed
from tamesu.evaluate.rounds import Rounds

USER = "user_feature_"
"""What columns of the context begin with."""


def rounds_of_table(columns: Mapping[str, Sequence[Any]]) -> Rounds:
    """Rounds out of columns.

    Columns of the context that are words become one column for each word, in the order of names. `timestamp` may be
    a moment, or ISO 8601 text; without a zone it is taken as UTC. Other columns are not looked at.

    Raises:
        InvalidInput: a column that is missing, or values that cannot be.
        ShapeMismatch: columns of different lengths.

    Example:
        >>> table = {"item_id": [3, 1], "click": [0, 1], "propensity_score": [0.5, 0.5]}
        >>> rounds_of_table(table).arms
        ('1', '3')
    """
    needed(columns, ("item_id", "click", "propensity_score"), "a table of a log")
    items = list(columns["item_id"])
    told = [name for name in columns if name.startswith(USER)]
    rows = [
        {name: one for name, one in zip(told, cells, strict=True) if one is not None}
        for cells in zip(*(columns[name] for name in told), strict=True)
    ]
    rows = [{name: _number(one) for name, one in row.items()} for row in rows]
    stamps = columns.get("timestamp")
    among = sorted({str(item) for item in items}, key=_in_order)
    places = columns.get("position")
    return Rounds.of(
        items,
        np.asarray(columns["click"], dtype=np.float64),
        np.asarray(columns["propensity_score"], dtype=np.float64),
        among=among,
        contexts=columns_of(rows)[1] if rows else None,
        positions=None if places is None else _from_0(places),
        decided=None if stamps is None else [_moment(stamp) for stamp in stamps],
    )


def table_of(rounds: Rounds) -> dict[str, list[Any]]:
    """Columns in that layout, by name; columns of the context as numbers. Unseen deliveries are no clicks."""
    moments = [datetime.fromtimestamp(int(one) / 1e6, UTC).isoformat() for one in rounds.decided]
    columns: dict[str, list[Any]] = {
        "timestamp": moments,
        "item_id": [rounds.arms[row] for row in rounds.chosen.tolist()],
        "position": (rounds.position + 1).tolist(),
        "click": rounds.reward.tolist(),
        "propensity_score": rounds.propensity.tolist(),
    }
    for number, column in enumerate(rounds.context.T):
        columns[f"{USER}{number}"] = column.tolist()
    return columns


def _in_order(item: str) -> tuple[bool, int, str]:
    """Numbers by their size, before words."""
    return (not item.isdecimal(), int(item) if item.isdecimal() else 0, item)


def _number(one: Any) -> float | str:
    try:
        return float(one)
    except (TypeError, ValueError):
        return str(one)


def _from_0(places: Sequence[Any]) -> Any:
    positions = np.asarray(places, dtype=np.int64)
    if positions.min(initial=1) < 1:
        raise InvalidInput(f"position must count from 1, got {positions.min()}")
    return positions - 1


def _moment(stamp: Any) -> int:
    """Microseconds."""
    moment = stamp
    if isinstance(stamp, str):
        try:
            moment = datetime.fromisoformat(stamp)
        except ValueError as problem:
            raise InvalidInput(f"timestamp must be ISO 8601, got {stamp[:40]!r}") from problem
    if not isinstance(moment, datetime):
        raise InvalidInput(f"timestamp must be a moment, got {type(stamp).__name__}")
    whole = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(whole.timestamp() * 1e6)
