"""What came in time: the anchor of a delivery, the events that count, and when it is due.

`semantics.md` §4 in the order of its sentences, in plain Python. Refuses to look at what came too
late, as `latecomers` does, and to give a row.
"""

from __future__ import annotations

from collections.abc import Sequence

from tamesu.base import IMPRESSION, Anchor, Time, Unseen
from tamesu.join.course import Course
from tamesu.join.verdict import Heard, Verdict
from tamesu.join.window import Window


def follow(course: Course, heard: Sequence[Heard], watermark: Time) -> None:
    """Tells the course of a delivery by `watermark`, but for its rows: an `Ensemble` gives them.

    Args:
        course: as it begins; filled in.
        heard: its events that were received before F, in log order; each is judged.
        watermark: the moment up to which the log is known.
    """
    course.impression = _first_impression(course, heard)
    rewarding = [one for one in heard if one.event.type != IMPRESSION]
    anchor = _anchor(course, rewarding, watermark)
    if anchor is None:
        _go_unshown(course, rewarding, watermark)
        return
    course.window = Window(course.reward, anchor)
    course.counted = _counted(course.window, rewarding)

    # When observation 0 is made.
    reward, awaited = course.reward, course.due
    due = course.settled
    if not reward.settles_early:
        due = Time(anchor + reward.longest_us + reward.lateness)
    course.due = Time(max(due, awaited) if course.implied else due)
    course.final = Time(max(course.due, course.window.final))


def _first_impression(course: Course, heard: Sequence[Heard]) -> Heard | None:
    """Judges the impressions; gives the first in log order that is in time."""
    decided, end = course.decided, course.shown_until
    last = Time(end + course.reward.lateness)
    first = None
    for one in heard:
        if one.event.type != IMPRESSION:
            continue
        if not decided <= one.time < end:
            span = f"from {decided.text()} until {end.text()}"
            one.judged(Verdict.OUT_OF_WINDOW, f"impressions count {span}")
        elif one.received >= last:
            one.judged(Verdict.LATE, f"impressions are in time until {last.text()}")
        elif first is None:
            one.judged(Verdict.IMPRESSION, "the first impression in time: it was shown")
            first = one
        else:
            one.judged(Verdict.REPEAT_IMPRESSION, "an impression came before")
    return first


def _anchor(course: Course, rewarding: Sequence[Heard], watermark: Time) -> Time | None:
    """S: the decision, or the first impression in time, or the event that implies it."""
    if course.reward.anchor is Anchor.DECISION:
        return course.decided
    if course.impression is not None:
        return course.impression.time
    awaited = course.due
    if course.reward.unseen is Unseen.IMPLY and watermark >= awaited:
        for one in rewarding:
            if course.decided <= one.time < course.shown_until and one.received < awaited:
                course.implied = True
                return one.time
    return None


def _go_unshown(course: Course, rewarding: Sequence[Heard], watermark: Time) -> None:
    """No impression: unshown, once none can come any more."""
    over = watermark >= course.due
    for one in rewarding:
        if over:
            one.judged(Verdict.UNSEEN, "no impression of its delivery came in time")
        else:
            one.judged(Verdict.HELD, f"it waits for an impression until {course.due.text()}")


def _counted(window: Window, rewarding: Sequence[Heard]) -> list[Heard]:
    """Judges the rewarding events against their window; gives those that count, in log order."""
    counted: list[Heard] = []
    for one in rewarding:
        verdict = window.judge(one)
        span = f"events of its type count {window.span(one.event.type)}"
        late = ", and its lateness is over" if verdict is Verdict.LATE else ""
        one.judged(verdict, span + late)
        if verdict is Verdict.JOINED:
            counted.append(one)
    return counted
