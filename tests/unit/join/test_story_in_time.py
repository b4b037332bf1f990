"""What came in time, worked out by hand: a sentence of the design, an example."""

from __future__ import annotations

import pytest
from told import CLICK, SHORT_LONG, T0, S, Told, rules, session

from tamesu.base import (
    GRID,
    Anchor,
    Duration,
    EventTerm,
    Outcome,
    Reward,
    Unseen,
)
from tamesu.join import Stage

# settle -----------------------------------------------------------------------------------------


def test_settling_early_counts_what_was_received_before_and_corrects_by_the_rest():
    told = Told(rules(settle=20)).shown(5).event("click", 24.999).event("buy", 25).event("buy", 26)
    assert told.worth() == [(1.0, None, 25.0), (11.0, 1.0, 25.0)]
    assert told.classes() == ["impression", "joined", "joined", "joined"]


def test_settle_is_about_receipt_not_about_when_it_happened():
    told = Told(rules(settle=20)).shown(5).event("click", 6, received=25)
    assert told.worth() == [(0.0, None, 25.0), (1.0, 0.0, 25.0)]


def test_every_delivery_waits_the_same_age_clicked_or_not():
    assert Told(rules(settle=20)).shown(5).worth(24.999) == []
    assert Told(rules(settle=20)).shown(5).event("click", 6).worth(24.999) == []
    assert Told(rules(settle=20)).shown(5).worth(25) == [(0.0, None, 25.0)]
    assert Told(rules(settle=20)).shown(5).event("click", 6).worth(25) == [(1.0, None, 25.0)]


def test_settling_with_the_window_waits_for_the_lateness_too_and_is_final():
    told = Told(rules(settle=60)).shown(5).event("click", 64.999, received=74.999)
    assert told.worth(74.999) == []
    assert told.worth(75) == [(1.0, None, 75.0)]
    (course,) = told.story(75).courses
    assert (course.stage, course.due, course.final) == (Stage.FINAL, T0 + 75 * S, T0 + 75 * S)


def test_settling_a_microsecond_before_the_window_is_early():
    told = Told(rules(settle=59.999999)).shown(0).event("click", 59.9999, received=60)
    assert told.worth() == [(0.0, None, 59.999999), (1.0, 0.0, 60.0)]


def test_settling_at_once_makes_a_row_of_nothing_and_corrects_by_everything():
    told = Told(rules(Anchor.DECISION, settle=0)).event("click", 0).event("buy", 1)
    assert told.worth() == [(0.0, None, 0.0), (1.0, 0.0, 0.0), (11.0, 1.0, 1.0)]


def test_an_event_that_changes_nothing_makes_no_correction():
    told = Told(rules(settle=1)).shown(0).event("click", 2).event("click", 3).event("buy", 4)
    assert told.worth() == [(0.0, None, 1.0), (1.0, 0.0, 2.0), (11.0, 1.0, 4.0)]
    whys = [one.why for one in told.story().events]
    assert [why.rsplit("; ", 1)[-1] for why in whys[1:]] == [
        "it made correction 1",
        "it changed nothing",
        "it made correction 2",
    ]


def test_a_term_that_changes_makes_a_correction_though_the_reward_stays():
    events = {"click": CLICK, "cancel": EventTerm(weight=-1.0), "note": EventTerm(weight=0.0)}
    told = Told(rules(settle=1, events=events, default=1.0)).shown(0)
    told.event("click", 2).event("cancel", 3).event("note", 4)
    assert told.worth() == [(1.0, None, 1.0), (1.0, 1.0, 2.0), (0.0, 1.0, 3.0)]
    assert told.rows()[1].observation.terms == {"click": GRID, "cancel": 0, "note": 0}


def test_the_default_gives_way_to_the_first_event_that_counts_whatever_it_is_worth():
    events = {"click": CLICK, "note": EventTerm(weight=0.0)}
    told = Told(rules(settle=1, events=events, default=0.5)).shown(0).event("note", 2)
    assert told.worth() == [(0.5, None, 1.0), (0.0, 0.5, 2.0)]


def test_corrections_are_given_with_what_was_read_and_never_before_the_first_row():
    told = Told(rules(settle=20)).shown(0).event("click", 21).event("buy", 22)
    assert told.worth(19.999) == []
    assert len(told.worth(20)) == 3
    assert told.story(20).courses[0].stage is Stage.CORRECTING
    assert told.story(69.999).courses[0].stage is Stage.CORRECTING
    assert told.story(70).courses[0].stage is Stage.FINAL


