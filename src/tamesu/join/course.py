"""`Course`: how one delivery went, from its anchor to its last correction.

What the rules fill in: `in_time` first, then `latecomers`. Refuses to judge an event, and to change
a row that stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import msgspec

from tamesu.base import Anchor, Decision, Delivery, Observation, Outcome, Reward, Time
from tamesu.join.verdict import Heard
from tamesu.join.window import Window
from tamesu.join.worth import Worth


class Stage(StrEnum):
    """How far a delivery has come."""

    AWAITED = "awaited"
    """It has no anchor yet: its impression may still come."""
    SETTLING = "settling"
    """It has its anchor; the first observation is not due, in a cascade that of all deliveries."""
    CORRECTING = "correcting"
    """It was observed, and events in time may still correct that."""
    FINAL = "final"
    """Only what comes too late can correct it."""


class Row(NamedTuple):
    """One observation of a delivery, and what it came from.

    Attributes:
        observation: its `correction` is its place among the delivery's rows.
        accepted: when the newest event behind it was received, none without one.
        moved: of a correction that came too late, what it changes of the counts; else none.
    """

    observation: Observation
    accepted: Time | None
    moved: Mapping[str, int] | None = None


@dataclass(slots=True, kw_only=True)
class Course:
    """How one delivery went.

    Attributes:
        decision, delivery, decided: as it was decided; D.
        reward: the clauses.
        due: when its first observation is made, as things stand.
        final: from when on only what came too late can change it, as things stand.
        worth: what the events make of it that are in the newest row.
        window: where its events count; none while, or for good where, it has no anchor.
        impression: the first in time, none without one.
        implied: whether an event stood for the impression that did not come.
        counted: events that count, in log order.
        cut: what is received from then on is not in observation 0; none where all that counts is.
        stage: how far it has come.
        rows: observation 0 and its corrections, as many as are given by now.
    """

    decision: Decision
    delivery: Delivery
    decided: Time
    reward: Reward
    due: Time
    final: Time
    worth: Worth
    window: Window | None = None
    impression: Heard | None = None
    implied: bool = False
    counted: list[Heard] = field(default_factory=list)
    cut: Time | None = None
    stage: Stage = Stage.AWAITED
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def begin(cls, decision: Decision, delivery: Delivery, decided: Time, reward: Reward) -> Course:
        """A delivery of which nothing was heard: its impression may come until D + I + L."""
        awaited = Time(decided + reward.within_us + reward.lateness)
        return cls(
            decision=decision,
            delivery=delivery,
            decided=decided,
            reward=reward,
            due=awaited,
            final=awaited,
            worth=Worth(reward),
        )

    @property
    def shown_until(self) -> Time:
        """From when on an impression is none: D + I; with `anchor: decision`, D + window."""
        by_decision = self.reward.anchor is Anchor.DECISION
        return Time(self.decided + (self.reward.window if by_decision else self.reward.within_us))

    @property
    def settled(self) -> Time:
        """Its anchor and `settle`; of one without an anchor when it is due."""
        return self.due if self.window is None else Time(self.window.start + self.reward.settle_us)

    def in_first(self, one: Heard) -> bool:
        """Whether something received with `one` is in observation 0."""
        return self.cut is None or one.received < self.cut

    def told(self, outcome: Outcome) -> int:
        """The reward that its row says, if it ends so."""
        return self.worth.reward if outcome is Outcome.OBSERVED else 0

    def observe(self, outcome: Outcome) -> None:
        """Adds observation 0, from the worth as it is now."""
        decision, delivery = self.decision, self.delivery
        first = [one for one in self.counted if self.in_first(one)]
        known = self.impression is not None and self.in_first(self.impression)
        row = Observation(
            decision_id=decision.decision_id,
            position=delivery.position,
            correction=0,
            experiment=decision.experiment,
            variant=decision.variant,
            unit=decision.unit,
            arm=delivery.arm,
            context=decision.context,
            eligible=decision.eligible,
            propensity=delivery.propensity,
            score=delivery.score,
            draws=decision.draws,
            fallback=decision.fallback,
            outcome=outcome,
            reward=self.told(outcome),
            previous_reward=None,
            terms=self.worth.terms,
            decided=self.decided,
            shown=self._shown(known=known),
            closed=self.due,
            snapshot=decision.snapshot,
            features=delivery.features,
        )
        self.rows.append(Row(row, first[-1].received if first else None))

    def correct(self, by: Heard, outcome: Outcome, moved: Mapping[str, int] | None = None) -> None:
        """Adds the next correction, made by the event `by`, from the worth as it is now."""
        last = self.rows[-1].observation
        known = last.shown is not None or (
            self.impression is not None and self.impression.entry.offset < by.entry.offset
        )
        taught = last.outcome is Outcome.OBSERVED
        row = msgspec.structs.replace(
            last,
            correction=last.correction + 1,
            outcome=outcome,
            reward=self.told(outcome),
            previous_reward=last.reward if taught else None,
            previous_terms=last.terms if taught and self.reward.by_term else None,
            terms=self.worth.terms,
            shown=self._shown(known=known),
            closed=max(by.received, last.closed),
        )
        self.rows.append(Row(row, by.received, moved))

    def _shown(self, *, known: bool) -> Time | None:
        """When it was shown: its anchor; with `anchor: decision`, if that is `known` by then."""
        if self.reward.anchor is Anchor.IMPRESSION:
            return None if self.window is None else Time(self.window.start)
        return self.impression.time if known and self.impression is not None else None
