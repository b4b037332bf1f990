"""What an explanation answers, as structs: a decision, made again, and what came of it.

A test holds real explanations to them. Refuses what `answers` refuses.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from tamesu.base import Time
from tamesu.join import Stage, Verdict
from tamesu.policy import Weighed
from tamesu.serve.http.openapi.answers import Told


class DecidingSnapshot(Told):
    """What decided; its version alone where it is no longer kept and cannot be made again."""

    version: int
    created: Time | UnsetType = UNSET
    watermark: Time | UnsetType | None = UNSET
    observations: int | UnsetType = UNSET
    roster: int | UnsetType = UNSET


class ToldObservation(Told):
    """A row that a delivery became.

    Attributes:
        correction: 0 is the first.
        late: whether it was made of what came too late.
        state: of a late one `expected`, `found` or `made`; else `made`.
        learnt_by: the first kept snapshot that knows of it, or none.
        outcome: how the delivery ended.
        reward, previous_reward: none where there is none.
        terms: of the reward, by event type.
        objectives: what it came to by each, in its own units; none where there are none, or no reward.
        shown: when, or none.
        closed: when the row was made.
    """

    correction: int
    late: bool
    state: Literal["expected", "found", "made"]
    learnt_by: int | None
    outcome: Literal["observed", "unshown", "unexamined"]
    reward: float | None
    previous_reward: float | None
    terms: dict[str, float]
    objectives: dict[str, float] | None
    shown: Time | None
    closed: Time


class ToldDelivery(Told):
    """A delivery, and what came of it.

    Attributes:
        delivery_id, arm, position, propensity: as answered.
        score: expected reward of the arm, when it was chosen.
        features: what the arm told of itself then; none where no belief asks for it.
        active: whether the arm still is.
        stage: how far it has come.
        anchor: where its window starts, or none.
        implied: whether an event stood for the impression.
        ends: by event type, until when events count, as things stand.
        observed_at, final_at: when its first observation is due, and when it is final.
        observations: the rows that it became.
    """

    delivery_id: str
    arm: str
    position: int
    propensity: float
    score: float
    features: dict[str, Any] | None
    active: bool
    stage: Stage
    anchor: Time | None
    implied: bool
    ends: dict[str, Time]
    observed_at: Time | None
    final_at: Time | None
    observations: list[ToldObservation]


class DeliveryAgain(Told):
    """A delivery of the second time."""

    position: int
    arm: str
    propensity: float
    score: float


class Again(Told):
    """The decision made once more.

    Attributes:
        same: whether it comes out the same, to 1e-9; none where that cannot be tried.
        difference: the largest of all numbers; none where other arms were chosen.
        deliveries: of the second time.
        figures: what the explorer made of all that was learnt, by name, such as gamma of `inverse_gap`.
        why: it cannot be tried.
    """

    same: bool | None
    difference: float | None
    deliveries: list[DeliveryAgain]
    figures: dict[str, float]
    why: str | None


class ToldArm(Weighed, frozen=True, kw_only=True):
    """What was believed of an arm, and whether it is active now."""

    active: bool


class ToldEvent(Told, rename={"class_": "class"}):
    """An event of a decision, in log order.

    Attributes:
        partition, offset, received: where it stands in the log, and since when.
        position, type, value, event_id: as sent; none where it does not read.
        said: its client's time, or none.
        time: as it was judged; none before.
        class: what became of it, in one word; `why` in more.
        row: the observation of its delivery that it is first in, or none.
    """

    partition: int
    offset: int
    received: Time
    position: int | None
    type: str | None
    value: float | None
    event_id: str | None
    said: Time | None
    time: Time | None
    class_: Verdict
    why: str
    row: int | None


class ToldAside(Told):
    """A record with the decision's id that cannot be used."""

    partition: int
    offset: int
    received: Time
    kind: str
    why: str


class NotLookedAt(Told):
    """A stretch of time in which more records may be."""

    since: Time
    until: Time
    why: str


class Explained(Told):
    """What was decided, from what, the same once more, and what came of it.

    Attributes:
        decision_id, bandit, declaration: of it.
        decided, received: when it was made, by its id; when the log took it.
        snapshot: what decided.
        unit, request_id, context, eligible, draws, fallback: as recorded.
        columns: what the policy made of the context, by column; none where no context matters.
        deliveries: what was delivered, and what came of each.
        again: made once more.
        arms: what was believed then; the delivered first, then the likeliest.
        arms_omitted, events_omitted: how many more there are.
        learnt_until: the watermark up to which the trainer knows the log.
        events: that came.
        recorded_again: how often the decision stands in the log once more.
        set_aside: records with its id that cannot be used.
        in_time_until, corrected_until: what is received from then on is too late; corrects nothing.
        not_looked_at: where more records may be.
    """

    decision_id: str
    bandit: str
    declaration: int
    decided: Time
    received: Time
    snapshot: DecidingSnapshot
    unit: str | None
    request_id: str | None
    context: dict[str, Any] | None
    columns: dict[str, float] | None
    eligible: list[str] | None
    draws: int | None
    fallback: bool
    deliveries: list[ToldDelivery]
    again: Again
    arms: list[ToldArm]
    arms_omitted: int
    learnt_until: Time | None
    events: list[ToldEvent]
    events_omitted: int
    recorded_again: int
    set_aside: list[ToldAside]
    in_time_until: Time
    corrected_until: Time
    not_looked_at: list[NotLookedAt]
