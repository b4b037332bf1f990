"""`Epoch`: how far learning has come. Refuses to print it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Epoch(NamedTuple):
    """After one time through the rounds.

    Attributes:
        of: `policy`, or `model 1` and so on: reward models come first.
        number: from 1.
        epochs: how many there will be at most.
        loss: the mean over its batches of what is made small.
        held_out: estimate on rounds that are not learnt from: reward per decision; of regression minus its loss.
        error: of that, one standard error.
        best: whether it is the best so far, and would be kept.
    """

    of: str
    number: int
    epochs: int
    loss: float
    held_out: float
    error: float
    best: bool


Tell: TypeAlias = Callable[[Epoch], None]
"""Is told of each epoch."""


def silent(epoch: Epoch) -> None:
    """Tells nobody."""
    del epoch
