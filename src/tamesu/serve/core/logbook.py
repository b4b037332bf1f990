"""Finding old records in the log, by the time at which they were received.

The log has no index but its order: within a partition `received` never falls, so a moment is found
by bisection, and a decision near the moment that its id names. Refuses to keep anything of what it
read, and to look where the join would not accept a decision.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tamesu.base import Entry, Kind, parse_decision_id
from tamesu.base.reward import CLOCK_SKEW_US
from tamesu.base.times import MILLISECOND_US
from tamesu.ports import EventLog

NEAR_MS = 2_000
"""Where to look first: nearly every decision is received within this of being made."""

CHUNK = 20_000
"""Entries looked through at once: some ten milliseconds, in which nobody else reads."""


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


def find_entry(log: EventLog, decision_id: str) -> Entry | None:
    """A decision as it stands in the log, or none: what `find_entries` gives of one."""
    return find_entries(log, [decision_id]).get(decision_id)


def find_entries(log: EventLog, decision_ids: Collection[str]) -> dict[str, Entry]:
    """Those of the decisions that stand in the log, by id.

    Looks within the clock skew that the join allows between an id and its `received`: a decision
    further off is poison, and counts as none. Duplicate case: the first of the repeats found, which
    have the same bytes. Concurrent case: safe beside appends; what is appended meanwhile may be
    found or not.

    Cost: for ids of about one moment a bisection and one look at what was received within
    `NEAR_MS`, where they are there; for those that are not, all that was received within the skew
    is passed over once.

    Raises:
        InvalidInput: an id does not parse.
        Corrupt: the log's bytes cannot be read.
        Unavailable: the log is down.
    """
    found: dict[str, Entry] = {}
    skew_ms = CLOCK_SKEW_US // MILLISECOND_US
    # From the moment itself on, then the rest: what is received before it was made is rare.
    for since, until in ((0, NEAR_MS), (-skew_ms, 0), (NEAR_MS, skew_ms + 1)):
        missing = [each for each in decision_ids if each not in found]
        for first, last, keys in _moments(missing):
            for partition in range(log.partitions):
                _look(log, partition, keys, (first + since, last + until), found)
    return found


def _moments(decision_ids: Collection[str]) -> Iterator[tuple[int, int, list[str]]]:
    """The decisions in groups of about one moment: the first's, the last's (ms), their ids."""
    decided = sorted(
        (parse_decision_id(each).decided // MILLISECOND_US, each) for each in decision_ids
    )
    start = 0
    for place, (moment, _) in enumerate(decided):
        following = decided[place + 1][0] if place + 1 < len(decided) else None
        if following is None or following - moment > NEAR_MS:
            yield decided[start][0], moment, [each for _, each in decided[start : place + 1]]
            start = place + 1


def _look(
    log: EventLog,
    partition: int,
    keys: Collection[str],
    between_ms: tuple[int, int],
    found: dict[str, Entry],
) -> None:
    """Adds the decisions of `keys` received between two moments to `found`."""
    since, until = between_ms
    end = log.end(partition)
    offset = first_since(log, partition, end, since)
    end = first_since(log, partition, end, until)
    while offset < end and any(key not in found for key in keys):
        upto = min(offset + CHUNK, end)
        for entry in log.entries_of(partition, keys, offset, upto):
            if entry.kind == Kind.DECISION.value:
                found.setdefault(entry.key, entry)
        offset = upto
