"""How the events of a delivery become its reward: windows, weights, aggregates.

The clauses of `Reward` are what the join goes by; each bandit declares its own. Refuses clauses that
contradict each other, and settings that this version does not have.
"""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec

from tamesu.base.errors import InvalidDeclaration
from tamesu.base.times import DAY_US, MINUTE_US, SECOND_US, Duration, Time

IMPRESSION = "impression"
"""The one event type with a meaning of its own: the delivery was shown."""

AHEAD_US = 5 * MINUTE_US
"""How far ahead of `received` a client's time may lie and still be believed."""

SKEW_US = 5 * SECOND_US
"""How far before its decision, or its impression, an event may lie and still count as at it."""

CLOCK_SKEW_US = MINUTE_US
"""How far a decision's id may lie from its `received`; beyond it the record is poison."""

MAX_VALUE = float(1 << 31)
"""The largest magnitude of an event's value, and of a weight: keeps sums within 64 bits."""

_MOST_POSSIBLE = 10_000
"""More possible rewards than this are not listed."""


class Anchor(StrEnum):
    """Where a delivery's window starts."""

    DECISION = "decision"
    IMPRESSION = "impression"


class Aggregate(StrEnum):
    """How the values of several events of one type become one number."""

    ANY = "any"
    COUNT = "count"
    SUM = "sum"
    FIRST = "first"


class Unseen(StrEnum):
    """What becomes of a rewarding event on a delivery of which no impression came."""

    DROP = "drop"
    IMPLY = "imply"


class Examined(StrEnum):
    """Which of a decision's deliveries were examined, of those that were seen."""

    ALL = "all"
    UNTIL_CLICK = "until_click"
    """In a cascade: from the top to the first that is worth more than the default."""


class EventTerm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event type's share of the reward: `weight * min(cap, aggregate)`.

    Attributes:
        weight: reward per unit of the aggregate.
        aggregate: `any` is 0 or 1; an event without a value counts 1 in `sum` and `first`.
        cap: greatest value of the aggregate, or none.
        within: how long after the anchor events of this type count, instead of the window.
    """

    weight: float
    aggregate: Aggregate = Aggregate.ANY
    cap: float | None = None
    within: Duration | None = None


class Reward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a delivery is worth, and until when its events count.

    Attributes:
        anchor: the window starts at the decision or at the first impression; none in a declaration
            means the layout's own.
        window: how long events count from the anchor; of a session, how long at most (its cap).
        gap: of a session, how long after the newest event that counted the next may come; none for
            a window of fixed length. Written `window: {gap, cap}`.
        impression_within: how long after the decision an impression may come.
        lateness: how long behind the clock a record may arrive and still be in time.
        late: how long after the decision what arrives too late still corrects; and how old a
            client's time may be and still be believed.
        settle: age after the anchor at which observation 0 is made, from what was received by then;
            none in a declaration means the smaller of the longest window and a minute.
        events: weight and aggregate per event type.
        default: reward of a delivery with no event that counts.
        unseen: what a rewarding event does on a delivery of which no impression came.
        examined: which of those that were seen teach anything; none in a declaration means the
            layout's own: `until_click` in a cascade, `all` in any other.
        range: least and greatest reward that is expected, for what needs bounds; none where they
            follow from weights and caps, or nobody needs them. See `bounds`.
        by_term: whether corrections tell the terms that they replace, beside the reward: where there are
            objectives, each of which is told, or learnt, by itself. It is never written.
    """

    anchor: Anchor | None = None
    window: Duration = Duration(15 * MINUTE_US)
    gap: Duration | None = None
    impression_within: Duration | None = None
    lateness: Duration = Duration(10 * SECOND_US)
    late: Duration = Duration(30 * DAY_US)
    settle: Duration | None = None
    events: dict[str, EventTerm] = msgspec.field(
        default_factory=lambda: {"click": EventTerm(weight=1.0)}
    )
    default: float = 0.0
    unseen: Unseen = Unseen.DROP
    examined: Examined | None = None
    range: tuple[float, float] | None = None
    by_term: bool = False

    def last_moment(self, decided: Time) -> Time:
        """F = D + I + W + L: the last moment at which a record of this decision may be in time."""
        return Time(decided + self.within_us + self.longest_us + self.lateness)

    @property
    def within_us(self) -> int:
        """I: how long after the decision the window may start; 0 with `anchor: decision`."""
        if self.anchor is Anchor.DECISION:
            return 0
        return self.window if self.impression_within is None else self.impression_within

    @property
    def longest_us(self) -> int:
        """W: how long after the anchor an event of any type can count at most."""
        return max(
            self.window if term.within is None else term.within for term in self.events.values()
        )

    @property
    def settle_us(self) -> int:
        """Age after the anchor at which observation 0 is made."""
        return min(self.longest_us, MINUTE_US) if self.settle is None else self.settle

    @property
    def settles_early(self) -> bool:
        """Whether observation 0 is made before the delivery is final, and corrected later."""
        return self.settle_us < self.longest_us

    @property
    def until_click(self) -> bool:
        """Whether what lies below a decision's first click is unexamined: then it is told whole."""
        return self.examined is Examined.UNTIL_CLICK

    @property
    def types(self) -> tuple[str, ...]:
        """Every event type that this bandit takes, impressions first."""
        return (IMPRESSION, *self.events)

    def bounds(self) -> tuple[float, float] | None:
        """Least and greatest reward: as declared, or where weights, aggregates and caps bound it.

        None where a term has no bound (a count or a sum of values without cap) and none is declared.
        What is bounded by declaration may still come to more: whoever needs the bounds clips, and
        counts what was clipped.
        """
        if self.range is not None:
            return self.range
        low = high = 0.0
        for term in self.events.values():
            values = _bounds_of(term)
            if values is None:
                return None
            ends = sorted(term.weight * value for value in values)
            low, high = low + ends[0], high + ends[1]
        return min(low, self.default), max(high, self.default)

    def possible(self) -> frozenset[float] | None:
        """Every reward that a delivery can have, or none where they cannot be listed."""
        sums = {0.0}
        for term in self.events.values():
            values = _possible_aggregates(term)
            if values is None or len(sums) * len(values) > _MOST_POSSIBLE:
                return None
            sums = {total + term.weight * value for total in sums for value in values}
        if self.default:
            # The default stands where no event counted; every term then is at its zero.
            sums.add(self.default)
        return frozenset(sums)


