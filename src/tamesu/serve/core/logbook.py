"""Finding old records in the log, by the time at which they were received.

The log has no index but its order: within a partition `received` never falls, so a moment is found
by bisection, and a decision near the moment that its id names. Refuses to keep anything of what it
read, and to look where the join would not accept a decision.
"""

from __future__ import annotations

from collections.abc import Iterator

from tamesu.base import Entry, Kind, parse_decision_id
from tamesu.base.reward import CLOCK_SKEW_US
from tamesu.base.times import MILLISECOND_US
from tamesu.ports import EventLog

NEAR_MS = 2_000
"""Where to look first: nearly every decision is received within this of being made."""

FIRST_CHUNK, CHUNK = 500, 10_000
"""Entries read at once: few at first, for nearly everything is found at once; then more."""


def first_since(log: EventLog, partition: int, end: int, since_ms: int) -> int:
    """The least offset from which on entries were received at or after `since_ms`.

    Empty case: `end`, where all that lies before it is older. Reads one entry for each halving.

    Args:
        log: where to look.
        partition: of it.
        end: the offset to look before.
        since_ms: milliseconds since the epoch.

    Raises:
        Corrupt: the log's bytes cannot be read.
        Unavailable: the log is down.
    """
    low, high = log.start(partition), end
    while low < high:
        middle = (low + high) // 2
        entries = log.read(partition, middle, 1)
        if entries and entries[0].received < since_ms:
            low = min(entries[0].offset + 1, end)
        else:
            high = middle
    return low


def find_decision(log: EventLog, decision_id: str) -> bytes | None:
    """The record of a decision, or none: the body of what `find_entry` gives, with its errors."""
    entry = find_entry(log, decision_id)
    return None if entry is None else entry.body


def find_entry(log: EventLog, decision_id: str) -> Entry | None:
    """A decision as it stands in the log, or none.

    Looks within the clock skew that the join allows between an id and its `received`: a decision
    further off is poison, and counts as none. Duplicate case: any of the repeats, which have the same
    bytes. Concurrent case: safe beside appends; what is appended meanwhile may be found or not.

    Cost: a bisection and one chunk where it is there; where it is not, all that was received within
    the skew is read once.

    Raises:
        InvalidInput: `decision_id` does not parse.
        Corrupt: the log's bytes cannot be read.
        Unavailable: the log is down.
    """
    decided_ms = parse_decision_id(decision_id).decided // MILLISECOND_US
    skew_ms = CLOCK_SKEW_US // MILLISECOND_US
    # From the moment itself on, then the rest: what is received before it was made is rare.
    for since, until in (
        (decided_ms, decided_ms + NEAR_MS),
        (decided_ms - skew_ms, decided_ms),
        (decided_ms + NEAR_MS, decided_ms + skew_ms + 1),
    ):
        for partition in range(log.partitions):
            for entry in _received(log, partition, since, until):
                if entry.key == decision_id and entry.kind == Kind.DECISION.value:
                    return entry
    return None


def _received(log: EventLog, partition: int, since_ms: int, until_ms: int) -> Iterator[Entry]:
    """The entries with since <= received < until, in order."""
    offset = first_since(log, partition, log.end(partition), since_ms)
    most = FIRST_CHUNK
    while entries := log.read(partition, offset, most):
        for entry in entries:
            if entry.received >= until_ms:
                return
            yield entry
        offset, most = entries[-1].offset + 1, CHUNK
