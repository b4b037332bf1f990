"""What a declaration means, setting by setting, in words.

Refuses to judge a declaration: by the time it comes here it is valid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from tamesu.base import Declaration
from tamesu.cli.features import feature_meanings
from tamesu.cli.policy import policy_meanings
from tamesu.cli.rewarding import few, reward_meanings


class Meaning(NamedTuple):
    """One setting.

    Attributes:
        setting: its path, as in `reward.window`.
        value: as it is written.
        declared: whether it was written; else it is the default.
        meaning: what follows from it.
    """

    setting: str
    value: str
    declared: bool
    meaning: str


Row = Callable[[str, object, str], Meaning]
"""A setting, its value and its meaning, as a row."""


def meanings(declaration: Declaration, written: Mapping[str, Any], size: int) -> list[Meaning]:
    """Every setting of a declaration, in the order people think of them.

    Args:
        declaration: valid, defaults filled in.
        written: what was written, to tell declared from default.
        size: most deliveries of one decision.
    """

    def row(setting: str, value: object, meaning: str) -> Meaning:
        return Meaning(setting, str(value), _has(written, setting.split(".")), meaning)

    return [
        row("name", declaration.name, "how requests and ids call it"),
        *_what(declaration, row),
        *feature_meanings(declaration, row),
        row("layout", declaration.layout.kind, _layout(declaration.layout.kind, size)),
        *_examination(declaration, row),
        row("fallback", *_fallback(declaration)),
        *policy_meanings(declaration, row),
        *reward_meanings(declaration, row),
        row("sticky", *_sticky(declaration)),
        row(
            "batch",
            f"{declaration.batch.size} / {declaration.batch.every.text()}",
            "learns after so many observations or so much time, whichever is first",
        ),
        row(
            "seed",
            "drawn" if declaration.seed is None else declaration.seed,
            "drawn at creation; fixes every choice, so that it can be made again",
        ),
    ]


def _has(written: Any, path: list[str]) -> bool:
    """Whether `path` was written; a part given by its name alone has written nothing below it."""
    for key in path:
        if not isinstance(written, Mapping) or key not in written:
            return False
        written = written[key]
    return True


def _what(declaration: Declaration, row: Row) -> Iterator[Meaning]:
    """What may be chosen."""
    count = len(declaration.arm_ids)
    if not declaration.slots:
        yield row("arms", few(declaration.arm_ids), f"{count} that may be chosen")
        return
    slots = tuple(f"{slot} ({len(options)})" for slot, options in declaration.slots.items())
    most = math.prod(map(len, declaration.slots.values()))
    least = "at most " if declaration.infeasible else ""
    yield row("slots", few(slots), f"one option of each, together: {least}{most:,} combinations")
    yield row(
        "pairwise",
        "true" if declaration.pairwise else "false",
        "how well two options go together is learnt, too"
        if declaration.pairwise
        else "what options are worth adds up, but for slots named in interactions",
    )
    if declaration.infeasible:
        pairs = tuple(" + ".join(pair.values()) for pair in declaration.infeasible)
        yield row("infeasible", few(pairs), "never together")


def _fallback(declaration: Declaration) -> tuple[str, str]:
    when = "where the policy cannot answer; marked, and never learnt from"
    if declaration.fallback is None:
        return "random", f"eligible arms by chance {when}"
    return few(declaration.fallback), f"these, as far as they are eligible, {when}"


def _sticky(declaration: Declaration) -> tuple[str, str]:
    if declaration.sticky is None:
        return "off", "every request is a decision of its own"
    lasts = declaration.sticky.ttl.text()
    return lasts, f"a unit gets its decision again for {lasts}; every request must name its unit"


def _layout(kind: str, size: int) -> str:
    if kind == "single":
        return "an answer holds one arm"
    if kind == "slate":
        return f"an answer holds {size} different arms in order; positions count equally"
    if kind == "cascade":
        return f"{size} different arms in order; what lies below the first click teaches nothing"
    if kind == "combination":
        return "an answer holds one combination, found by search; it is one delivery"
    if kind == "per_position":
        return f"{size} different arms in order; each position has a belief of its own"
    return f"an answer holds at most {size} arms"


def _examination(declaration: Declaration, row: Row) -> Iterator[Meaning]:
    examination = declaration.layout.options.get("examination")
    if examination is not None:
        listed = ", ".join(f"{weight:g}" for weight in examination)
        how = "by position, how often who did not click looked; the rest teaches nothing"
        yield row("layout.examination", listed, how)
