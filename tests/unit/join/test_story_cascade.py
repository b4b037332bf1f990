"""Cascades, worked out by hand: told whole, and down to the first click alone."""

from __future__ import annotations

import pytest
from told import BUY, CLICK, T0, S, Told, rules

from tamesu.base import GRID, IMPRESSION, Anchor, EventTerm, Examined, Outcome
from tamesu.join import Stage

OBSERVED, UNSHOWN, UNEXAMINED = Outcome.OBSERVED, Outcome.UNSHOWN, Outcome.UNEXAMINED


def cascade(anchor: Anchor = Anchor.DECISION, **clauses):
    """A window of 60 s and a settling of 20 s, with three positions."""
    clauses = {"settle": 20, "examined": Examined.UNTIL_CLICK, **clauses}
    return Told(rules(anchor, **clauses), None).decision(0, (0, 1, 2))


def told(story):
    """Per position its rows: the outcome, the reward and what it was before, in whole rewards."""
    return [
        [
            (
                row.observation.outcome,
                row.observation.reward / GRID,
                None
                if row.observation.previous_reward is None
                else row.observation.previous_reward / GRID,
            )
            for row in course.rows
        ]
        for course in story.courses
    ]


def ends(story):
    """Per position how it ended, and with which reward."""
    return [rows[-1][:2] for rows in told(story)]


def test_what_stands_above_the_first_click_gets_nothing_and_what_stands_below_is_unexamined():
    log = cascade().event("click", 3, position=1)
    assert ends(log.story()) == [(OBSERVED, 0), (OBSERVED, 1), (UNEXAMINED, 0)]


def test_without_a_click_every_arm_that_was_seen_gets_nothing():
    assert ends(cascade().story()) == [(OBSERVED, 0)] * 3


def test_further_clicks_are_counted_and_not_learnt():
    story = cascade().event("click", 3, position=1).event("click", 4, position=2).story()
    assert ends(story) == [(OBSERVED, 0), (OBSERVED, 1), (UNEXAMINED, 0)]
    assert story.courses[2].rows[-1].observation.terms == {"click": GRID, "buy": 0}
    assert story.counts()["events_joined"] == 2
    assert story.counts()["deliveries_unexamined"] == 1


def test_the_first_click_is_the_one_furthest_up_whichever_came_first():
    story = cascade().event("click", 3, position=2).event("click", 4, position=0).story()
    assert ends(story) == [(OBSERVED, 1), (UNEXAMINED, 0), (UNEXAMINED, 0)]


def test_a_click_that_comes_later_takes_back_what_was_learnt_below_it():
    log = cascade().event("click", 3, position=2)
    assert ends(log.story(20)) == [(OBSERVED, 0), (OBSERVED, 0), (OBSERVED, 1)]
    log.event("click", 30, position=0)
    assert told(log.story()) == [
        [(OBSERVED, 0, None), (OBSERVED, 1, 0)],
        [(OBSERVED, 0, None), (UNEXAMINED, 0, 0)],
        [(OBSERVED, 1, None), (UNEXAMINED, 0, 1)],
    ]
    by = {row.observation.closed for course in log.story().courses for row in course.rows[1:]}
    assert by == {T0 + 30 * S}


def test_a_click_below_one_that_stands_changes_no_other():
    log = cascade().event("click", 3, position=0).event("click", 30, position=2)
    assert told(log.story()) == [
        [(OBSERVED, 1, None)],
        [(UNEXAMINED, 0, None)],
        [(UNEXAMINED, 0, None), (UNEXAMINED, 0, None)],
    ]


def test_a_click_that_is_undone_makes_what_lies_below_it_examined_again():
    events = {"click": CLICK, "back": EventTerm(weight=-1.0)}
    log = cascade(events=events).event("click", 3, position=0).event("back", 30, position=0)
    assert told(log.story()) == [
        [(OBSERVED, 1, None), (OBSERVED, 0, 1)],
        [(UNEXAMINED, 0, None), (OBSERVED, 0, None)],
        [(UNEXAMINED, 0, None), (OBSERVED, 0, None)],
    ]


