"""A log that was shortened: it lacks what the store has learnt from, or what its join still needs.

Refuses to judge a beginning that was retired, which no join needs.
"""

from __future__ import annotations

from collections.abc import Sequence

from tamesu.base import Corrupt
from tamesu.join import Mark
from tamesu.ports import EventLog

_HINT = "bring the log's folder back, or start in a new data folder"


def refuse_shortened(log: EventLog, marks: Sequence[Mark]) -> None:
    """Raises `Corrupt` where `log` is not the one that a checkpoint's `marks` were made from.

    Nothing to say before the first commit: no marks, or marks that have read nothing.

    Raises:
        Corrupt: the log ends before what was read, or starts after what is still needed.
        Unavailable: the log is down.
    """
    for partition, mark in enumerate(marks):
        end = log.end(partition)
        if end < mark.read:
            raise Corrupt(
                f"the store has read partition {partition} of the log up to offset {mark.read:,}, "
                f"and the log ends at {end:,}: it is not the log that the store was made from",
                hint=_HINT,
                partition=partition,
            )
        start = log.start(partition)
        if mark.read and mark.low < start:
            raise Corrupt(
                f"the store needs partition {partition} of the log from offset {mark.low:,} on, and "
                f"the log starts at {start:,}: records were removed that were not done with",
                hint=_HINT,
                partition=partition,
            )
