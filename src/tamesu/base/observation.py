"""`Observation`: one delivery's outcome as a record, and how a delivery can end.

For oracles, tests and single looks; many are columns (`Observations`). Refuses to compute anything from a
reward: that is a belief's business.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import msgspec

from tamesu.base.times import Time


class Outcome(IntEnum):
    """How a delivery ended."""

    OBSERVED = 0
    UNSHOWN = 1
    UNEXAMINED = 2


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery's outcome as a record; rewards and terms in whole 1 / GRID.

    Attributes:
        correction: 0 is the first; k > 0 replaces what k - 1 said.
        previous_reward: what k - 1 said; none for k = 0, and where k - 1 carried no evidence.
        closed: when it was made: the due moment of observation 0, and of a correction when the
            record that made it was received.
        absorbed: version of the snapshot that learnt from it; 0 for none so far.
        features: what the arm told of itself when it was chosen, as in the delivery.
        previous_terms: what k - 1 said of them, where there are objectives (`Reward.by_term`) and a
            `previous_reward`; else none.
    """

    decision_id: str
    position: int
    correction: int
    experiment: str | None
    variant: str | None
    unit: str | None
    arm: str
    context: dict[str, Any] | None
    eligible: tuple[str, ...] | None
    propensity: float
    score: float
    draws: int | None
    fallback: bool
    outcome: Outcome
    reward: int
    previous_reward: int | None
    terms: dict[str, int]
    decided: Time
    shown: Time | None
    closed: Time
    snapshot: int
    absorbed: int = 0
    features: dict[str, Any] | None = None
    previous_terms: dict[str, int] | None = None
