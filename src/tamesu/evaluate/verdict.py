"""The verdict: how far an evaluation can be trusted, with every reason. All limits stand here.

*Trustworthy* means that nothing speaks against it, *weak* that intervals may be too narrow or miss something that
is named, *refuse* that whatever number comes out says more about luck or an error in the log than about the policy.
Refuses to compute anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from tamesu.evaluate.diagnostics import Diagnostics


class Trust(Enum):
    """How far."""

    TRUSTWORTHY = "trustworthy"
    WEAK = "weak"
    REFUSE = "refuse"


class Limit(NamedTuple):
    """From where on something is weak, and from where on refused; none where it never is."""

    weak: float
    refuse: float | None
    why: str


LIMITS = {
    "effective rounds": Limit(
        500, 50, "coverage of 95 % was shown from 500 on; below 50 an error is itself a guess"
    ),
    "effective clusters": Limit(
        100, 20, "an error is estimated from so many numbers; from few, it is too small"
    ),
    "effective rewards": Limit(
        30, None, "intervals are symmetric, and the sum of a few rare rewards is not"
    ),
    "missing weight": Limit(
        0.01, 0.5, "what the target policy does there is in no round, so its reward is left out"
    ),
    "untried": Limit(0.01, 0.5, "of arms that were never chosen a log says nothing"),
    "evidence": Limit(
        3, 6, "log10 of what bets against the propensities won: 6 is luck once in a million logs"
    ),
    "made again": Limit(
        1e-3,
        0.1,
        "where the snapshot that decided gives another chance than was logged, one is wrong",
    ),
    "drift": Limit(
        5, None, "in standard errors between the halves; an estimate is of both together"
    ),
    "unshown": Limit(0.5, None, "either nobody looks, or impressions do not arrive"),
    "same rewards": Limit(0, None, "an interval of rounds that all earned the same is a point"),
}
"""By what is measured. Of the first three, less is worse; of the others more is."""

TELLING_SHARE = 0.02
"""Of all weight; who carries more is told of by itself."""

ERRORS = 4.0
"""Standard errors that a mean weight must lie below 1 besides: with few rounds it does so by chance."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What speaks against an evaluation.

    Attributes:
        what: a key of `LIMITS`.
        trust: `WEAK` or `REFUSE`.
        told: in words, with the figures.
    """

    what: str
    trust: Trust
    told: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far an evaluation can be trusted.

    Attributes:
        trust: by the worst reason.
        reasons: the worst first; none where it is trustworthy.
    """

    trust: Trust
    reasons: tuple[Reason, ...]

    @classmethod
    def by(cls, reasons: Iterable[Reason]) -> Verdict:
        """The worst of them says it; trustworthy without any."""
        ordered = tuple(sorted(reasons, key=lambda one: one.trust.value))
        return cls(ordered[0].trust if ordered else Trust.TRUSTWORTHY, ordered)


def verdict_of(found: Diagnostics) -> Verdict:
    """The verdict on these."""
    return Verdict.by(reason for look in _LOOKS for reason in look(found))


def made_again(deliveries: int, apart: float) -> tuple[Reason, ...]:
    """What it says of a log that propensities which are made again from snapshots are others.

    Args:
        deliveries: so many were looked at.
        apart: mean of |logged - again| / max(logged, again).
    """
    told = (
        f"of {deliveries:,} propensities that were made again from the snapshots that decided, what was logged lies "
        f"{apart:.1%} apart in the mean"
    )
    return tuple(_above("made again", apart, told))


def _below(what: str, measured: float, told: str, more: str = "") -> Iterator[Reason]:
    limit = LIMITS[what]
    if limit.refuse is not None and measured < limit.refuse:
        yield Reason(what, Trust.REFUSE, f"{told}, less than {limit.refuse:g}{more}")
    elif measured < limit.weak:
        yield Reason(what, Trust.WEAK, f"{told}, less than {limit.weak:g}{more}")


def _above(what: str, measured: float, told: str) -> Iterator[Reason]:
    limit = LIMITS[what]
    if limit.refuse is not None and measured > limit.refuse:
        yield Reason(what, Trust.REFUSE, told)
    elif measured > limit.weak:
        yield Reason(what, Trust.WEAK, told)


def _effective(found: Diagnostics) -> Iterator[Reason]:
    weights = found.weights
    told = f"these rounds are worth {_number(weights.effective)} of the target policy's"
    largest = (
        f": the largest weight is {_number(weights.largest)}, and that one round carries "
        f"{weights.largest_share:.0%} of all"
    )
    many = weights.largest_share > TELLING_SHARE
    yield from _below("effective rounds", weights.effective, told, largest if many else "")
    if found.clusters < found.rounds:
        told = f"their units are worth {_number(weights.effective_clusters)} of the target policy's"
        yield from _below("effective clusters", weights.effective_clusters, told)


def _rewards(found: Diagnostics) -> Iterator[Reason]:
    effective = found.weights.effective_rewards
    if effective <= 0.0:
        told = (
            "all rounds that count for the target policy earned the same: the interval says nothing"
        )
        yield Reason("same rewards", Trust.WEAK, told)
        return
    told = f"all hangs on about {_number(effective)} rounds that earned something else than most"
    yield from _below("effective rewards", effective, told)


def _support(found: Diagnostics) -> Iterator[Reason]:
    weights = found.weights
    missing = 1.0 - weights.mean
    if missing > ERRORS * weights.error:
        told = (
            f"the weights have the mean {weights.mean:.3f} and not 1: {missing:.1%} of what the target "
            "policy does was hardly ever done, or propensities are too large"
        )
        yield from _above("missing weight", missing, told)
    told = f"{weights.untried:.1%} of what the target policy does is arms that were never chosen"
    yield from _above("untried", weights.untried, told)


def _calibration(found: Diagnostics) -> Iterator[Reason]:
    bets = found.calibration
    limit = LIMITS["evidence"].refuse or math.inf
    cannot = "cannot" if bets.evidence > limit else "can hardly"
    told = (
        f"the propensities {cannot} be right: with right ones so much would be won by betting on {bets.against!r} in one of "
        f"10^{bets.evidence:.3g} logs at most; they are too small, swapped between rows, of another policy, or of one choice that stands in many rows"
    )
    yield from _above("evidence", bets.evidence, told)


def _drift(found: Diagnostics) -> Iterator[Reason]:
    apart = found.drift.target
    if not math.isnan(apart):
        # In errors alone: where the verdict refuses, what it earns in the halves is not told either.
        went = "rose" if apart > 0.0 else "fell"
        far = "infinitely many" if math.isinf(apart) else _number(abs(apart))
        told = (
            f"what the target policy earns {went} by {far} standard errors from the first half to the "
            "second: the estimate is of neither"
        )
        yield from _above("drift", abs(apart), told)


def _unshown(found: Diagnostics) -> Iterator[Reason]:
    share = 1.0 - found.shown / found.rounds if found.rounds else 0.0
    told = f"{share:.0%} of the deliveries were seen by nobody"
    yield from _above("unshown", share, told)


def _number(measured: float) -> str:
    return f"{measured:,.0f}" if measured >= 100 else f"{measured:.2g}"  # noqa: PLR2004 - digits in a sentence


_LOOKS: tuple[Callable[[Diagnostics], Iterator[Reason]], ...] = (
    _effective,
    _rewards,
    _support,
    _calibration,
    _drift,
    _unshown,
)