def _bounds_of(term: EventTerm) -> tuple[float, float] | None:
    """Least and greatest value of a term's aggregate, or none where it has none."""
    if term.weight == 0:
        return 0.0, 0.0
    if term.aggregate is Aggregate.ANY:
        return 0.0, 1.0 if term.cap is None else min(1.0, term.cap)
    if term.aggregate is Aggregate.COUNT and term.cap is not None:
        return 0.0, term.cap
    return None  # values may be negative, so a cap bounds a sum from one side only


def _possible_aggregates(term: EventTerm) -> set[float] | None:
    if term.weight == 0:
        return {0.0}
    if term.aggregate is Aggregate.ANY:
        return {0.0, 1.0 if term.cap is None else min(1.0, term.cap)}
    if term.aggregate is Aggregate.COUNT and term.cap is not None and term.cap <= 1000:  # noqa: PLR2004 - a list longer than this is no list
        return {min(float(count), term.cap) for count in range(math.ceil(term.cap) + 1)}
    return None


def check(reward: Reward, where: str) -> None:
    """Raises `InvalidDeclaration` where the clauses of `reward` cannot hold together."""
    for name, least in (("window", 1), ("impression_within", 1), ("lateness", 0), ("late", 0)):
        _check_length(getattr(reward, name), least, f"{where}.{name}")
    if reward.anchor is Anchor.DECISION and reward.impression_within is not None:
        raise InvalidDeclaration(
            f"{where}.impression_within needs {where}.anchor: impression, got anchor: decision",
            hint="leave impression_within out",
        )
    if not reward.events:
        raise InvalidDeclaration(
            f"{where}.events must name at least one event type, got none",
            hint="for example  events: {click: 1}",
        )
    _check_number(reward.default, f"{where}.default")
    _check_range(reward, where)
    for name, term in reward.events.items():
        _check_term(name, term, where)
    _check_ages(reward, where)


def _check_ages(reward: Reward, where: str) -> None:
    _check_length(reward.gap, 1, f"{where}.window.gap")
    if reward.gap is not None and reward.gap > reward.window:
        raise InvalidDeclaration(
            f"{where}.window.gap must not be longer than its cap ({reward.window.text()}), "
            f"got {reward.gap.text()}"
        )
    if reward.settle is not None and not 0 <= reward.settle <= reward.longest_us:
        raise InvalidDeclaration(
            f"{where}.settle must lie between 0s and the longest window "
            f"({Duration(reward.longest_us).text()}), got {reward.settle.text()}",
            hint="leave settle out for the smaller of the window and 1m",
        )
    if reward.unseen is Unseen.IMPLY and reward.anchor is Anchor.DECISION:
        raise InvalidDeclaration(
            f"{where}.unseen: imply needs {where}.anchor: impression, got anchor: decision",
            hint="leave unseen out: with anchor: decision no impression is needed",
        )


def _check_range(reward: Reward, where: str) -> None:
    if reward.range is None:
        return
    low, high = reward.range
    for value in reward.range:
        _check_number(value, f"{where}.range")
    if not low < high:
        raise InvalidDeclaration(
            f"{where}.range must be [least, greatest] with least below greatest, "
            f"got [{low:g}, {high:g}]",
            hint="for example  range: [0, 1]",
        )


def _check_term(name: str, term: EventTerm, where: str) -> None:
    if name == IMPRESSION:
        raise InvalidDeclaration(
            f"{where}.events must not hold 'impression': it says that a delivery was shown and "
            "carries no reward"
        )
    if not (0 < len(name) <= 64 and name.isprintable()):  # noqa: PLR2004 - the wire's limit
        raise InvalidDeclaration(
            f"an event type must have 1 to 64 printable characters, got {name[:80]!r}"
        )
    _check_number(term.weight, f"{where}.events.{name}.weight")
    _check_length(term.within, 1, f"{where}.events.{name}.within")
    if term.cap is not None:
        _check_number(term.cap, f"{where}.events.{name}.cap")
        if term.cap <= 0:
            raise InvalidDeclaration(f"{where}.events.{name}.cap must be above 0, got {term.cap}")


def _check_length(value: Duration | None, least: int, where: str) -> None:
    if value is not None and not least <= value <= 366 * DAY_US:
        raise InvalidDeclaration(
            f"{where} must lie between {Duration(least).text()} and 366d, got {value.text()}"
        )


def _check_number(value: float, where: str) -> None:
    if not math.isfinite(value) or abs(value) > MAX_VALUE:
        raise InvalidDeclaration(f"{where} must be finite and within ±2^31, got {value}")
