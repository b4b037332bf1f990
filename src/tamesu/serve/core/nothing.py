"""Why there is nothing to explain: each cause with its `reason`, a fact for programs.

Refuses to look; `Explainer` has.
"""

from __future__ import annotations

from tamesu.base import NotFound, Time
from tamesu.base.reward import CLOCK_SKEW_US


def not_here(decision_id: str, why: str) -> NotFound:
    """A decision of another installation."""
    return NotFound(
        f"decision {decision_id} was not made here: {why}",
        hint="ask the installation that made it",
        reason="other-installation",
    )


def missing(decision_id: str, decided: Time, now: Time, oldest: Time | None) -> NotFound:
    """Why a decision that may have been made here is in neither log nor archive.

    Args:
        decision_id: of it.
        decided: when, as its id says.
        now: the time.
        oldest: when the oldest record that there still is was received; none if there is none.
    """
    if decided > now + CLOCK_SKEW_US:
        return not_here(decision_id, "its id names a moment that is yet to come")
    if oldest is None or decided < oldest - CLOCK_SKEW_US:
        begins = "is empty" if oldest is None else f"begins at {oldest.text()}"
        return NotFound(
            f"decision {decision_id} was made at {decided.text()}, but the log {begins}",
            hint="older records are retired: see the setting 'retention'; or another "
            "installation made it",
            reason="retired",
        )
    return NotFound(
        f"decision {decision_id} is not in the log",
        hint="it was never answered (its request ended with an error), or another installation "
        "made it",
        reason="not-recorded",
    )


def set_aside(decision_id: str, why: str) -> NotFound:
    """A decision whose record is there, and cannot be used."""
    return NotFound(
        f"decision {decision_id} was set aside: {why}",
        hint="see  tamesu asides",
        reason="set-aside",
    )


def no_delivery(decision_id: str, position: int) -> NotFound:
    """A delivery that the decision does not have."""
    return NotFound(
        f"decision {decision_id} has no delivery at position {position}",
        hint="leave the position out to explain the decision",
        reason="not-recorded",
    )
