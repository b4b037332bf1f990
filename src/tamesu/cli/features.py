"""What requests and arms have to tell a bandit, in words. Refuses to judge it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tamesu.base import Declaration
from tamesu.cli.rewarding import few
from tamesu.policy import compose

if TYPE_CHECKING:
    from tamesu.cli.meaning import Meaning, Row


def feature_meanings(declaration: Declaration, row: Row) -> Iterator[Meaning]:
    """Context, features of arms and interactions; none of what was not declared."""
    kind, policy = declaration.belief.kind, compose(declaration)
    unused = "" if policy.contextual else f"; recorded, but belief {kind!r} learns nothing from it"
    if declaration.context:
        yield row(
            "context",
            few(declaration.context),
            f"{_count(len(declaration.context), 'feature')} that a request tells, "
            f"{_count(policy.encoder.width, 'column')}{unused}",
        )
    # The features of a combination's options are their slots, which have their row.
    if declaration.arm_features and not declaration.slots:
        alone = declaration.belief.options.get("sharing", "per_arm") == "per_arm"
        if alone and not unused:
            unused = "; of no use where arms share nothing: see policy.belief.sharing"
        yield row(
            "arm_features",
            few(declaration.arm_features),
            f"{_count(len(declaration.arm_features), 'feature')} that an arm tells{unused}",
        )
    if declaration.interactions:
        yield row(
            "interactions",
            few(f"{one} × {other}" for one, other in declaration.interactions),
            "what the one is worth depends on the other: their columns are multiplied",
        )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
