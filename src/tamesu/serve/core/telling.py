"""The story of a decision as plain data: the events that came, what was made of them, what is open.

Refuses to judge: `tamesu.join.tell` does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from tamesu.base import (
    GRID,
    Entry,
    Event,
    Kind,
    Outcome,
    Snapshot,
    Status,
    Time,
    decode_event,
    parse_delivery_id,
)
from tamesu.base.aims import Aims, values_of
from tamesu.base.times import MILLISECOND_US
from tamesu.join import Course, Heard, Row, Stage, Story, Verdict
from tamesu.join.record import UNDECODED
from tamesu.serve.core.records import Gap

MOST_EVENTS = 1_000
"""Events that one answer lists; of those that are more, how many."""

NOT_READ = "the trainer has not read it yet"


class Afterwards(NamedTuple):
    """What the store says of what was made of a decision.

    Attributes:
        declaration: the decision's.
        watermark: up to which moment the trainer knows the log; none before it began.
        judged: up to which moment what came too late was looked at.
        waiting: keys of the late corrections that the trainer has not taken yet.
        snapshots: the kept ones of the bandit, by version.
    """

    declaration: int
    watermark: Time | None
    judged: Time
    waiting: Collection[tuple[str, int, int]]
    snapshots: Sequence[Snapshot]

    def state(self, row: Row) -> str:
        """`made`; of a late correction also `found` while it waits, `expected` before it is found."""
        one = row.observation
        if row.moved is None:
            return "made"
        if (one.decision_id, one.position, one.correction) in self.waiting:
            return "found"
        return "made" if row.accepted is not None and row.accepted < self.judged else "expected"

    def learnt_by(self, row: Row) -> int | None:
        """The first kept snapshot that knows of `row`; none so far, or where it teaches nothing."""
        one = row.observation
        teaches = one.outcome is Outcome.OBSERVED or one.previous_reward is not None
        if not teaches or one.fallback or self.state(row) != "made":
            return None
        since = max(one.closed, row.accepted or one.closed)
        for snapshot in self.snapshots:
            learns = snapshot.status is Status.LEARNING and snapshot.learns_from <= self.declaration
            if learns and snapshot.watermark >= since:
                return snapshot.version
        return None


def told(
    story: Story, unread: Sequence[Entry], gaps: Sequence[Gap], afterwards: Afterwards
) -> dict[str, Any]:
    """What became of a decision, without its deliveries.

    Args:
        story: from what the trainer has read.
        unread: records that the trainer has not read yet.
        gaps: where records were not looked for.
        afterwards: what the store says.
    """
    states: dict[tuple[int, int | None], str] = {
        (course.delivery.position, number): afterwards.state(row)
        for course in story.courses
        for number, row in enumerate(course.rows)
    }
    events = [_event(one, states) for one in story.events]
    events += [_waiting(entry) for entry in unread if entry.kind == Kind.EVENT.value]
    return {
        "learnt_until": None if afterwards.watermark is None else afterwards.watermark.text(),
        "events": events[:MOST_EVENTS],
        "events_omitted": max(0, len(events) - MOST_EVENTS),
        "recorded_again": len(story.repeats),
        "set_aside": [
            {**_place(entry), "kind": entry.kind, "why": why} for entry, why in story.unread
        ],
        "in_time_until": story.last_moment.text(),
        "corrected_until": story.corrected_until.text(),
        "not_looked_at": [
            {"since": gap.since.text(), "until": gap.until.text(), "why": gap.why} for gap in gaps
        ],
    }


def told_delivery(
    course: Course | None, afterwards: Afterwards, aims: Aims | None
) -> dict[str, Any]:
    """What became of one delivery, by each of its objectives too; nothing yet without a course."""
    if course is None:
        return {
            "stage": Stage.AWAITED.value,
            "anchor": None,
            "implied": False,
            "ends": {},
            "observed_at": None,
            "final_at": None,
            "observations": [],
        }
    window = course.window
    return {
        "stage": course.stage.value,
        "anchor": None if window is None else Time(window.start).text(),
        "implied": course.implied,
        "ends": {}
        if window is None
        else {name: Time(window.end(name)).text() for name in course.reward.events},
        "observed_at": course.due.text(),
        "final_at": course.final.text(),
        "observations": [_observation(row, afterwards, aims) for row in course.rows],
    }


def _observation(row: Row, afterwards: Afterwards, aims: Aims | None) -> dict[str, Any]:
    one = row.observation
    observed = one.outcome is Outcome.OBSERVED
    return {
        "correction": one.correction,
        "late": row.moved is not None,
        "state": afterwards.state(row),
        "learnt_by": afterwards.learnt_by(row),
        "outcome": one.outcome.name.lower(),
        "reward": one.reward / GRID if observed else None,
        "previous_reward": None if one.previous_reward is None else one.previous_reward / GRID,
        "terms": {name: term / GRID for name, term in one.terms.items()},
        "objectives": None if aims is None or not observed else values_of(aims, one.terms),
        "shown": None if one.shown is None else one.shown.text(),
        "closed": one.closed.text(),
    }


def _event(one: Heard, states: Mapping[tuple[int, int | None], str]) -> dict[str, Any]:
    """An event as it stands: one that a late correction takes in is late until that is made."""
    verdict, why = one.verdict, one.why
    if one.was is not None and states[one.position, one.row] != "made":
        verdict = one.was
        came = "too late" if verdict is Verdict.LATE else "without an impression in time"
        why = f"it came {came}; correction {one.row} is to take it in"
    return {
        **_place(one.entry),
        **_fact(one.event, one.position),
        "time": one.time.text(),
        "class": verdict.value,
        "why": why,
        "row": one.row,
    }


def _waiting(entry: Entry) -> dict[str, Any]:
    """An event that nobody has judged yet."""
    still = {"time": None, "class": Verdict.HELD.value, "why": NOT_READ, "row": None}
    try:
        event = decode_event(entry.body)
        position = parse_delivery_id(event.delivery_id).position
    except UNDECODED:
        return {**_place(entry), **_NOTHING, **still}
    return {**_place(entry), **_fact(event, position), **still}


_NOTHING = {"position": None, "type": None, "value": None, "event_id": None, "said": None}
"""What is known of an event that does not read."""


def _fact(event: Event, position: int) -> dict[str, Any]:
    return {
        "position": position,
        "type": event.type,
        "value": event.value,
        "event_id": event.event_id,
        "said": None if event.time is None else event.time.text(),
    }


def _place(entry: Entry) -> dict[str, Any]:
    return {
        "partition": entry.partition,
        "offset": entry.offset,
        "received": Time(entry.received * MILLISECOND_US).text(),
    }
