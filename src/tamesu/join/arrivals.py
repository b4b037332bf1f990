"""Entries of the log as columns: the one place of the join that works record by record.

Whatever is as a server writes it is read here in few steps; whatever is not goes to `record`, which
says what the record holds or why it is poison. So both readings agree by construction. Refuses to
judge what needs a second record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import compress
from operator import attrgetter
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import Decision, Entry, Kind, decode_decision
from tamesu.base.reward import CLOCK_SKEW_US, MAX_VALUE
from tamesu.base.times import MILLISECOND_US
from tamesu.join.clauses import Clauses
from tamesu.join.funnels import Funnels
from tamesu.join.keys import read_keys
from tamesu.join.moments import read_moments
from tamesu.join.record import (
    MAX_POSITION,
    UNDECODED,
    Poison,
    read_decision,
    read_event,
    why,
)

Record = TypeVar("Record")
Value = TypeVar("Value")
Aside = Callable[[Entry, str], None]

_SAFE_INTEGER = 1 << 62
_POSITIONS = {f"-{position}": position for position in range(MAX_POSITION + 1)}
_UNFIT = -1
_TIME, _VALUE, _EVENT_ID = attrgetter("time"), attrgetter("value"), attrgetter("event_id")
_BODY = attrgetter("body")
_SIDES = tuple(map(attrgetter, ("partition", "offset", "received", "key", "kind")))
_EVENT = Kind.EVENT.value


class _QuickEvent(msgspec.Struct, gc=False):
    """An `Event` whose time is still text."""

    event_id: str
    delivery_id: str
    type: str
    value: float | None = None
    time: str | None = None
    v: int = 1


_decode_event = msgspec.json.Decoder(_QuickEvent).decode


@dataclass(slots=True)
class DecisionArrivals:
    """Decisions that are no poison, n in log order; times in microseconds.

    Attributes:
        key: ids.
        decision: the records.
        clause, decided, received, partition, offset: (n,).
        size: (n,) number of deliveries.
        odd: whether (n,) the positions are other than 0, 1, 2 …
    """

    key: Sequence[str]
    decision: Sequence[Decision]
    clause: NDArray[np.int64]
    decided: NDArray[np.int64]
    received: NDArray[np.int64]
    partition: NDArray[np.int64]
    offset: NDArray[np.int64]
    size: NDArray[np.int64]
    odd: NDArray[np.bool_]


@dataclass(slots=True)
class EventArrivals:
    """Events that are no poison, n in log order; times in microseconds.

    Attributes:
        key, event_id: texts.
        funnel: (n,) where the id is held already, else -1.
        clause, decided, received, partition, offset, position: (n,).
        type_id: (n,) as in `Clauses.codes`.
        value: (n,) not a number where there is none.
        time, timed: (n,) by the client's clock, and whether the client said.
    """

    key: Sequence[str]
    event_id: Sequence[str]
    funnel: NDArray[np.int64]
    clause: NDArray[np.int64]
    decided: NDArray[np.int64]
    received: NDArray[np.int64]
    partition: NDArray[np.int64]
    offset: NDArray[np.int64]
    position: NDArray[np.int64]
    type_id: NDArray[np.int64]
    value: NDArray[np.float64]
    time: NDArray[np.int64]
    timed: NDArray[np.bool_]


def read_decisions(entries: Sequence[Entry], clauses: Clauses, aside: Aside) -> DecisionArrivals:
    """The decisions in `entries` (all of that kind); `aside` is told of the others."""
    records, entries = _decoded(entries, decode_decision, aside)
    partition, offset, received, keys, _ = _sides(entries)
    clause, decided = read_keys(keys, clauses)
    fit = (clause >= 0) & (np.abs(decided - received) <= CLOCK_SKEW_US)
    fit &= _truths(map(_is_plain, records, keys))
    odd = ~fit
    for row in np.flatnonzero(~fit).tolist():
        try:
            read_decision(entries[row], clauses.lookup)
        except Poison as reason:
            aside(entries[row], str(reason))
        else:
            fit[row] = True
    return DecisionArrivals(
        key=_picked(keys, fit),
        decision=_picked(records, fit),
        clause=clause[fit],
        decided=decided[fit],
        received=received[fit],
        partition=partition[fit],
        offset=offset[fit],
        size=_integers([len(record.deliveries) for record in _picked(records, fit)]),
        odd=odd[fit],
    )


def read_events(
    entries: Sequence[Entry], clauses: Clauses, funnels: Funnels, aside: Aside
) -> EventArrivals:
    """The events in `entries` (no decisions, no ticks); `aside` is told of the others."""
    records, entries = _decoded(entries, _decode_event, aside)
    partition, offset, received, keys, kinds = _sides(entries)
    funnel = funnels.find(keys)
    clause, decided = np.empty((2, len(funnel)), dtype=np.int64)
    held = funnel >= 0
    clause[held], decided[held] = funnels.clause[funnel[held]], funnels.decided[funnel[held]]
    if not held.all():
        clause[~held], decided[~held] = read_keys(list(compress(keys, (~held).tolist())), clauses)
    position = _integers(
        [
            _POSITIONS.get(record.delivery_id[len(key) :], _UNFIT)
            if record.delivery_id.startswith(key)
            else _UNFIT
            for record, key in zip(records, keys, strict=True)
        ]
    )
    value = np.array(list(map(_VALUE, records)), dtype=np.float64)
    texts = list(map(_TIME, records))
    timed = _truths([text is not None for text in texts])
    time = np.zeros(len(records), dtype=np.int64)
    fit = (clause >= 0) & (position >= 0) & (decided - received <= CLOCK_SKEW_US)
    fit &= ~(np.abs(value) > MAX_VALUE)
    fit &= _truths([kind == _EVENT for kind in kinds])
    if timed.any():
        time[timed], read = read_moments([text for text in texts if text is not None])
        fit[timed] &= read
    for row in np.flatnonzero(~fit).tolist():
        try:
            event, place, _ = read_event(entries[row], clauses.lookup)
        except Poison as reason:
            aside(entries[row], str(reason))
        else:
            fit[row] = True
            position[row] = place.position
            time[row] = 0 if event.time is None else event.time
    return EventArrivals(
        key=_picked(keys, fit),
        event_id=list(map(_EVENT_ID, _picked(records, fit))),
        funnel=funnel[fit],
        clause=clause[fit],
        decided=decided[fit],
        received=received[fit],
        partition=partition[fit],
        offset=offset[fit],
        position=position[fit],
        type_id=_integers([clauses.type_id(record.type) for record in _picked(records, fit)]),
        value=value[fit],
        time=time[fit],
        timed=timed[fit],
    )


def _decoded(
    entries: Sequence[Entry], decode: Callable[[bytes], Record], aside: Aside
) -> tuple[list[Record], Sequence[Entry]]:
    """The records of those entries that decode, and those entries."""
    with suppress(*UNDECODED):
        return list(map(decode, map(_BODY, entries))), entries
    records: list[Record] = []
    kept: list[Entry] = []
    for entry in entries:
        try:
            records.append(decode(entry.body))
        except UNDECODED as error:
            aside(entry, why(error))
        else:
            kept.append(entry)
    return records, kept


def _sides(
    entries: Sequence[Entry],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Sequence[str], Sequence[str]]:
    """Partitions, offsets, `received` in microseconds, keys and kinds (n,)."""
    partition, offset, received, key, kind = (list(map(side, entries)) for side in _SIDES)
    return _integers(partition), _integers(offset), _integers(received) * MILLISECOND_US, key, kind


def _is_plain(record: Decision, key: str) -> bool:
    """Whether a decoded decision is as a server writes it: the usual positions, sane numbers."""
    if record.decision_id != key or not 0 <= record.snapshot < _SAFE_INTEGER:
        return False
    if record.draws is not None and not 0 <= record.draws < _SAFE_INTEGER:
        return False
    place = 0
    for delivery in record.deliveries:
        if delivery.position != place:
            return False
        place += 1
    return place <= MAX_POSITION


def _picked(values: Sequence[Value], rows: NDArray[np.bool_]) -> Sequence[Value]:
    """The values whose row is true."""
    return values if rows.all() else list(compress(values, rows.tolist()))


def _truths(values: Iterable[bool]) -> NDArray[np.bool_]:
    return np.fromiter(values, dtype=np.bool_)


def _integers(values: Sequence[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)
