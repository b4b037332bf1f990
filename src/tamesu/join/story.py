"""`Story`: all that became of one decision, told from its records alone.

What the late job, `tamesu explain` and the oracle have in common: pure, slow, obvious. Refuses to
look for records, and to know how late it is: both are arguments.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tamesu.base import Decision, Entry, Event, Kind, Reward, Time, parse_decision_id
from tamesu.base.reward import AHEAD_US, SKEW_US
from tamesu.base.times import MILLISECOND_US
from tamesu.join.course import Course, Row
from tamesu.join.ensemble import Ensemble
from tamesu.join.in_time import follow
from tamesu.join.latecomers import take_late
from tamesu.join.record import Poison, read_decision, read_event
from tamesu.join.verdict import Heard, Verdict


class Unread(NamedTuple):
    """A record that cannot be used, and why."""

    entry: Entry
    why: str


@dataclass(slots=True, kw_only=True)
class Story:
    """What became of one decision id.

    Attributes:
        decided: D, as the id says.
        last_moment: F: what is received from then on is too late whatever it is.
        corrected_until: D + `late`: what is received from then on corrects nothing.
        decision, entry: the decision as it was accepted, and where it stands; none while it is
            not there.
        repeats: where the same decision stands once more.
        unread: records set aside as poison.
        events: every other event in log order, with its class and why.
        courses: how each delivery went, in the order of the decision.
    """

    decided: Time
    last_moment: Time
    corrected_until: Time
    decision: Decision | None = None
    entry: Entry | None = None
    repeats: list[Entry] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    events: list[Heard] = field(default_factory=list)
    courses: list[Course] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """Every observation and correction given by now, delivery by delivery."""
        return [row for course in self.courses for row in course.rows]

    def counts(self) -> dict[str, int]:
        """How many of its records ended as what, by the names of `tamesu.join.conservation`."""
        count: Counter[str] = Counter()
        decisions = {
            "accepted": int(self.decision is not None),
            "duplicate": len(self.repeats),
            "poison": sum(unread.entry.kind == Kind.DECISION for unread in self.unread),
        }
        for name, number in decisions.items():
            count[f"decisions_{name}"] += number
            count["decisions_read"] += number
        for course in self.courses:
            count["deliveries_made"] += 1
            ended = course.rows[-1].observation.outcome.name.lower() if course.rows else "open"
            count[f"deliveries_{ended}"] += 1
        poison = sum(unread.entry.kind != Kind.DECISION for unread in self.unread)
        count[f"events_{Verdict.POISON}"] += poison
        count["events_read"] += poison + len(self.events)
        for one in self.events:
            count[f"events_{one.verdict}"] += 1
        return {name: number for name, number in count.items() if number}


def tell(
    key: str, reward: Reward, entries: Sequence[Entry], watermark: Time, *, late: bool = False
) -> Story:
    """All that became of the decision with the id `key`.

    Law: with more records and a later watermark the rows of each delivery only grow.

    Args:
        key: a decision id that parses.
        reward: the clauses of its declaration.
        entries: every record of the log with this key, in log order.
        watermark: the moment up to which the log is known.
        late: whether what came too late corrects, too.
    """
    decided = parse_decision_id(key).decided
    story = Story(
        decided=decided,
        last_moment=reward.last_moment(decided),
        corrected_until=Time(decided + reward.late),
    )
    seen: set[str] = set()
    for entry in entries:
        if entry.kind == Kind.DECISION:
            _take_decision(story, reward, entry)
        elif entry.kind != Kind.TICK:
            _take_event(story, reward, entry, seen)
    placed = _by_position([one for one in story.events if one.verdict is Verdict.HELD])

    # Its deliveries, if it came, and in time for its events to find it.
    if story.entry is None or _received(story.entry) >= story.last_moment:
        for one in _all(placed):
            _judge_alone(one, story.last_moment, watermark)
        placed.clear()
    story.courses = _begun(story, reward)
    for course in story.courses:
        follow(course, placed.pop(course.delivery.position, []), watermark)
    for courses in _together(story.courses, reward):
        ensemble = Ensemble(courses)
        ensemble.settle(watermark)
        if late:
            positions = {course.delivery.position for course in courses}
            take_late(ensemble, [one for one in story.events if one.position in positions])
    for one in _all(placed):
        one.judged(Verdict.ORPHAN, "its decision has no delivery at this position")
    return story


def _begun(story: Story, reward: Reward) -> list[Course]:
    decision = story.decision
    if decision is None:
        return []
    return [
        Course.begin(decision, delivery, story.decided, reward) for delivery in decision.deliveries
    ]


def _together(courses: Sequence[Course], reward: Reward) -> list[Sequence[Course]]:
    """Those that are told together: of a cascade all, else each by itself."""
    if reward.until_click and courses:
        return [courses]
    return [[course] for course in courses]


def _take_decision(story: Story, reward: Reward, entry: Entry) -> None:
    try:
        decision, _, _ = read_decision(entry, lambda _bandit, _number: reward)
    except Poison as error:
        story.unread.append(Unread(entry, str(error)))
        return
    if story.decision is None:
        story.decision, story.entry = decision, entry
    else:
        story.repeats.append(entry)


def _take_event(story: Story, reward: Reward, entry: Entry, seen: set[str]) -> None:
    """One event by itself: `held` where it has yet to find its delivery."""
    try:
        event, place, _ = read_event(entry, lambda _bandit, _number: reward)
    except Poison as error:
        story.unread.append(Unread(entry, str(error)))
        return
    received = _received(entry)
    one = Heard(entry, event, place.position, received, _time(event, received, story.decided))
    one.repeat = event.event_id in seen
    seen.add(event.event_id)
    story.events.append(one)
    after = received >= story.last_moment
    if one.repeat and not after:
        one.judged(Verdict.DUPLICATE, "an event with its event_id came before")
    elif event.time is not None and event.time < received - reward.late:
        one.judged(Verdict.TOO_OLD, f"its time lies more than {reward.late.text()} back")
    elif event.type not in reward.types:
        one.judged(Verdict.IGNORED_TYPE, "its type stands for nothing in the declaration")
    elif after:
        why = f"nothing is in time from {story.last_moment.text()} on"
        repeat = "; an event with its event_id came before" if one.repeat else ""
        one.judged(Verdict.LATE, why + repeat)


def _judge_alone(one: Heard, last_moment: Time, watermark: Time) -> None:
    """What becomes of an event whose decision did not come, at least not in time for it."""
    until = last_moment.text()
    if watermark >= last_moment:
        one.judged(Verdict.ORPHAN, f"its decision did not come by {until}")
    else:
        one.judged(Verdict.HELD, f"it waits for its decision until {until}")


def _received(entry: Entry) -> Time:
    return Time(entry.received * MILLISECOND_US)


def _time(event: Event, received: Time, decided: Time) -> Time:
    """When an event happened: by the client if believable, and never just before its decision."""
    time = received if event.time is None or event.time > received + AHEAD_US else event.time
    return decided if decided - SKEW_US <= time < decided else time


def _by_position(events: Sequence[Heard]) -> dict[int, list[Heard]]:
    found: dict[int, list[Heard]] = defaultdict(list)
    for one in events:
        found[one.position].append(one)
    return found


def _all(placed: dict[int, list[Heard]]) -> list[Heard]:
    return [one for events in placed.values() for one in events]