def test_it_is_told_whole_when_the_last_delivery_is_due():
    log = cascade(Anchor.IMPRESSION)
    for position, at in enumerate((1, 2, 9)):
        log.event(IMPRESSION, at, position=position)
    log.event("click", 25, position=1)
    assert log.rows(28.999) == []
    assert {course.stage for course in log.story(28.999).courses} == {Stage.SETTLING}
    story = log.story(29)
    assert ends(story) == [(OBSERVED, 0), (OBSERVED, 1), (UNEXAMINED, 0)]
    assert {course.due for course in story.courses} == {T0 + 29 * S}
    assert {len(course.rows) for course in story.courses} == {1}


def test_it_waits_for_the_impression_of_every_position():
    log = cascade(Anchor.IMPRESSION).event(IMPRESSION, 1).event(IMPRESSION, 2, position=1)
    log.event("click", 3, position=1)
    assert log.rows(39.999) == []
    assert log.story(39.999).counts()["deliveries_open"] == 3
    assert ends(log.story(40)) == [(OBSERVED, 0), (OBSERVED, 1), (UNSHOWN, 0)]


def test_what_nobody_saw_is_unshown_above_a_click_and_below_it():
    log = cascade(Anchor.IMPRESSION).event(IMPRESSION, 2, position=1)
    log.event("click", 3, position=1).event("click", 3, position=0)
    assert ends(log.story()) == [(UNSHOWN, 0), (OBSERVED, 1), (UNSHOWN, 0)]


def test_a_click_that_comes_too_late_retracts_and_moves_the_counts():
    log = cascade(settle=60).event("click", 3, position=2).event("click", 5, received=200)
    story = log.story(late=True)
    assert ends(story) == [(OBSERVED, 1), (UNEXAMINED, 0), (UNEXAMINED, 0)]
    assert [dict(course.rows[1].moved or {}) for course in story.courses] == [
        {"events_late": -1, "events_corrected": 1},
        {"deliveries_observed": -1, "deliveries_unexamined": 1},
        {"deliveries_observed": -1, "deliveries_unexamined": 1},
    ]
    assert all(course.rows[1].accepted == T0 + 200 * S for course in story.courses)


def test_a_late_impression_below_a_click_is_unexamined_and_above_it_seen():
    log = cascade(Anchor.IMPRESSION).event(IMPRESSION, 2, position=1).event("click", 3, position=1)
    log.event(IMPRESSION, 3, 300, position=2).event(IMPRESSION, 3, 301, position=0)
    assert ends(log.story()) == [(UNSHOWN, 0), (OBSERVED, 1), (UNSHOWN, 0)]
    story = log.story(late=True)
    assert ends(story) == [(OBSERVED, 0), (OBSERVED, 1), (UNEXAMINED, 0)]
    assert story.courses[2].rows[1].moved == {
        "events_late": -1,
        "events_corrected": 1,
        "deliveries_unshown": -1,
        "deliveries_unexamined": 1,
    }


def test_what_comes_late_waits_until_every_delivery_is_final():
    log = cascade(Anchor.IMPRESSION, settle=60)
    for position, at in enumerate((0, 0, 29)):
        log.event(IMPRESSION, at, position=position)
    log.event("click", 59, 80)  # too late for position 0, whose window ended; position 2 is open
    assert [row.moved for row in log.rows(98.999, late=True)] == []
    assert ends(log.story(99, late=True)) == [(OBSERVED, 1), (UNEXAMINED, 0), (UNEXAMINED, 0)]


@pytest.mark.parametrize(("default", "clicked"), [(0.0, True), (1.0, False), (2.0, False)])
def test_a_click_is_what_makes_a_delivery_worth_more_than_nothing_happening(default, clicked):
    story = cascade(default=default).event("click", 3, position=0).story()
    below = (UNEXAMINED, 0) if clicked else (OBSERVED, default)
    assert ends(story) == [(OBSERVED, 1), below, below]


def test_the_reward_of_the_clicked_delivery_is_all_that_counted_there():
    events = {"click": EventTerm(weight=0.1), "buy": BUY}
    story = cascade(events=events).event("click", 3, position=1).event("buy", 5, position=1).story()
    assert ends(story)[1] == (OBSERVED, (round(0.1 * GRID) + 10 * GRID) / GRID)
