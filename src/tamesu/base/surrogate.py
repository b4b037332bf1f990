"""`Surrogate`: where the weights of a reward come from that stands for a later value.

Written under `reward.surrogate` by `tamesu learn surrogate`, and kept with the declaration. What is
learnt from are the weights, caps and range of the reward alone; this says what they were fitted to, and
how well. Refuses what no fit can have said, and a reward whose windows are others than those it saw.
"""

from __future__ import annotations

import math

import msgspec

from tamesu.base.errors import InvalidDeclaration
from tamesu.base.reward import Reward
from tamesu.base.times import Duration, Time


class Tenth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the deliveries, by what was expected of them.

    Attributes:
        rows: how many they were.
        expected: of one of them, on average, by early events.
        later: what one of them came to, on average.
        error: the standard error of that; none where all of them are one unit's.
    """

    rows: int
    expected: float
    later: float
    error: float | None = None


class Surrogate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a reward stands for, and what is known of that.

    Attributes:
        later: the later value: an event type, or the name of a file.
        within: how long after its anchor a delivery's later value grows.
        window: the longest window of the early events.
        fitted: when: the time of the log that it was fitted to.
        since, until: between these moments the deliveries were decided that it was fitted to.
        rows: how many.
        constant: the later value of a delivery without events. It is no part of the reward, and
            changes no choice: add it to a reward to have the later value.
        ridge: the penalty.
        r2: share of the later value's variance that early events tell, out of sample.
        r2_error: its standard error.
        calibration: parts of the deliveries, by rising expectation.
        differing: arms whose later value is another than their early events say.
    """

    later: str
    within: Duration
    window: Duration
    fitted: Time
    since: Time
    until: Time
    rows: int
    constant: float
    ridge: float
    r2: float
    r2_error: float
    calibration: tuple[Tenth, ...] = ()
    differing: tuple[str, ...] = ()


def check_surrogate(surrogate: Surrogate, reward: Reward, where: str) -> None:
    """Raises `InvalidDeclaration` where `surrogate` cannot be that of `reward`."""
    numbers = ("constant", "ridge", "r2", "r2_error")
    for name in numbers:
        if not math.isfinite(getattr(surrogate, name)):
            raise InvalidDeclaration(f"{where}.{name} must be finite")
    told = [
        value for one in surrogate.calibration for value in (one.expected, one.later, one.error)
    ]
    if not all(value is None or math.isfinite(value) for value in told):
        raise InvalidDeclaration(f"{where}.calibration must hold finite numbers")
    if surrogate.rows < 1 or surrogate.since > surrogate.until:
        raise InvalidDeclaration(
            f"{where} must have rows, decided between since and until, got {surrogate.rows:,} "
            f"between {surrogate.since.text()} and {surrogate.until.text()}"
        )
    window = Duration(reward.longest_us)
    if surrogate.window != window:
        raise InvalidDeclaration(
            f"the weights were fitted to events within {surrogate.window.text()}, the reward counts "
            f"them for {window.text()}",
            hint="fit them again:  tamesu learn surrogate; or leave the surrogate out",
        )
    if surrogate.within <= surrogate.window:
        raise InvalidDeclaration(
            f"{where}.within must be longer than the window ({surrogate.window.text()}), "
            f"got {surrogate.within.text()}",
            hint="within the window the later value is no later one: reward it itself",
        )
