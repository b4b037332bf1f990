"""Sessions: windows that grow with the events that count.

Each event moves the end that the next one meets, so they are judged one after another, a fraction of
a microsecond each: no order of array operations could do it. Refuses to count: it says where the
window of each event ended when it came.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def session_ends(  # noqa: PLR0913 - one column each
    ends: Integers,
    *,
    delivery: Integers,
    time: Integers,
    received: Integers,
    start: Integers,
    gap: Integers,
    cap: Integers,
    lateness: Integers,
) -> Integers:
    """Where the session of each of n events ended when it came, C; events in log order by delivery.

    An event with start <= time < C and received < C + lateness counts, and moves C to
    min(max(C, time + gap), start + cap).

    Args:
        ends: by delivery, C; moved here.
        delivery: (n,) whose events they are.
        time: (n,) when it happened.
        received: (n,) when the log took it.
        start: (n,) S.
        gap: (n,) as declared.
        cap: (n,) as declared.
        lateness: (n,) as declared.
    """
    met: list[int] = []
    now: dict[int, int] = {}
    columns = (delivery, time, received, start, gap, cap, lateness)
    for owner, at, came, begun, pause, most, slack in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        end = now.get(owner)
        if end is None:
            end = int(ends[owner])
        met.append(end)
        if begun <= at < end and came < end + slack:
            end = min(max(end, at + pause), begun + most)
        now[owner] = end
    ends[np.fromiter(now.keys(), np.int64, len(now))] = np.fromiter(
        now.values(), np.int64, len(now)
    )
    return np.array(met, dtype=np.int64)
