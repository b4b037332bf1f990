"""What is asked and what is answered, as structs: the same for every transport.

Refuses fields it does not know, by name; `read` gives the structs, `write` the bytes. The clear
message for a wrong body is made only when a body is wrong.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from tamesu.base import Decision, InvalidInput, TooLarge, convert, delivery_id
from tamesu.base.shapes import to_wire
from tamesu.base.slots import delivered_options

MAX_BATCH = 1_000
"""Most requests, or events, of one call."""

MAX_NESTING = 32
"""Most objects and lists within each other."""

MAX_TEXT = 200
"""Most characters of a unit, a request id or an event id."""

T = TypeVar("T")


class DecisionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a decision is asked for with.

    Attributes:
        unit: whom it is for; a sticky bandit gives the same unit the same decision for a while.
        context: what is known, by name, as the bandit declares it; `null` is a value that is missing.
        eligible: arm ids that may be chosen, none for all.
        request_id: makes a retry safe: the same id gives the same decision for ten minutes.
    """

    unit: str | None = None
    context: dict[str, Any] | None = None
    eligible: list[str] | None = None
    request_id: str | None = None


class DecisionRequests(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A batch of requests, answered in one append."""

    requests: list[DecisionRequest]


class EventRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event as a client tells it; times as text."""

    delivery_id: str
    type: str
    value: float | None = None
    time: str | None = None
    event_id: str | None = None


class EventRequests(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A batch of events."""

    events: list[EventRequest]


class DeliveryAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One delivered arm, as it is answered.

    Attributes:
        options: the option of each slot, where the arm is a combination.
    """

    delivery_id: str
    arm: str
    position: int
    propensity: float
    options: dict[str, str] | None = None


class DecisionAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A decision, as it is answered.

    Attributes:
        sticky: it was made before, for another request of the same unit.
        unclaimed: it could not be remembered by its `request_id` or its unit: asked again, another
            may be made. Absent otherwise.
    """

    decision_id: str
    snapshot: int
    variant: str | None
    fallback: bool
    sticky: bool
    deliveries: list[DeliveryAnswer]
    unclaimed: bool = False

    @classmethod
    def of(
        cls, decision: Decision, *, sticky: bool = False, unclaimed: bool = False
    ) -> DecisionAnswer:
        """The answer that a record stands for."""
        identity = decision.decision_id
        return cls(
            decision_id=identity,
            snapshot=decision.snapshot,
            variant=decision.variant,
            fallback=decision.fallback,
            sticky=sticky,
            unclaimed=unclaimed,
            deliveries=[
                DeliveryAnswer(
                    delivery_id(identity, delivery.position),
                    delivery.arm,
                    delivery.position,
                    delivery.propensity,
                    delivered_options(delivery.arm, delivery.features),
                )
                for delivery in decision.deliveries
            ],
        )


class Reader(Generic[T]):
    """Reads one shape out of JSON bytes.

    Args:
        shape: a struct type.
        where: what to call the outermost object in messages.
    """

    def __init__(self, shape: type[T], where: str) -> None:
        self._shape = shape
        self._where = where
        self._decode = msgspec.json.Decoder(shape).decode

    def __call__(self, body: bytes) -> T:
        """The struct that `body` spells out.

        Raises:
            InvalidInput: not JSON, an unknown field (named, with the close match), a wrong type.
            TooLarge: nested too deeply.
        """
        try:
            read = self._decode(body)
        except msgspec.ValidationError:
            return convert(read_json(body), self._shape, self._where, InvalidInput)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            read_json(body)
            raise
        if _may_nest(body):
            read_json(body)  # see whether it does
        return read


_anything = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder(enc_hook=to_wire)
write = _encoder.encode
"""The JSON bytes of an answer."""


def read_json(body: bytes) -> Any:
    """Plain data out of JSON bytes; of a key that stands twice in an object the last counts.

    Raises:
        InvalidInput: empty or not JSON (NaN and Infinity are none).
        TooLarge: nested deeper than `MAX_NESTING`.
    """
    if not body:
        raise InvalidInput("the body must be JSON, it is empty")
    try:
        data = _anything.decode(body)
    except RecursionError as error:
        raise too_deep() from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"the body must be JSON: {error}") from error
    if _may_nest(body) and deeper_than(data, MAX_NESTING):
        raise too_deep()
    return data


def _may_nest(body: bytes) -> bool:
    """Whether `body` has brackets enough to nest too deeply."""
    return body.count(b"{") + body.count(b"[") > MAX_NESTING


def too_deep() -> TooLarge:
    """The error for a body nested too deeply."""
    return TooLarge(f"a body may nest {MAX_NESTING} levels of objects and lists, got more")


def deeper_than(data: Any, limit: int) -> bool:
    """Whether `data` nests more than `limit` levels of objects and lists."""
    level = [data]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return any(isinstance(item, dict | list) for item in level)


def is_id(text: str) -> bool:
    """Whether `text` can be an id: 1 to `MAX_TEXT` printable characters."""
    return 0 < len(text) <= MAX_TEXT and text.isprintable()


def check_text(text: str, name: str) -> None:
    """Refuses a text that cannot be an id: empty, too long, or with unprintable characters.

    Raises:
        InvalidInput: as said; the text itself is not repeated.
    """
    if not is_id(text):
        got = f"{len(text)} characters" if text.isprintable() else "an unprintable one"
        raise InvalidInput(
            f"{name} must have 1 to {MAX_TEXT} printable characters, got {got}", field=name
        )
