"""What a bandit's archive says of a period, as structs: the same for every transport.

Refuses to compute any of it: see `earned` and `delays`.
"""

from __future__ import annotations

import msgspec

from tamesu.base import Time
from tamesu.experiment import Compared


class ArmResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one arm had in a period; in a layout with a belief for each position, what it had there.

    Attributes:
        position: of which the others speak; none where one belief serves all positions.
        deliveries: made; those of fallbacks too.
        fallbacks: those of them that a fallback chose.
        observed: those of the others that were observed; the rest was not shown.
        reward: of those observed, together.
        mean: of those observed; none without any.
        objectives: the mean of each objective by name, in its own units; none where there are none, or
            nothing is known of them.
    """

    arm: str
    position: int | None = None
    deliveries: int
    fallbacks: int
    observed: int
    reward: float
    mean: float | None
    objectives: dict[str, float] | None = None


class ResultWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a period.

    Attributes:
        since, until: from when until before when, by the decision's time.
        deliveries, observed, reward: as of an arm, all arms together.
        compared: first positions, beside uniform choice.
    """

    since: Time
    until: Time
    deliveries: int
    observed: int
    reward: float
    compared: Compared


class ObjectiveResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a period came to by one objective.

    Attributes:
        range: what it is brought to [0, 1] by.
        mean: of those observed, in its own units; none without any.
        scaled: where the mean lies in the range; beyond 1 where it lies outside.
    """

    name: str
    range: tuple[float, float]
    mean: float | None
    scaled: float | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a period came to by several objectives.

    Attributes:
        kind: how they become one number.
        objectives: in the order declared.
        welfare: that number, of the means, in [0, 1]: by shares, or by rank; none without any observed.
        left_out: observed under declarations that wanted other things, or archived by an older version.
    """

    kind: str
    objectives: list[ObjectiveResult]
    welfare: float | None
    left_out: int = 0


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that cannot be compared with uniform choice, by why.

    Attributes:
        fallbacks: a fallback chose.
        unknown: among how many they were chosen is not known.
    """

    fallbacks: int = 0
    unknown: int = 0


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the reward has come at an age."""

    age: str
    share: float


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """How late rewards come.

    Attributes:
        decisions: that were looked at; each had been followed for the time `followed`.
        sampled: which share of all decisions that is meant to be.
        events: rewarding ones among what came of them.
        window: that the bandit has now; the longest, where event types differ.
        inside: share of the reward that came within it; none without an event.
        quantiles_s: seconds within which 50, 90, 95 and 99 of 100 of the reward came; none without it.
        suggested: the shortest window that catches 99 %; none from few events, or where none does.
        points: the curve.
    """

    followed: str
    decisions: int
    sampled: float
    events: int
    window: str
    inside: float | None
    quantiles_s: dict[str, float] | None
    suggested: str | None
    points: list[CurvePoint]


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What a bandit's archive says of a period.

    Attributes:
        since, until: from when until before when, by the decision's time.
        window: length of each of `windows`.
        deliveries, observed, reward: all arms together.
        arms: each that was delivered, by id and position.
        compared: first positions, beside uniform choice.
        left_out: rows that are not compared.
        windows: the oldest first.
        delay: how late rewards come; none where no records can be looked at.
        wanted: by objective; none where there is one reward.
    """

    since: Time
    until: Time
    window: str
    deliveries: int
    observed: int
    reward: float
    arms: list[ArmResult]
    compared: Compared
    left_out: LeftOut
    windows: list[ResultWindow]
    delay: Delay | None
    wanted: Wanted | None = None
