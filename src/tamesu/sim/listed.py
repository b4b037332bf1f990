"""Combinations one by one, as a world needs them that knows what each is worth. Refuses too many."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

from tamesu.base import Declaration, InvalidInput
from tamesu.base.slots import combination_id

MOST = 20_000
"""Combinations that a world may have: it looks at every one in each context."""


def listed(declaration: Declaration) -> dict[str, dict[str, Any]]:
    """What each of the things that can be delivered tells of itself, by what it is called.

    Arms, in the order declared; where there are slots, combinations that no pair rules out, the last
    slot changing first.

    Raises:
        InvalidInput: more than `MOST` combinations.

    Example:
        >>> slots = {"title": ["a", "b"], "image": ["x", "y"]}
        >>> pair = {"title": "b", "image": "x"}
        >>> list(listed(Declaration.parse({"name": "hero", "slots": slots, "infeasible": [pair]})))
        ['title=a,image=x', 'title=a,image=y', 'title=b,image=y']
    """
    slots = declaration.slots
    if not slots:
        return {arm.id: dict(arm.features) for arm in declaration.arms}
    count = prod(map(len, slots.values()))
    if count > MOST:
        raise InvalidInput(
            f"a world of combinations may have {MOST:,} of them, the slots make {count:,}",
            hint="leave options out; or play it in memory, as examples/million_combinations.py does",
        )
    clashing = [frozenset(pair.items()) for pair in declaration.infeasible]
    found = (dict(zip(slots, options, strict=True)) for options in product(*slots.values()))
    return {
        combination_id(one): one
        for one in found
        if not any(clash <= one.items() for clash in clashing)
    }
