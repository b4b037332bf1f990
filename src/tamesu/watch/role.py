"""A role: one kind of process that a supervisor keeps alive. Refuses to know what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Role:
    """One process to keep alive.

    Attributes:
        name: as people call it: server-0, server-1, trainer.
        command: what to run.
        listens: whether it gets the supervisor's socket.
        patience_s: longest that its loop may stand still before it is taken for hanging; none for
            what does not beat, and can only die.
        environment: variables of its own.
    """

    name: str
    command: Sequence[str]
    listens: bool = False
    patience_s: float | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
