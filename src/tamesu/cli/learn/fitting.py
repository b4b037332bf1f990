"""From deliveries that were followed to a reward: fitted, checked, and written as a declaration.

Refuses too few deliveries, and later values that do not differ.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from tamesu.base import Duration, NoSupport, Time
from tamesu.base.surrogate import Surrogate, Tenth
from tamesu.cli.learn.looking_back import Found
from tamesu.cli.learn.question import Question
from tamesu.cli.learn.weighed import short, warmed, weighed
from tamesu.engine import LaterEvents
from tamesu.experiment import (
    Calibrated,
    Fitted,
    Left,
    calibrated,
    fit,
    lacking,
    left_by_arm,
    left_by_time,
)


class Made(NamedTuple):
    """All that was found and made.

    Attributes:
        found: the deliveries.
        fitted: what was fitted to them, told by `tenths` and by what is `left` of each arm.
        moved: what is left of each quarter of the time.
        surrogate: what is kept of it.
        declaration: as plain data, with the reward that was made of it.
    """

    found: Found
    fitted: Fitted
    tenths: list[Calibrated]
    left: list[Left]
    moved: list[Left]
    surrogate: Surrogate
    declaration: dict[str, Any]


def fit_to(asked: Question, found: Found, strength: float | None = None) -> Made:
    """What the deliveries that were found say.

    Args:
        asked: what of them.
        found: they.
        strength: how many deliveries of an arm its prior stands for at most; none for no priors.

    Raises:
        NoSupport: they are too few, or say nothing at all.
        InvalidDeclaration: the belief cannot learn the reward that comes of it.
        InvalidInput: priors are asked for of a belief that has none.
    """
    rows = found.rows
    missing = lacking(rows)
    if missing is not None:
        strangers = f"; {found.strangers:,} rows of the file belong to none of them"
        raise NoSupport(
            missing + (strangers if found.strangers else ""),
            hint="wait until more are old enough, or take a later value that comes more often",
        )
    fitted = fit(rows)
    tenths = calibrated(rows, fitted.score, fitted.expected)
    left, moved = left_by_arm(rows, fitted.expected), left_by_time(rows, fitted.expected)
    surrogate = Surrogate(
        later=_name(asked),
        within=asked.asked.within,
        window=Duration(asked.declaration.reward.longest_us),
        fitted=found.known,
        since=Time(int(rows.decided.min())),
        until=Time(int(rows.decided.max())),
        rows=len(rows),
        constant=short(fitted.constant),
        ridge=fitted.ridge,
        r2=short(fitted.r2),
        r2_error=short(fitted.r2_error),
        calibration=tuple(map(_tenth, tenths)),
        differing=tuple(one.name for one in left if one.differs),
    )
    declaration = weighed(asked.written, asked.declaration, rows, fitted, surrogate)
    if strength is not None:
        declaration = warmed(declaration, rows, strength)
    return Made(found, fitted, tenths, left, moved, surrogate, declaration)


def _name(asked: Question) -> str:
    later = asked.asked.later
    if isinstance(later, LaterEvents):
        return f"{later.aggregate.value} of {later.type}"
    return later.file


def _tenth(one: Calibrated) -> Tenth:
    return Tenth(
        rows=one.rows,
        expected=short(one.expected),
        later=short(one.later),
        error=short(one.error) if math.isfinite(one.error) else None,
    )
