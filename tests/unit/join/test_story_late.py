"""What came too late, and what stands apart, worked out by hand: a sentence of the design, an example."""

from __future__ import annotations

import pytest
from told import SHORT_LONG, T0, S, Told, rules, session

from tamesu.base import (
    GRID,
    Aggregate,
    Anchor,
    EventTerm,
    Outcome,
)
from tamesu.join import Verdict

# Late --------------------------------------------------------------------------------------------


def test_a_late_event_corrects_when_the_delivery_is_final_and_not_before():
    told = Told(rules(settle=20)).shown(0).event("click", 59, received=70)
    assert told.worth(late=False) == [(0.0, None, 20.0)]
    assert told.worth(69.999, late=True) == [(0.0, None, 20.0)]
    assert told.worth(70, late=True) == [(0.0, None, 20.0), (1.0, 0.0, 70.0)]
    assert told.rows(late=True)[1].moved == {"events_late": -1, "events_corrected": 1}
    assert told.classes(late=True) == ["impression", "corrected"]
    assert told.rows(late=True)[1].accepted == T0 + 70 * S


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"at": 59.9, "received": 999.999}, "corrected"),
        ({"at": 59.9, "received": 1000}, "late"),
        ({"at": 60, "received": 200}, "late"),
        ({"at": -5, "received": 200}, "corrected"),
        ({"at": -5.1, "received": 200}, "late"),
        ({"at": 3, "received": 200, "event_id": "known"}, "late"),
    ],
)
def test_what_is_taken_late(event, told):
    story = Told(rules()).shown(0).event("note", 1, event_id="known").event("click", **event)
    assert story.classes(late=True)[-1] == told


def test_a_late_event_that_is_too_old_is_not_taken():
    told = Told(rules(late=300)).shown(0).event("click", -1, received=299.5)
    assert told.classes(late=True)[-1] == "too_old"


def test_a_late_event_that_changes_nothing_stays_late():
    told = Told(rules()).shown(0).event("click", 1).event("click", 2, received=200)
    assert told.classes(late=True) == ["impression", "joined", "late"]
    assert len(told.rows(late=True)) == 1


def test_late_corrections_go_on_where_those_in_time_ended():
    told = Told(rules(Anchor.DECISION, settle=1, events=SHORT_LONG))
    told.event("click", 4, received=15).event("buy", 16).event("view", 3, received=200)
    assert told.classes() == ["late", "joined", "late"]
    assert told.worth(late=True) == [
        (0.0, None, 1.0),
        (10.0, 0.0, 16.0),
        (11.0, 10.0, 16.0),
        (11.25, 11.0, 200.0),
    ]
    assert [row.observation.correction for row in told.rows(late=True)] == [0, 1, 2, 3]


def test_a_late_impression_makes_of_unshown_an_observation():
    told = Told(rules()).shown(5, received=200)
    row, corrected = told.rows(late=True)
    assert row.observation.outcome is Outcome.UNSHOWN
    assert corrected.observation.outcome is Outcome.OBSERVED
    assert corrected.observation.previous_reward is None
    assert corrected.observation.shown == T0 + 5 * S
    assert corrected.observation.closed == T0 + 200 * S
    assert corrected.moved == {
        "events_late": -1,
        "events_corrected": 1,
        "deliveries_unshown": -1,
        "deliveries_observed": 1,
    }


@pytest.mark.parametrize(
    ("at", "received", "told"),
    [
        (29.9, 200, "corrected"),
        (30, 200, "late"),
        (-5, 200, "corrected"),
        (-6, 200, "late"),
        (5, 40, "corrected"),
        (5, 1000, "late"),
    ],
)
def test_a_late_impression_must_lie_where_one_would_have_counted(at, received, told):
    assert Told(rules()).shown(at, received).classes(late=True) == [told]


def test_what_was_unseen_counts_once_the_late_impression_is_there():
    told = Told(rules()).event("click", 10).event("click", 11).event("buy", 2)
    told.shown(9, received=200)
    assert told.classes() == ["unseen", "unseen", "unseen", "late"]
    assert told.classes(late=True) == ["corrected", "unseen", "unseen", "corrected"]
    assert told.worth(late=True) == [(0.0, None, 40.0), (1.0, None, 200.0)]
    assert told.rows(late=True)[1].moved == {
        "events_unseen": -1,
        "events_late": -1,
        "events_corrected": 2,
        "deliveries_unshown": -1,
        "deliveries_observed": 1,
    }


def test_what_comes_after_a_late_impression_is_judged_one_by_one_late_or_not():
    told = Told(rules()).shown(9, received=40).event("click", 50).event("buy", 51, received=150)
    assert told.classes() == ["late", "unseen", "late"]
    assert told.classes(late=True) == ["corrected", "corrected", "corrected"]
    assert told.worth(late=True) == [
        (0.0, None, 40.0),
        (0.0, None, 40.0),
        (1.0, 0.0, 50.0),
        (11.0, 1.0, 150.0),
    ]


