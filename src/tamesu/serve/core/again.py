"""`Again`: by what a request may turn out to have been answered before.

A `request_id` says that it is the same request once more; a unit of a sticky bandit, that it is to be
given what it was given before. Both are keys under which decisions are claimed. Refuses to look
whether they were.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import NamedTuple

from tamesu.base import Decision, InvalidInput, Time, parse_decision_id
from tamesu.base.slots import delivered_arms
from tamesu.serve.core.hot import Hot
from tamesu.serve.core.wire import DecisionRequest


class By(Enum):
    """What an earlier decision is known by."""

    REQUEST = "request id"
    UNIT = "unit"


class Again(NamedTuple):
    """What one decision claims; one of the two keys is there at least.

    Attributes:
        request: the key of its request id.
        unit: the key of its unit, where the bandit is sticky.
        unit_ends: until when the unit is given this decision.
        arms: what may be delivered; an earlier decision of the unit with another arm is none for it.
    """

    request: str | None
    unit: str | None
    unit_ends: Time
    arms: Collection[str]

    @classmethod
    def of(cls, hot: Hot, request: DecisionRequest, decision: Decision) -> Again | None:
        """What `decision` claims for `request`, none where nobody can ask for it again."""
        sticky = hot.declared.declaration.sticky
        if sticky is None and request.request_id is None:
            return None
        name = hot.declared.declaration.name
        decided = parse_decision_id(decision.decision_id).decided
        return cls(
            None if request.request_id is None else request_key(name, request.request_id),
            None if sticky is None else unit_key(hot, decision.variant, named(request, hot)),
            Time(decided if sticky is None else decided + sticky.ttl),
            hot.arms if request.eligible is None else frozenset(request.eligible),
        )

    def key(self, by: By) -> str | None:
        """The key of its request id or of its unit; none where there is none."""
        return self.request if by is By.REQUEST else self.unit

    def takes(self, decision: Decision) -> bool:
        """Whether an earlier decision of the unit may be given once more."""
        return all(
            arm in self.arms
            for delivery in decision.deliveries
            for arm in delivered_arms(delivery.arm, delivery.features)
        )


def request_key(bandit: str, request_id: str) -> str:
    """The name under which the decisions of `bandit` for `request_id` are claimed."""
    return f"{bandit}/{request_id}"


def unit_key(hot: Hot, variant: str | None, unit: str) -> str:
    """The name under which the decisions for `unit` are claimed.

    What ends all of them is part of it: another declaration or variant, and every command that made
    the bandit's status what it is. A bandit's name has no dot, so it is no request's key.
    """
    declared = hot.declared
    return f"{declared.declaration.name}.{declared.number}.{hot.since}.{variant or ''}/{unit}"


def named(request: DecisionRequest, hot: Hot) -> str:
    """Whom a decision of a sticky bandit is for.

    Raises:
        InvalidInput: the request does not say.
    """
    if request.unit is None:
        raise InvalidInput(
            f"bandit {hot.declared.declaration.name!r} is sticky: a request must say by unit whom "
            "the decision is for",
            hint="send unit, such as a user's or a session's id",
            field="unit",
        )
    return request.unit
