"""`Verdict`: the class in which each event of a log ends, the first that fits.

The names of `semantics.md` §4, in code, on the wire and in the counts (`events_<verdict>`). Refuses
to say why: `Heard.why` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tamesu.base import Entry, Event, Time


class Verdict(StrEnum):
    """What became of an event, in the order in which the table of conservation shows it."""

    POISON = "poison"
    """It does not parse, or names nobody."""
    DUPLICATE = "duplicate"
    """Its `event_id` came before."""
    TOO_OLD = "too_old"
    """Its time lies further back than is believed."""
    IGNORED_TYPE = "ignored_type"
    """Its type stands for nothing in the declaration."""
    LATE = "late"
    """It was received too late for its place, and changed nothing afterwards."""
    CORRECTED = "corrected"
    """It was late or unseen, and a correction took it in."""
    ORPHAN = "orphan"
    """No decision, or no such delivery, came by the last moment."""
    IMPRESSION = "impression"
    """The first in time: it was shown."""
    REPEAT_IMPRESSION = "repeat_impression"
    """It was shown once more."""
    UNSEEN = "unseen"
    """No impression came in time."""
    OUT_OF_WINDOW = "out_of_window"
    """It happened before its window or after."""
    JOINED = "joined"
    """It counts."""
    HELD = "held"
    """It is still open which of these it is."""


@dataclass(slots=True)
class Heard:
    """One event of a decision as it was received, and what became of it.

    Attributes:
        entry: as it stands in the log.
        position: of its delivery.
        received: by the log.
        time: when it happened: by its client if that is believed, else `received`; up to 5 s before
            its decision counts as at it.
        repeat: whether its `event_id` came before; known of late events too, whose class it is not.
        verdict, why: its class, and in words for people; open until it is judged.
        row: the first row of its delivery that it is in, where it changed one: 0 is the first
            observation, k a correction.
        was: its class before a correction took it in; none otherwise.
    """

    entry: Entry
    event: Event
    position: int
    received: Time
    time: Time
    repeat: bool = False
    verdict: Verdict = Verdict.HELD
    why: str = ""
    row: int | None = None
    was: Verdict | None = None

    def judged(self, verdict: Verdict, why: str) -> None:
        """Says what became of it."""
        self.verdict, self.why = verdict, why
