"""The player's script: what is sent is counted, and every kind of trouble is in it."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from tamesu.base import Duration, Reward, Time
from tamesu.base.reward import Anchor
from tamesu.sim import UNIFORMS, Habits, Tally, plan

SECOND = 1_000_000
REWARD = Reward(
    anchor=Anchor.IMPRESSION,
    window=Duration(3 * SECOND),
    impression_within=Duration(3 * SECOND),
    lateness=Duration(SECOND),
)
ROUGH = Habits(
    impression_lost=0.2, impression_late=0.1, click_lost=0.2, click_late=0.2, repeated=0.2
)


def a_script(seed: int, habits: Habits | None = ROUGH, n: int = 500, k: int = 3):
    g = np.random.default_rng(seed)
    clicked = g.random((n, k)) < 0.3
    return clicked, plan(clicked, g.random((n, k, UNIFORMS)), REWARD, habits)


def keys(script, rows):
    return list(zip(script.decision[rows], script.position[rows], script.click[rows], strict=True))


def test_the_tally_counts_what_the_rows_hold():
    clicked, script = a_script(1)
    tally, final_us = script.tally, REWARD.last_moment(Time(0))
    late = script.sent_us >= final_us
    first = ~script.repeat
    assert tally.events == len(script)
    assert tally.repeats == script.repeat.sum() > 0
    assert tally.impressions == (first & ~script.click & ~late).sum() > 0
    assert tally.impressions_late == (first & ~script.click & late).sum() > 0
    assert tally.clicks == (first & script.click & ~late).sum() > 0
    assert tally.clicks_late == (first & script.click & late).sum() > 0
    assert tally.impressions + tally.impressions_late + tally.impressions_lost == clicked.size
    assert tally.clicks + tally.clicks_late + tally.clicks_lost == clicked.sum()
    assert (tally.decisions, tally.deliveries) == (*clicked.shape[:1], clicked.size)
    shown = set(keys(script, first & ~script.click & ~late))
    unseen = [
        key for key in keys(script, first & script.click & ~late) if (*key[:2], False) not in shown
    ]
    assert tally.unseen == len(unseen) > 0


def test_only_those_click_who_would():
    clicked, script = a_script(2)
    assert clicked[script.decision[script.click], script.position[script.click]].all()


def test_a_repeat_follows_its_first_and_says_the_same():
    _, script = a_script(3)
    first = {
        key: (sent, happened)
        for key, sent, happened in zip(
            keys(script, ~script.repeat),
            script.sent_us[~script.repeat],
            script.happened_us[~script.repeat],
            strict=True,
        )
    }
    repeats = np.flatnonzero(script.repeat)
    assert repeats.size
    for key, row in zip(keys(script, repeats), repeats, strict=True):
        sent, happened = first[key]
        assert script.sent_us[row] > sent
        assert script.happened_us[row] == happened


def test_every_event_happens_in_its_window_and_only_late_ones_come_after_it():
    _, script = a_script(4)
    assert (script.happened_us < REWARD.window).all()
    late = script.sent_us >= REWARD.last_moment(Time(0))
    in_time = script.sent_us - script.happened_us
    assert (in_time[~late] < REWARD.lateness).all()


def test_it_is_sent_in_order():
    _, script = a_script(5)
    assert (np.diff(script.sent_us) >= 0).all()


def test_the_same_uniforms_give_the_same_script():
    _, one = a_script(6)
    _, two = a_script(6)
    _, other = a_script(7)
    for field in fields(one):
        if field.name != "tally":
            assert getattr(one, field.name).tolist() == getattr(two, field.name).tolist()
    assert one.tally == two.tally != other.tally


def test_without_trouble_everything_is_sent_once_and_in_time():
    calm = Habits(impression_lost=0, impression_late=0, click_lost=0, click_late=0, repeated=0)
    clicked, script = a_script(8, calm)
    assert script.tally == Tally(
        decisions=len(clicked),
        deliveries=clicked.size,
        impressions=clicked.size,
        clicks=int(clicked.sum()),
    )


def test_the_shares_are_those_of_the_habits():
    _, script = a_script(9, n=20_000)
    tally = script.tally
    # Five standard deviations: a false alarm in a million runs; the seed is fixed besides.
    for count, of, share in (
        (tally.impressions_lost, tally.deliveries, 0.2),
        (tally.impressions_late, tally.deliveries, 0.1),
        (tally.repeats, tally.impressions + tally.clicks, 0.2),
    ):
        assert count == pytest.approx(share * of, abs=5 * (share * of) ** 0.5)


def test_tallies_add_up_to_the_tally_of_both():
    _, one = a_script(10)
    _, two = a_script(11)
    both = one.tally + two.tally
    assert both.events == len(one) + len(two)
    assert both.expected() == {
        name: count + two.tally.expected()[name] for name, count in one.tally.expected().items()
    }
