"""Latecomers: what came too late for the join and changes an observation all the same.

Called for deliveries that are final, so that nothing in time can come between. Adding records only
adds rows, so that what was found once is found again. Refuses to change a row that was given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tamesu.base import IMPRESSION, Time
from tamesu.join.course import Course, Stage
from tamesu.join.ensemble import Ensemble
from tamesu.join.verdict import Heard, Verdict
from tamesu.join.window import Window

_NOTHING = "; it counts all the same, and changed nothing"


def take_late(ensemble: Ensemble, heard: Sequence[Heard]) -> None:
    """Adds the corrections of final deliveries that late events make, each by each in log order.

    A late event is taken that is no repeat and not too old, lies in its place, and was received
    before D + `late`. A late first impression makes *unshown* seen; the events that were unseen
    are then judged against it.

    Args:
        ensemble: how its deliveries went in time; their worth, window and rows go on.
        heard: every event of theirs, in log order; judged.
    """
    if any(course.stage is not Stage.FINAL for course in ensemble.courses):
        return
    late = {course.delivery.position: _Late(ensemble, course) for course in ensemble.courses}
    for one in heard:
        late[one.position].take(one)


class _Late:
    """What came late of one delivery."""

    def __init__(self, ensemble: Ensemble, course: Course) -> None:
        self._ensemble, self._course = ensemble, course
        self._horizon = Time(course.decided + course.reward.late)
        self._waiting: list[Heard] = []

    def take(self, one: Heard) -> None:
        """Takes in one event, if it is to be."""
        course = self._course
        late = one.verdict is Verdict.LATE and not one.repeat
        if not (late or one.verdict is Verdict.UNSEEN):
            return
        if one.received >= self._horizon:
            one.why += f"; nothing corrects from {self._horizon.text()} on"
        elif one.event.type == IMPRESSION:
            refused = _refused(course, one)
            one.why += refused
            if not refused:
                course.window = window = Window(course.reward, one.time)
                taken = [event for event in self._waiting if _changes(course, window, event)]
                self._correct([*taken, one])
        elif course.window is None:
            self._waiting.append(one)
        elif _changes(course, course.window, one):
            if self._ensemble.changed():
                self._correct([one])
            else:
                one.why += _NOTHING

    def _correct(self, taken: Sequence[Heard]) -> None:
        """Corrections that take in the events `taken`, the last of which made them."""
        moved: Counter[str] = Counter()
        for one in taken:
            moved[f"events_{one.verdict}"] -= 1
            moved[f"events_{Verdict.CORRECTED}"] += 1
            one.row, one.was = len(self._course.rows), one.verdict
            was = "too late" if one.was is Verdict.LATE else "unseen"
            one.judged(Verdict.CORRECTED, f"it was {was}; correction {one.row} took it in")
        self._ensemble.correct_late(self._course, taken, moved)


def _refused(course: Course, impression: Heard) -> str:
    """Why a late impression does not show its delivery, empty where it does."""
    if course.window is not None:
        return "; its delivery has its anchor already"
    if not course.decided <= impression.time < course.shown_until:
        return f"; impressions count until {course.shown_until.text()}"
    return ""


def _changes(course: Course, window: Window, one: Heard) -> bool:
    """Whether a rewarding event counts after all, and changes the reward or a term."""
    if window.judge(one) is Verdict.OUT_OF_WINDOW:
        one.why += f"; events of its type count {window.span(one.event.type)}"
        return False
    if course.worth.add(one.event):
        return True
    one.why += _NOTHING
    return False