def test_an_impression_received_after_the_settling_age_does_not_widen_the_first_row():
    told = Told(rules(settle=5)).event("click", 4).event("buy", 5, received=8)
    told.shown(2, received=9).event("click", 10)
    assert told.worth() == [(1.0, None, 7.0), (11.0, 1.0, 8.0)]


def test_closed_never_falls_also_where_the_first_row_is_late():
    told = Told(rules(settle=50, unseen=Unseen.IMPLY)).event("click", 1).event("buy", 51)
    assert told.worth() == [(1.0, None, 51.0), (11.0, 1.0, 51.0)]


def test_events_before_the_impression_count_from_its_time_on():
    told = Told(rules()).event("click", 10).shown(11, received=20).event("buy", 5.999, received=21)
    assert told.classes() == ["joined", "impression", "out_of_window"]
    assert told.worth() == [(1.0, None, 81.0)]


# within ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "end"), [("click", 5), ("view", 60), ("buy", 100)], ids=["shorter", "none", "longer"]
)
def test_within_overrides_the_window_for_time_and_for_receipt(kind, end):
    told = Told(rules(Anchor.DECISION, settle=100, events=SHORT_LONG))
    told.event(kind, end - 0.000001, received=end - 0.001).event(kind, end, received=end + 0.001)
    told.event(kind, end - 1, received=end + 9.999).event(kind, end - 1, received=end + 10)
    assert told.classes() == ["joined", "out_of_window", "joined", "late"]
    assert told.worth()[0][2] == 110


def test_the_longest_within_is_when_a_delivery_is_final_and_what_settle_is_measured_by():
    told = Told(rules(Anchor.DECISION, settle=60, events=SHORT_LONG)).event("buy", 99)
    assert told.worth() == [(0.0, None, 60.0), (10.0, 0.0, 99.0)]
    (course,) = told.story(109.9).courses
    assert (course.stage, course.final) == (Stage.CORRECTING, T0 + 110 * S)


# Sessions ----------------------------------------------------------------------------------------


def test_a_session_goes_on_while_events_come_within_the_gap():
    told = Told(session()).shown(0)
    for at in (9.9, 19, 28.9):
        told.event("click", at)
    told.event("buy", 38.9)
    assert told.classes() == ["impression", "joined", "joined", "joined", "out_of_window"]


def test_a_session_includes_its_start_and_excludes_its_end():
    told = Told(session()).shown(0).event("click", 9.999999, 9.999).event("buy", 19.999999, 20)
    assert told.classes() == ["impression", "joined", "out_of_window"]
    told = Told(session()).shown(0).event("click", 9.999999, 9.999).event("buy", 19.999998, 20)
    assert told.classes() == ["impression", "joined", "joined"]


def test_a_session_ends_with_its_cap():
    told = Told(session(window=25, settle=25)).shown(0)
    for at in (9, 18, 24.9):
        told.event("click", at)
    told.event("buy", 25, received=26)
    assert told.classes()[1:] == ["joined", "joined", "joined", "out_of_window"]
    assert told.story().courses[0].final == T0 + 35 * S


def test_a_session_is_judged_in_log_order_and_what_was_outside_stays_so():
    told = Told(session()).shown(0).event("buy", 15).event("click", 9, received=16)
    told.event("buy", 18)
    assert told.classes() == ["impression", "out_of_window", "joined", "joined"]


def test_an_earlier_event_does_not_shorten_a_session():
    told = Told(session()).shown(0).event("click", 9).event("click", 2, received=10)
    told.event("buy", 18.9)
    assert told.classes()[1:] == ["joined", "joined", "joined"]


def test_impressions_do_not_move_a_session():
    told = Told(session()).shown(0).shown(9).event("click", 10)
    assert told.classes() == ["impression", "repeat_impression", "out_of_window"]


def test_a_session_takes_records_until_the_lateness_after_its_end():
    told = Told(session()).shown(0).event("click", 9, received=19.999)
    told.event("buy", 18, received=28.999).event("buy", 27, received=38)
    assert told.classes() == ["impression", "joined", "joined", "late"]
    assert told.story().courses[0].window.close == T0 + 28 * S


def test_a_type_with_its_own_within_neither_moves_a_session_nor_ends_with_it():
    events = {"click": CLICK, "buy": EventTerm(weight=10.0, within=Duration(100 * S))}
    told = Told(session(events=events, settle=100)).shown(0).event("buy", 9).event("click", 11)
    told.event("buy", 99)
    assert told.classes() == ["impression", "joined", "out_of_window", "joined"]
    assert told.story().courses[0].final == T0 + 110 * S


