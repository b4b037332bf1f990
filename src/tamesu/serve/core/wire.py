"""What is asked and what is answered, as structs: the same for every transport.

`write` gives the bytes of an answer; `tamesu.serve.core.bodies` reads what is asked. Refuses fields it does not
know, by name.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tamesu.base import Decision, InvalidInput, delivery_id
from tamesu.base.shapes import to_wire
from tamesu.base.slots import delivered_options

MAX_BATCH = 1_000
"""Most requests, or events, of one call."""

MAX_TEXT = 200
"""Most characters of a unit, a request id or an event id."""


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

    @property
    def colons(self) -> int:
        """How many colons spell it out at least: one for each key, those of its context included, and those in texts."""
        colons = 0
        if self.context is not None:
            colons = 1 + len(self.context)
            colons += sum([text.count(":") for text in self.context.values() if type(text) is str])
        for text in (self.unit, self.request_id):
            if text is not None:
                colons += 1 + text.count(":")
        if self.eligible is not None:
            colons += 1 + sum([arm.count(":") for arm in self.eligible])
        return colons


class DecisionRequests(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A batch of requests, answered in one append."""

    requests: list[DecisionRequest]

    @property
    def colons(self) -> int:
        """How many colons spell it out at least."""
        return 1 + sum([request.colons for request in self.requests])


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

    @property
    def colons(self) -> int:
        """How many colons spell it out at least."""
        colons = 1 + 2 * len(self.events)
        for event in self.events:
            if event.event_id is not None:
                colons += 1 + event.event_id.count(":")
            if event.time is not None:
                colons += 1 + event.time.count(":")
            if event.value is not None:
                colons += 1
        return colons


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


_encoder = msgspec.json.Encoder(enc_hook=to_wire)
write = _encoder.encode
"""The JSON bytes of an answer."""


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
