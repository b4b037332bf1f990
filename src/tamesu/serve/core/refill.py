"""Claims brought back out of the log, for a cache that has lost them or never had any.

Refuses to read further back than claims last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import structlog

from tamesu.base import Kind, TamesuError, Time, parse_decision_id
from tamesu.base.times import MILLISECOND_US
from tamesu.ports import EventLog
from tamesu.serve.core.claims import LASTS_US, Claims, claim_key
from tamesu.serve.core.logbook import first_since

CHUNK = 20_000
"""Entries read at once."""

MOST = 400_000
"""Most entries of a partition read back, so that a start stays a matter of seconds."""

_log = structlog.get_logger("tamesu.serve.refill")
_DECISION = Kind.DECISION.value


class _Head(msgspec.Struct):
    """What a decision's record is read for."""

    decision_id: str
    request_id: str | None = None


_head = msgspec.json.Decoder(_Head).decode


def refill(claims: Claims, log: EventLog, now: Time) -> int:
    """Fills the cache with the claims of the last ten minutes, unless it was; gives how many.

    Raises:
        Unavailable, Corrupt: the log cannot be read.
    """
    places: list[tuple[int, int]] = []
    for partition in range(log.partitions):
        end = log.end(partition)
        offset = first_since(log, partition, end, (now - LASTS_US) // MILLISECOND_US)
        places.append((partition, max(offset, end - MOST)))
        if offset < end - MOST:
            _log.warning("the oldest request ids are forgotten", entries=end - offset)
    return claims.fill(_past(log, places), now)


def _past(log: EventLog, places: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bytes, Time]]:
    """Key, record and end of each claim that the log holds from these places on."""
    for partition, start in places:
        offset = start
        while entries := log.read(partition, offset, CHUNK):
            offset = entries[-1].offset + 1
            for entry in entries:
                if entry.kind == _DECISION and b'"request_id":null' not in entry.body:
                    yield from _claim(entry.body)


def _claim(body: bytes) -> Iterator[tuple[str, bytes, Time]]:
    """The claim that a decision's record stands for, if it does and can be read."""
    try:
        found = _head(body)
        identity = parse_decision_id(found.decision_id)
    except (ValueError, msgspec.MsgspecError, TamesuError):
        return  # poison, which the join counts
    if found.request_id is not None:
        key = claim_key(identity.bandit, found.request_id)
        yield key, body, Time(identity.decided + LASTS_US)
