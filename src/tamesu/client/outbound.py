"""What a client sends: every request and event has its id before the first try.

So a retry is the same request, and the server answers it once. Refuses what cannot be said in JSON.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from numbers import Integral, Real
from typing import Any

import msgspec

from tamesu.base import InvalidInput, Time, parse_delivery_id
from tamesu.client.decided import Decided, Delivered

MOST = 1_000
"""Most requests, or events, of one call to a server."""

MOST_BYTES = (1 << 20) - 1_024
"""Most bytes of them: a server takes bodies of 1 MiB, and the mapping around them takes some."""


def with_request_id(request: Mapping[str, Any]) -> dict[str, Any]:
    """`request` without its nones, and with a request id.

    Raises:
        InvalidInput: it is no mapping.
    """
    _check_mapping(request, "a request")
    said = {name: value for name, value in request.items() if value is not None}
    said.setdefault("request_id", uuid.uuid4().hex)
    return said


def requests_of(requests: int | Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each request with its id; a number stands for that many of no particulars.

    Raises:
        InvalidInput: a number below 0, what holds none, or what is no mapping.
    """
    if not isinstance(requests, int | Integral):
        several = _several(requests, "requests must be a number, or hold one mapping each")
        return [with_request_id(request) for request in several]
    if requests < 0:
        raise InvalidInput(f"a number of requests must be 0 or more, got {requests}")
    return [with_request_id({}) for _ in range(int(requests))]


def events_said(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each event with its id and its time as text.

    Raises:
        InvalidInput: what holds none, or what is no mapping, or a time that is none.
    """
    several = _several(events, "events must hold one mapping each")
    return [with_event_id(event) for event in several]


def _several(members: Any, must: str) -> Iterable[Any]:
    """`members`, of which there may be several."""
    if isinstance(members, str | bytes | Mapping) or not isinstance(members, Iterable):
        raise InvalidInput(
            f"{must}, got {type(members).__name__}", hint="write one as a list: [{...}]"
        )
    return members


def with_event_id(event: Mapping[str, Any]) -> dict[str, Any]:
    """`event` without its nones, with an event id and its time as text.

    Raises:
        InvalidInput: it is no mapping, or its time is none.
    """
    _check_mapping(event, "an event")
    said = {name: value for name, value in event.items() if value is not None}
    said.setdefault("event_id", uuid.uuid4().hex)
    if "time" in said:
        said["time"] = time_text(said["time"])
    return said


def _check_mapping(member: object, name: str) -> None:
    if not isinstance(member, Mapping):
        raise InvalidInput(f"{name} must be a mapping of its fields, got {type(member).__name__}")


def time_text(time: datetime | Time | str) -> str:
    """A time as it is sent.

    Raises:
        InvalidInput: a datetime without a zone, or what is no time.
    """
    if isinstance(time, Time):
        return time.text()
    if isinstance(time, str):
        return time
    if not isinstance(time, datetime):
        raise InvalidInput(
            f"a time must be a datetime with a zone, a Time or a text, got {type(time).__name__}",
            hint="use datetime.now(UTC), or a text such as 2026-01-31T12:00:00Z",
            field="time",
        )
    if time.tzinfo is None:
        raise InvalidInput("a time must have a zone, got one without", hint="use datetime.now(UTC)")
    return f"{time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def json_bytes(data: Any) -> bytes:
    """`data` as JSON; numbers of other libraries, NumPy's say, as plain ones.

    Raises:
        InvalidInput: a number that is not finite, or what JSON has no form for.
    """
    try:
        said = msgspec.json.encode(data, enc_hook=_plain_number)
    except (TypeError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidInput(f"what is sent must be plain data in Unicode: {error}") from error
    if b"null" in said:
        _refuse_not_finite(data)  # for which the encoder writes null, and nobody would know
    return said


def _plain_number(value: Any) -> int | float:
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return _finite(float(value))
    raise TypeError(f"got {type(value).__name__}")


def _refuse_not_finite(data: Any) -> None:
    if isinstance(data, float):
        _finite(data)
    elif isinstance(data, Mapping):
        for value in data.values():
            _refuse_not_finite(value)
    elif isinstance(data, list | tuple):
        for value in data:
            _refuse_not_finite(value)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise InvalidInput(f"a number must be finite to be sent, got {value}")
    return value


def events_of(
    subject: Decided | Delivered | str,
    type: str,  # noqa: A002 - the field's name
    value: float | None = None,
    time: datetime | Time | str | None = None,
    event_id: str | None = None,
) -> list[dict[str, Any]]:
    """One event per delivery of `subject`, as they are sent, whole: see `Client.track`.

    Raises:
        InvalidInput: an id that is none of a delivery, a time without a zone, or what JSON cannot say.
    """
    ids = delivery_ids(subject)
    events = [
        with_event_id(
            {
                "delivery_id": delivery_id,
                "type": type,
                "value": value,
                "time": time,
                "event_id": event_id
                if event_id is None or len(ids) == 1
                else f"{event_id}-{place}",
            }
        )
        for place, delivery_id in enumerate(ids)
    ]
    for event in events:
        _check(event)
    return events


def _check(event: Mapping[str, Any]) -> None:
    """Refuses what no server would take: said now, it reaches whoever made the mistake."""
    parse_delivery_id(event["delivery_id"])
    for name in ("type", "event_id"):
        if not isinstance(event.get(name), str):
            raise InvalidInput(
                f"an event's {name} must be text, got {type(event.get(name)).__name__}"
            )
    value = event.get("value", 1)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InvalidInput(f"an event's value must be a number, got {type(value).__name__}")
    if "time" in event:
        Time.parse(event["time"])
    json_bytes(event)


def delivery_ids(subject: Decided | Delivered | str) -> list[str]:
    """The ids of the deliveries that an event speaks of.

    Raises:
        InvalidInput: it is no decision, no delivery and no text.
    """
    if isinstance(subject, Decided):
        return [delivery.delivery_id for delivery in subject]
    if isinstance(subject, Delivered):
        return [subject.delivery_id]
    if isinstance(subject, str):
        return [subject]
    raise InvalidInput(
        f"an event must speak of a decision, a delivery or its id, got {type(subject).__name__}"
    )


def parts(members: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, list[msgspec.Raw]]]:
    """`members` as JSON, in parts that a server takes, each with the index of its first.

    A member that is too large by itself makes a part of its own, for the server to refuse.
    """
    start = size = 0
    part: list[msgspec.Raw] = []
    for index, member in enumerate(members):
        said = json_bytes(member)
        if part and (len(part) == MOST or size + len(said) >= MOST_BYTES):
            yield start, part
            start, size, part = index, 0, []
        part.append(msgspec.Raw(said))
        size += len(said) + 1
    if part:
        yield start, part