def test_what_was_received_too_late_before_the_late_impression_is_taken_in_with_it():
    told = Told(rules()).event("click", 10, received=150).shown(9, received=200)
    assert told.classes(late=True) == ["corrected", "corrected"]
    assert told.worth(late=True) == [(0.0, None, 40.0), (1.0, None, 200.0)]


def test_only_the_first_late_impression_shows():
    told = Told(rules()).shown(5, received=200).shown(6, received=201)
    assert told.classes(late=True) == ["corrected", "late"]
    told = Told(rules()).shown(5).shown(6, received=200)
    assert told.classes(late=True) == ["impression", "late"]
    told = Told(rules(Anchor.DECISION)).shown(5, received=200)
    assert told.classes(late=True) == ["late"]


def test_a_late_correction_knows_of_the_impression_that_came_after_the_first_observation():
    told = Told(rules(Anchor.DECISION, settle=1)).shown(5).event("click", 6, received=200)
    assert [row.observation.shown for row in told.rows(late=True)] == [None, T0 + 5 * S]


def test_a_late_event_counts_against_the_last_end_of_a_session_and_does_not_move_it():
    told = Told(session()).shown(0).event("click", 9).event("buy", 18.9, received=200)
    assert told.classes(late=True)[-1] == "corrected"
    told.event("buy", 19, received=201)
    assert told.classes(late=True)[-1] == "late"


def test_a_late_impression_starts_a_session_as_it_would_have_been():
    told = Told(session()).event("click", 12).event("click", 21).event("buy", 30.9)
    told.event("buy", 5, received=35).shown(3, received=200)
    assert told.classes(late=True) == ["corrected", "unseen", "corrected", "unseen", "corrected"]


def test_an_event_that_counts_but_changes_nothing_alone_helps_the_next():
    events = {"click": EventTerm(weight=1.0, aggregate=Aggregate.SUM, cap=1.0)}
    told = Told(rules(events=events)).shown(0)
    tiny = 0.4 / GRID
    told.event("click", 1, value=1.0).event("click", 2, received=200, value=-0.5)
    told.event("click", 3, received=201, value=tiny)
    assert told.classes(late=True)[1:] == ["joined", "corrected", "late"]


def test_nothing_is_late_for_a_decision_that_never_came():
    told = Told(rules(), None).shown(5).event("click", 6).event("buy", 7, received=200)
    assert told.classes(99.999) == ["held", "held", "late"]
    assert told.classes(late=True) == ["orphan", "orphan", "late"]
    assert told.rows(late=True) == []


def test_an_event_for_a_position_that_was_not_delivered_is_an_orphan():
    told = Told(rules()).event("click", 1, position=3)
    assert told.classes(0) == ["orphan"]
    assert told.classes(late=True) == ["orphan"]


@pytest.mark.parametrize(
    ("kind", "at", "received", "says"),
    [
        ("click", 60, 200, "events of its type count from"),
        ("click", 5, 1000, "nothing corrects from"),
        ("impression", 5, 200, "its delivery has its anchor already"),
        ("click", 5, 201, "it counts all the same, and changed nothing"),
    ],
)
def test_a_late_event_that_is_not_taken_says_why(kind, at, received, says):
    told = Told(rules()).shown(0).event("click", 1).event(kind, at, received)
    assert says in told.story(late=True).events[-1].why


def test_a_late_impression_that_is_none_says_why():
    assert "impressions count until" in Told(rules()).shown(31, 200).story(late=True).events[0].why


# Records by themselves ---------------------------------------------------------------------------


def test_what_cannot_be_read_is_told_apart_with_the_reason():
    told = Told(rules()).decision(1)
    told.put(2, "event", b"{")
    story = told.story()
    assert [unread.entry.offset for unread in story.unread] == [2]
    assert story.unread[0].why
    assert [entry.offset for entry in story.repeats] == [1]
    assert story.counts() == {
        "decisions_accepted": 1,
        "decisions_duplicate": 1,
        "decisions_read": 2,
        "deliveries_made": 1,
        "deliveries_unshown": 1,
        "events_poison": 1,
        "events_read": 1,
    }


def test_a_repeat_is_one_whatever_became_of_the_first_and_wherever_it_stands():
    told = Told(rules()).event("note", 1, event_id="x").event("click", 2, event_id="x")
    told.shown(3).event("click", 4, event_id="y").event("buy", 5, event_id="y")
    assert told.classes() == ["ignored_type", "duplicate", "impression", "joined", "duplicate"]


def test_every_event_says_why_it_ended_as_it_did():
    told = Told(rules(settle=20)).event("note", 1).shown(2).shown(3).event("click", 90)
    told.event("click", 3).event("click", 4, received=95).event("click", 5, received=500)
    events = told.story(late=True).events
    assert len(events) == 7
    assert all(one.why for one in events)
    held = Told(rules(), None).event("click", 1).story(2).events[0]
    assert held.verdict is Verdict.HELD
    assert "waits for its decision" in held.why
