"""`Ensemble`: deliveries whose observations depend on one another, and the rows that they give.

Of a cascade all deliveries of a decision: what lies below the first that was clicked is unexamined,
whatever was clicked there. In other layouts every delivery is an ensemble by itself. Refuses to judge an
event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tamesu.base import Outcome, Time
from tamesu.join.course import Course, Stage
from tamesu.join.verdict import Heard


class Ensemble:
    """The courses of deliveries that are told together.

    Args:
        courses: at least one; all of one decision.
    """

    def __init__(self, courses: Sequence[Course]) -> None:
        self.courses = courses
        self._reward = courses[0].reward

    def settle(self, watermark: Time) -> None:
        """Gives observation 0 of all once the last of them is due, and the corrections in time.

        Observation 0 is made of what was received before it was due; of a delivery by itself before its
        anchor and `settle`, which comes to the same but where its impression was implied.
        """
        due = max(course.due for course in self.courses)
        for course in self.courses:
            course.final = max(due, course.final)
            if watermark < due:
                course.stage = Stage.AWAITED if course.window is None else Stage.SETTLING
        if watermark < due:
            return
        early = self._reward.settles_early
        for course in self.courses:
            course.stage = Stage.FINAL if watermark >= course.final else Stage.CORRECTING
            cut = due if self._reward.until_click else course.settled
            course.due, course.cut = due, cut if early else None
            for one in course.counted:
                if course.in_first(one):
                    course.worth.add(one.event)
                    one.row = 0
                    one.why += "; it is in the first observation"
        for course, outcome in self._outcomes():
            course.observe(outcome)
        self._correct_in_time()

    def _correct_in_time(self) -> None:
        rest = [
            (course, one)
            for course in self.courses
            for one in course.counted
            if not course.in_first(one)
        ]
        rest.sort(key=lambda pair: pair[1].entry.offset)
        for course, one in rest:
            course.worth.add(one.event)
            changed = self.changed()
            if not changed:
                one.why += "; it changed nothing"
                continue
            one.row = len(course.rows)
            one.why += f"; it made correction {one.row}"
            for other, outcome in changed:
                other.correct(one, outcome)

    def correct_late(self, course: Course, taken: Sequence[Heard], moved: Counter[str]) -> None:
        """The corrections that late events of one delivery make together.

        Args:
            course: of that delivery; what they make of it is in its worth.
            taken: at least one; the last of them made the corrections.
            moved: what they change of the counts of events.
        """
        for other, outcome in self.changed():
            mine = Counter(moved) if other is course else Counter[str]()
            before = other.rows[-1].observation.outcome
            if outcome is not before:
                mine[f"deliveries_{before.name.lower()}"] -= 1
                mine[f"deliveries_{outcome.name.lower()}"] += 1
            other.correct(taken[-1], outcome, dict(mine))

    def changed(self) -> list[tuple[Course, Outcome]]:
        """Those of which the newest row says something else than they came to by now, and how they end.

        If one of them changed by an event, so did the delivery of that event.
        """
        found: list[tuple[Course, Outcome]] = []
        for course, outcome in self._outcomes():
            last = course.rows[-1].observation
            told = (outcome, course.told(outcome), course.worth.terms)
            if told != (last.outcome, last.reward, last.terms):
                found.append((course, outcome))
        return found

    def _outcomes(self) -> list[tuple[Course, Outcome]]:
        """How each of them ended, as things stand."""
        clicked = [
            course.delivery.position
            for course in self.courses
            if self._reward.until_click and course.window is not None and course.worth.clicked
        ]
        return [(course, _outcome(course, clicked)) for course in self.courses]


def _outcome(course: Course, clicked: Sequence[int]) -> Outcome:
    if course.window is None:
        return Outcome.UNSHOWN
    if clicked and course.delivery.position > min(clicked):
        return Outcome.UNEXAMINED
    return Outcome.OBSERVED
