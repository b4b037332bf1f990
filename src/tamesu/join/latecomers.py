"""Latecomers: what came too late for the join and changes an observation all the same.

Called for deliveries that are final, so that nothing in time can come between. Adding records only
adds rows, so that what was found once is found again. Refuses to change a row that was given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tamesu.base import IMPRESSION, Time
from tamesu.join.course import Course, Stage
from tamesu.join.verdict import Heard, Verdict
from tamesu.join.window import Window


def take_late(course: Course, heard: Sequence[Heard]) -> None:
    """Adds the corrections of a final delivery that late events make, each by each in log order.

    A late event is taken that is no repeat and not too old, lies in its place, and was received
    before D + `late`. A late first impression makes *unshown* observed; the events that were unseen
    are then judged against it.

    Args:
        course: how the delivery went in time; its worth, window and rows go on.
        heard: every event of the delivery in log order, judged.
    """
    if course.stage is not Stage.FINAL:
        return
    horizon = Time(course.decided + course.reward.late)
    window = course.window
    shown = course.rows[-1].observation.shown
    waiting: list[Heard] = []
    for one in heard:
        if one.verdict is Verdict.IMPRESSION:
            # With `anchor: decision` it may have come after what made the newest row in time.
            shown = one.time
        late = one.verdict is Verdict.LATE and not one.repeat
        if not (late or one.verdict is Verdict.UNSEEN):
            continue
        if one.received >= horizon:
            one.why += f"; nothing corrects from {horizon.text()} on"
        elif one.event.type == IMPRESSION:
            refused = _refused(course, one)
            one.why += refused
            if not refused:
                course.window = window = Window(course.reward, one.time)
                shown = one.time
                _show(course, window, waiting, one)
        elif window is None:
            waiting.append(one)
        elif _changes(course, window, one):
            _correct(course, [one], shown, Counter())


def _refused(course: Course, impression: Heard) -> str:
    """Why a late impression does not show its delivery, empty where it does."""
    if course.window is not None:
        return "; its delivery has its anchor already"
    if not course.decided <= impression.time < course.shown_until:
        return f"; impressions count until {course.shown_until.text()}"
    return ""


def _show(course: Course, window: Window, waiting: Sequence[Heard], impression: Heard) -> None:
    """A late first impression: one correction with it and with what waited for it."""
    taken = [one for one in waiting if _changes(course, window, one)]
    outcome = Counter(deliveries_unshown=-1, deliveries_observed=1)
    _correct(course, [*taken, impression], impression.time, outcome)


def _changes(course: Course, window: Window, one: Heard) -> bool:
    """Whether a rewarding event counts after all, and changes the reward or a term."""
    if window.judge(one) is Verdict.OUT_OF_WINDOW:
        one.why += f"; events of its type count {window.span(one.event.type)}"
        return False
    if course.worth.add(one.event):
        return True
    one.why += "; it counts all the same, and changed nothing"
    return False


def _correct(
    course: Course, taken: Sequence[Heard], shown: Time | None, moved: Counter[str]
) -> None:
    """One correction that takes in the events `taken`, the last of which made it."""
    for one in taken:
        moved[f"events_{one.verdict}"] -= 1
        moved[f"events_{Verdict.CORRECTED}"] += 1
        one.row, one.was = len(course.rows), one.verdict
        was = "too late" if one.was is Verdict.LATE else "unseen"
        one.judged(Verdict.CORRECTED, f"it was {was}; correction {one.row} took it in")
    course.correct(taken[-1], shown, dict(moved))
