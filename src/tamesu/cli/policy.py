"""What the policy of a declaration means, setting by setting, in words.

Refuses to judge it: by the time it comes here it is valid.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tamesu.base import Declaration
from tamesu.cli.believing import belief_meanings
from tamesu.cli.exploring import explorer_meanings

if TYPE_CHECKING:
    from tamesu.cli.meaning import Meaning, Row


def policy_meanings(declaration: Declaration, row: Row) -> Iterator[Meaning]:
    """Its belief, explorer, newcomers and forgetting."""
    yield from belief_meanings(declaration, row)
    yield from explorer_meanings(declaration, row)
    newcomer = declaration.newcomer
    yield row(
        "policy.newcomer",
        "off" if newcomer is None else f"{newcomer.share:g} / {newcomer.until}",
        "an arm of which nothing is known yet may take all traffic until its outcomes come"
        if newcomer is None
        else f"arms with fewer than {newcomer.until} observations get at most {newcomer.share:.0%} "
        "together",
    )
    forgetting = declaration.forgetting
    yield row(
        "policy.forgetting",
        "off" if forgetting is None else forgetting.half_life.text(),
        "what was learnt counts alike for ever"
        if forgetting is None
        else f"what was learnt counts half as much {forgetting.half_life.text()} later",
    )