def test_a_session_that_settles_with_its_cap_is_due_at_the_same_age_whatever_happened():
    assert Told(session()).shown(0).worth() == [(0.0, None, 70.0)]
    assert Told(session()).shown(0).event("click", 9).worth() == [(1.0, None, 70.0)]


def test_a_session_that_settles_early_is_corrected_while_it_goes_on():
    told = Told(session(settle=5)).shown(0).event("click", 9).event("buy", 18)
    assert told.worth() == [(0.0, None, 5.0), (1.0, 0.0, 9.0), (11.0, 1.0, 18.0)]
    assert told.story(37.9).courses[0].stage is Stage.CORRECTING
    assert told.story(38).courses[0].stage is Stage.FINAL


# Impressions -------------------------------------------------------------------------------------


def test_without_an_impression_a_delivery_is_unshown_when_none_can_come_any_more():
    told = Told(rules(settle=1)).event("click", 3)
    assert told.rows(39.999) == []
    assert told.classes(39.999) == ["held"]
    (row,) = told.rows(40)
    assert (row.observation.outcome, row.observation.reward) == (Outcome.UNSHOWN, 0)
    assert (row.observation.closed, row.accepted) == (T0 + 40 * S, None)
    assert told.classes(40) == ["unseen"]


def test_with_the_decision_as_anchor_an_impression_only_says_when_it_was_shown():
    told = Told(rules(Anchor.DECISION, settle=5)).event("click", 1).shown(6).event("buy", 7)
    shown = [row.observation.shown for row in told.rows()]
    assert shown == [None, T0 + 6 * S]
    assert [row.observation.shown for row in told.rows(6.5)] == [None, T0 + 6 * S]
    early = Told(rules(Anchor.DECISION, settle=5)).shown(4)
    assert [row.observation.shown for row in early.rows()] == [T0 + 4 * S]
    whole = Told(rules(Anchor.DECISION)).shown(59, received=69)
    assert [row.observation.shown for row in whole.rows()] == [T0 + 59 * S]


def imply(**clauses) -> Reward:
    return rules(**{"unseen": Unseen.IMPLY, "settle": 20, **clauses})


def test_an_event_implies_the_impression_once_none_can_come_any_more():
    told = Told(imply()).event("click", 3).event("buy", 4)
    assert told.classes(39.999) == ["held", "held"]
    assert told.classes(40) == ["joined", "joined"]
    assert told.worth() == [(11.0, None, 40.0)]
    assert told.rows()[0].observation.shown == T0 + 3 * S
    assert told.story(40).courses[0].implied


def test_a_real_impression_wins_over_an_implied_one_if_it_came_in_time():
    told = Told(imply()).event("click", 3).shown(10, received=39.999)
    assert told.classes() == ["out_of_window", "impression"]
    told = Told(imply()).event("click", 3).shown(10, received=40)
    assert told.classes() == ["joined", "late"]
    assert told.classes(late=True) == ["joined", "late"]


def test_the_first_event_in_log_order_implies_and_the_others_are_judged_by_it():
    told = Told(imply()).event("buy", 29).event("click", 25, received=30)
    told.event("click", 23.9, received=31)
    assert told.classes() == ["joined", "joined", "out_of_window"]
    assert told.rows()[0].observation.shown == T0 + 29 * S


@pytest.mark.parametrize(
    ("at", "received", "told"),
    [
        (29.999999, 30, "joined"),
        (30, 30, "unseen"),
        (-5, 0, "joined"),
        (-5.000001, 0, "unseen"),
        (1, 39.999, "joined"),
        (1, 40, "unseen"),
    ],
)
def test_an_event_implies_where_an_impression_would_have_counted(at, received, told):
    assert Told(imply()).event("click", at, received).classes() == [told]


def test_what_was_received_after_the_settling_age_of_an_implied_impression_corrects():
    told = Told(imply(settle=20)).event("click", 3).event("buy", 4, received=23)
    assert told.worth() == [(1.0, None, 40.0), (11.0, 1.0, 40.0)]
    told = Told(imply(settle=39)).event("click", 3).event("buy", 41)
    assert told.worth(41.999) == []
    assert told.worth() == [(11.0, None, 42.0)]


def test_an_implied_delivery_that_waits_for_its_window_is_due_then():
    told = Told(imply(settle=60)).event("click", 3).event("buy", 62)
    assert told.worth() == [(11.0, None, 73.0)]
    short = Told(imply(window=5, settle=5)).event("click", 3)
    assert short.worth() == [(1.0, None, 40.0)]
