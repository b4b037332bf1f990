"""Ids that carry what is needed to judge an event without a look-up.

A decision id is `<bandit>.<declaration>.<uuid7>`, a delivery id `<decision id>-<position>`. From the
text alone follow the bandit, the number of its declaration and the moment of the decision, so a
tracker needs no store and a join knows from the first event how long to wait. Refuses to draw
randomness: the random bits are arguments.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tamesu.base.errors import InvalidInput
from tamesu.base.times import MILLISECOND_US, Time

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_DECISION = re.compile(
    r"([a-z0-9][a-z0-9-]{0,62})\.([1-9][0-9]{0,8})\.([0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15})"
)
_DELIVERY = re.compile(
    r"(([a-z0-9][a-z0-9-]{0,62})\.([1-9][0-9]{0,8})\.([0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}))"
    r"-(0|[1-9][0-9]{0,3})"
)

RANDOM_BYTES = 10
"""How many random bytes one id takes (74 of the 80 bits are used)."""


class DecisionId(NamedTuple):
    """What a decision id says: bandit, number of the declaration, moment of the decision."""

    bandit: str
    declaration: int
    decided: Time


class DeliveryId(NamedTuple):
    """What a delivery id says: the decision id as text, what that says, and the position from 0."""

    decision_id: str
    bandit: str
    declaration: int
    decided: Time
    position: int


def is_bandit_name(text: str) -> bool:
    """Whether `text` may name a bandit: 1 to 63 of a-z, 0-9 and -, not starting with -."""
    return _NAME.fullmatch(text) is not None


def uuid7(unix_ms: int, random: bytes) -> str:
    """A version 7 UUID (RFC 9562) as 32 hex digits.

    Args:
        unix_ms: milliseconds since the epoch, 48 bits.
        random: `RANDOM_BYTES` random bytes.
    """
    bits = int.from_bytes(random, "big")
    value = (
        (unix_ms & 0xFFFF_FFFF_FFFF) << 80
        | 0x7 << 76
        | (bits >> 62 & 0xFFF) << 64
        | 0b10 << 62
        | bits & 0x3FFF_FFFF_FFFF_FFFF
    )
    return f"{value:032x}"


def decision_id(bandit: str, declaration: int, uuid: str) -> str:
    """The id of a decision of `bandit` under its declaration number `declaration`."""
    return f"{bandit}.{declaration}.{uuid}"


def delivery_id(decision: str, position: int) -> str:
    """The id of the delivery at `position` (from 0) of the decision with this id."""
    return f"{decision}-{position}"


def parse_decision_id(text: str) -> DecisionId:
    """What a decision id says.

    Raises:
        InvalidInput: it does not parse.
    """
    found = _DECISION.fullmatch(text)
    if found is None:
        raise InvalidInput.bad_id("decision", text, "<bandit>.<declaration>.<uuid7>")
    bandit, number, uuid = found.groups()
    return DecisionId(bandit, int(number), Time(int(uuid[:12], 16) * MILLISECOND_US))


def parse_delivery_id(text: str) -> DeliveryId:
    """What a delivery id says.

    Example:
        >>> said = parse_delivery_id("home-banner.1.0193b2c4d5e67abc8def0123456789ab-0")
        >>> said.bandit, said.declaration, said.decided.text(), said.position
        ('home-banner', 1, '2024-12-10T22:51:04.550000Z', 0)

    Raises:
        InvalidInput: it does not parse.
    """
    found = _DELIVERY.fullmatch(text)
    if found is None:
        raise InvalidInput.bad_id("delivery", text, "<bandit>.<declaration>.<uuid7>-<position>")
    decision, bandit, number, uuid, position = found.groups()
    decided = Time(int(uuid[:12], 16) * MILLISECOND_US)
    return DeliveryId(decision, bandit, int(number), decided, int(position))
