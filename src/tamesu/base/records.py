"""The records of the log, and their bytes.

One log, keyed by decision id, holds decisions, events and ticks as JSON; snapshots live in the
store. Every record carries `v`; unknown fields are ignored, so that old and new versions read each
other. Refuses to stamp times or draw ids: both come from ports.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from tamesu.base.shapes import from_wire, to_wire
from tamesu.base.times import Time

VERSION = 1


class Kind(StrEnum):
    """What an entry of the log holds."""

    DECISION = "decision"
    EVENT = "event"
    TICK = "tick"


class Delivery(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One delivered arm.

    Attributes:
        position: from 0.
        arm: its id.
        propensity: probability with which it was chosen, given the arms placed before it.
        score: expected reward when chosen.
        features: what the arm told of itself when it was chosen; none where no belief asks for it.
    """

    position: int
    arm: str
    propensity: float
    score: float
    features: dict[str, Any] | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One answered request, exactly as it was decided.

    Attributes:
        snapshot: version of the snapshot that decided; 0 is the prior.
        eligible: arm ids that might be chosen, or none for all active.
        draws: Monte Carlo draws behind the propensities, none where they are exact.
        fallback: whether the declared fallback answered instead of the policy.
    """

    decision_id: str
    snapshot: int
    deliveries: tuple[Delivery, ...]
    experiment: str | None = None
    variant: str | None = None
    unit: str | None = None
    request_id: str | None = None
    context: dict[str, Any] | None = None
    eligible: tuple[str, ...] | None = None
    draws: int | None = None
    fallback: bool = False
    v: int = VERSION


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One raw fact from the product.

    Attributes:
        value: none counts as 1.
        time: when it happened by the client's clock, none where the client did not say.
    """

    event_id: str
    delivery_id: str
    type: str
    value: float | None = None
    time: Time | None = None
    v: int = VERSION


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """Moves time where nobody writes."""

    v: int = VERSION


class Entry(NamedTuple):
    """A record as it stands in the log.

    Attributes:
        partition, offset: its place; offsets rise within a partition, from 0, possibly with gaps.
        received: milliseconds since the epoch, stamped by the log, never falling in a partition.
        key: the decision id, or empty for a tick.
        kind: a `Kind`'s text.
        body: JSON.
    """

    partition: int
    offset: int
    received: int
    key: str
    kind: str
    body: bytes


class Draft(NamedTuple):
    """A record on its way into the log: what the writer knows of an `Entry`."""

    key: str
    kind: str
    body: bytes


class Status(StrEnum):
    """What a bandit does with what it observes."""

    LEARNING = "learning"
    FROZEN = "frozen"
    """What it serves is pinned; what it observes waits for `resume`."""
    ROLLED_BACK = "rolled_back"
    """It serves what an older version had learnt; what it observes since waits for `resume`."""
    DELETED = "deleted"
    """It serves nothing; what is still under way is joined and archived."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A numbered saved state of a bandit. Immutable; versions 1, 2, 3 … per bandit.

    Attributes:
        state: bytes that the declaration's belief reads back.
        watermark: the log's time up to which observations are in it.
        observations: how many observations it has learnt from, in all.
        ready: when the watermark reached the earliest due time among what this version added; with
            the time of the first decision it serves, the freshness.
        accepted: when the earliest event this version learnt from was accepted, none if there was
            none; the same for the learning delay.
        roster: number of the roster that says which arms were active; 0 is the declaration's.
        status: what the bandit does with what it observes, from this version on.
        since: the version of which a command last made that status what it is, 0 where none did: of
            two freezes each has its own. It ends sticky decisions of before.
        learns_from: observations of deliveries under older declarations teach it nothing.
        learns_after: deliveries decided up to this moment teach it nothing more, nor what corrects
            them: it was rolled back then, and does not know which of them it has forgotten.
        read: per partition the offset up to which the log was learnt from, of one that a command made
            as of the commit before; none in snapshots that older versions of Tamesu made.
    """

    bandit: str
    declaration: int
    version: int
    state: bytes
    created: Time
    watermark: Time
    observations: int
    ready: Time | None = None
    accepted: Time | None = None
    roster: int = 0
    status: Status = Status.LEARNING
    since: int = 0
    learns_from: int = 1
    learns_after: Time = Time(0)
    read: tuple[int, ...] = ()
    v: int = VERSION


_encoder = msgspec.json.Encoder(enc_hook=to_wire)
_decision = msgspec.json.Decoder(Decision, dec_hook=from_wire)
_event = msgspec.json.Decoder(Event, dec_hook=from_wire)

encode = _encoder.encode
"""The JSON bytes of a record."""

decode_decision = _decision.decode
"""A `Decision` out of its JSON bytes; raises `msgspec.MsgspecError` or `InvalidInput`."""

decode_event = _event.decode
"""An `Event` out of its JSON bytes; raises `msgspec.MsgspecError` or `InvalidInput`."""

TICK = Draft("", Kind.TICK.value, encode(Tick()))
"""The tick, ready to be appended."""
