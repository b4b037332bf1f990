"""Entries of the log as columns: the one place of the join that works record by record.

Whatever is as a server writes it is read here in few steps; whatever is not goes to `record`, which says
what the record holds or why it is poison. So both readings agree by construction. Refuses to judge what
needs a second record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import Decision, Entry, Event, decode_decision
from tamesu.base.reward import CLOCK_SKEW_US, MAX_VALUE
from tamesu.base.times import MILLISECOND_US
from tamesu.join.clauses import Clauses
from tamesu.join.keys import read_keys
from tamesu.join.moments import read_moments
from tamesu.join.record import MAX_POSITION, Poison, read_decision, read_event

Record = TypeVar("Record")
Aside = Callable[[Entry, str], None]

_SAFE_INTEGER = 1 << 62
_POSITIONS = {f"-{position}": position for position in range(MAX_POSITION + 1)}
_UNFIT = -1


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

    key: list[str]
    decision: list[Decision]
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
        clause, decided, received, partition, offset, position: (n,).
        type_id: (n,) as in `Clauses.codes`.
        value: (n,) not a number where there is none.
        time, timed: (n,) by the client's clock, and whether the client said.
    """

    key: list[str]
    event_id: list[str]
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
    records, entries = _decoded(
        entries, decode_decision, lambda entry: read_decision(entry, clauses.lookup)[0], aside
    )
    keys = [entry.key for entry in entries]
    received = _integers([entry.received for entry in entries]) * MILLISECOND_US
    clause, decided = read_keys(keys, clauses)
    fit = (clause >= 0) & (np.abs(decided - received) <= CLOCK_SKEW_US)
    fit &= np.array(
        [_is_plain(record, key) for record, key in zip(records, keys, strict=True)], bool
    )
    odd = np.zeros(len(records), dtype=np.bool_)
    for row in np.flatnonzero(~fit).tolist():
        try:
            read_decision(entries[row], clauses.lookup)
        except Poison as reason:
            aside(entries[row], str(reason))
        else:
            fit[row] = odd[row] = True
    rows = fit.nonzero()[0].tolist()
    if len(rows) < len(records):
        records, keys = [records[row] for row in rows], [keys[row] for row in rows]
        entries = [entries[row] for row in rows]
        clause, decided, received, odd = clause[fit], decided[fit], received[fit], odd[fit]
    return DecisionArrivals(
        key=keys,
        decision=records,
        clause=clause,
        decided=decided,
        received=received,
        partition=_integers([entry.partition for entry in entries]),
        offset=_integers([entry.offset for entry in entries]),
        size=_integers([len(record.deliveries) for record in records]),
        odd=odd,
    )


def read_events(entries: Sequence[Entry], clauses: Clauses, aside: Aside) -> EventArrivals:
    """The events in `entries` (none of them decisions or ticks); `aside` is told of the others."""
    records, entries = _decoded(
        entries, _decode_event, lambda entry: _quick(read_event(entry, clauses.lookup)[0]), aside
    )
    keys = [entry.key for entry in entries]
    received = _integers([entry.received for entry in entries]) * MILLISECOND_US
    clause, decided = read_keys(keys, clauses)
    position = _integers(
        [
            _POSITIONS.get(record.delivery_id[len(key) :], _UNFIT)
            if record.delivery_id.startswith(key)
            else _UNFIT
            for record, key in zip(records, keys, strict=True)
        ]
    )
    value = np.array([record.value for record in records], dtype=np.float64)
    time = np.zeros(len(records), dtype=np.int64)
    texts = [record.time for record in records]
    timed = np.array([text is not None for text in texts], dtype=np.bool_)
    fit = (clause >= 0) & (position >= 0) & (decided - received <= CLOCK_SKEW_US)
    fit &= ~(np.abs(value) > MAX_VALUE)
    fit &= np.array([entry.kind == "event" for entry in entries], dtype=np.bool_)
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
    rows = fit.nonzero()[0].tolist()
    if len(rows) < len(records):
        records, keys = [records[row] for row in rows], [keys[row] for row in rows]
        entries = [entries[row] for row in rows]
    return EventArrivals(
        key=keys,
        event_id=[record.event_id for record in records],
        clause=clause[fit],
        decided=decided[fit],
        received=received[fit],
        partition=_integers([entry.partition for entry in entries]),
        offset=_integers([entry.offset for entry in entries]),
        position=position[fit],
        type_id=_integers([clauses.type_id(record.type) for record in records]),
        value=value[fit],
        time=time[fit],
        timed=timed[fit],
    )


def _decoded(
    entries: Sequence[Entry],
    decode: Callable[[bytes], Record],
    slowly: Callable[[Entry], Record],
    aside: Aside,
) -> tuple[list[Record], Sequence[Entry]]:
    """The records of those entries that decode, and those entries."""
    try:
        return [decode(entry.body) for entry in entries], entries
    except Exception:  # noqa: BLE001 - whatever it was, it is found again and named below
        pass
    records: list[Record] = []
    kept: list[Entry] = []
    for entry in entries:
        try:
            record = decode(entry.body)
        except Exception:  # noqa: BLE001 - `record` alone says what is poison
            try:
                record = slowly(entry)
            except Poison as reason:
                aside(entry, str(reason))
                continue
        records.append(record)
        kept.append(entry)
    return records, kept


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


def _quick(event: Event) -> _QuickEvent:
    return _QuickEvent(
        event_id=event.event_id,
        delivery_id=event.delivery_id,
        type=event.type,
        value=event.value,
        time=None if event.time is None else "",
    )


def _integers(values: list[Any]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)
