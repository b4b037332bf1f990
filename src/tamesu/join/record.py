"""One record by itself: what an entry of the log says, or why it is set aside.

Everything here follows from the entry's own fields and its declaration, never from other entries.
Refuses to judge what needs a second record.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from tamesu.base import (
    Decision,
    DecisionId,
    DeliveryId,
    Entry,
    Event,
    InvalidInput,
    Kind,
    Reward,
    decode_decision,
    decode_event,
    parse_decision_id,
    parse_delivery_id,
)
from tamesu.base.reward import CLOCK_SKEW_US, MAX_VALUE
from tamesu.base.times import MILLISECOND_US

Lookup = Callable[[str, int], Reward | None]
"""The clauses of a bandit's declaration, by name and number; none where there is no such thing."""

MAX_POSITION = 9_999
"""The last position that a delivery id can name."""

UNDECODED = (msgspec.MsgspecError, InvalidInput, ValueError, RecursionError)
"""What a body that is no record, or an id that is none, can raise."""

_INT64 = 1 << 63


class Poison(Exception):
    """Why a record cannot be used; never leaves the join."""


def named_bandit(key: str, lookup: Lookup) -> str:
    """The bandit under which a record with this key is counted; empty where none can be named."""
    try:
        place = parse_decision_id(key)
    except InvalidInput:
        return ""
    return place.bandit if lookup(place.bandit, place.declaration) is not None else ""


def read_decision(entry: Entry, lookup: Lookup) -> tuple[Decision, DecisionId, Reward]:
    """The decision in `entry`, what its id says, and its clauses.

    Raises:
        Poison: it cannot be used; the text says why.
    """
    try:
        decision = decode_decision(entry.body)
        place = parse_decision_id(decision.decision_id)
    except UNDECODED as error:
        raise Poison(why(error)) from error
    if decision.decision_id != entry.key:
        raise Poison("the key of the entry is not the decision's id")
    reward = lookup(place.bandit, place.declaration)
    if reward is None:
        raise Poison("no such bandit or declaration")
    if abs(place.decided - entry.received * MILLISECOND_US) > CLOCK_SKEW_US:
        raise Poison("the decision's time is more than the clock skew away from its receipt")
    _check_decision(decision)
    return decision, place, reward


def _check_decision(decision: Decision) -> None:
    """Raises `Poison` where the numbers of a decision cannot be."""
    positions = {delivery.position for delivery in decision.deliveries}
    if len(positions) != len(decision.deliveries):
        raise Poison("two deliveries at one position")
    if not all(0 <= position <= MAX_POSITION for position in positions):
        raise Poison(f"a position outside 0..{MAX_POSITION}")
    if not all(
        math.isfinite(delivery.propensity) and math.isfinite(delivery.score)
        for delivery in decision.deliveries
    ):
        raise Poison("a propensity or a score that is not finite")
    if not (0 <= decision.snapshot < _INT64 and 0 <= (decision.draws or 0) < _INT64):
        raise Poison("a snapshot or a number of draws below 0 or beyond 64 bits")


def read_event(entry: Entry, lookup: Lookup) -> tuple[Event, DeliveryId, Reward]:
    """The event in `entry`, what its delivery id says, and its clauses.

    Raises:
        Poison: it cannot be used; the text says why.
    """
    if entry.kind != Kind.EVENT:
        raise Poison("no such kind of record")
    try:
        event = decode_event(entry.body)
        place = parse_delivery_id(event.delivery_id)
    except UNDECODED as error:
        raise Poison(why(error)) from error
    if place.decision_id != entry.key:
        raise Poison("the key of the entry is not the decision id of the event's delivery")
    reward = lookup(place.bandit, place.declaration)
    if reward is None:
        raise Poison("no such bandit or declaration")
    if place.decided - entry.received * MILLISECOND_US > CLOCK_SKEW_US:
        raise Poison("the decision's time lies more than the clock skew ahead of the event")
    if event.value is not None and not abs(event.value) <= MAX_VALUE:
        raise Poison("a value that is not finite or beyond 2^31")
    return event, place, reward


def why(error: Exception) -> str:
    """What to say of a record that does not decode, in a bounded length."""
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
