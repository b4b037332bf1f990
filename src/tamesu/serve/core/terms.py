"""`Terms`: what judges an event of one declaration. Refuses to know any declaration's bandit."""

from __future__ import annotations

from typing import NamedTuple

from tamesu.base import Declaration, Reward
from tamesu.policy import compose


class Terms(NamedTuple):
    """What judges an event of one declaration: its reward's clauses, and how many positions."""

    reward: Reward
    size: int
    types: frozenset[str]

    @classmethod
    def of(cls, declaration: Declaration) -> Terms:
        """What judges the events of `declaration`."""
        reward = declaration.reward
        return cls(reward, compose(declaration).size, frozenset(reward.types))
