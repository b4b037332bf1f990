"""Priors of single arms: they must be of arms that are declared. Refuses to know what a prior says."""

from __future__ import annotations

from collections.abc import Iterable

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.base.errors import close_match


def refuse_undeclared(arms: Iterable[str], declaration: Declaration) -> None:
    """Refuses priors of `arms` that `declaration` does not have.

    Raises:
        InvalidDeclaration: as said, with the close match.
    """
    known = dict.fromkeys(declaration.arm_ids)
    for arm in arms:
        if arm not in known:
            match = close_match(arm, known)
            raise InvalidDeclaration(
                f"policy.belief.priors must name declared arms, got {arm!r}",
                hint=f"did you mean {match!r}?" if match else "",
            )
