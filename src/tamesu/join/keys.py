"""Decision ids of many records out of their texts at once.

Reads what `base.parse_decision_id` reads, the UUID in array operations and the rest by look-up.
Refuses to raise: a text that names nothing known has no clause.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base.times import MILLISECOND_US
from tamesu.join.clauses import Clauses

_TAIL = 33
"""A dot and 32 hex digits."""

_UNREAD = "?" * _TAIL
_HEX = np.full(256, 16, dtype=np.uint8)
_HEX[np.frombuffer(b"0123456789abcdef", dtype=np.uint8)] = np.arange(16)
_MILLISECONDS = np.array([16**place for place in range(11, -1, -1)], dtype=np.int64)


def read_keys(keys: Sequence[str], clauses: Clauses) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number of the declaration (n,), -1 where the text names none, and decision times (n,) in µs."""
    known = clauses.numbers.get
    numbers = np.array([known(key[:-_TAIL], -1) for key in keys], dtype=np.int64)
    for row in np.flatnonzero(numbers < 0).tolist():
        numbers[row] = clauses.number(keys[row][:-_TAIL])
    tails = [key[-_TAIL:] for key in keys]
    joined = "".join([tail if len(tail) == _TAIL else _UNREAD for tail in tails])
    raw = np.frombuffer(joined.encode("ascii", "replace"), dtype=np.uint8).reshape(-1, _TAIL)
    digits = _HEX[raw[:, 1:]]
    read = (raw[:, 0] == ord(".")) & (digits < 16).all(axis=1)  # noqa: PLR2004 - hex
    read &= (digits[:, 12] == 7) & (digits[:, 16] >= 8) & (digits[:, 16] <= 11)  # noqa: PLR2004 - RFC 9562
    times = digits[:, :12].astype(np.int64) @ _MILLISECONDS
    return np.where(read, numbers, -1), np.where(read, times * MILLISECOND_US, 0)
