"""Against rewards that come later: what is learnt when, and that in the end nothing is learnt twice."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from tamesu.base import GRID, Declaration
from tamesu.base.times import SECOND_US
from tamesu.sim import NEVER_US, BernoulliWorld, DelayedWorld, delayed_play, play, play_delayed

RATES = [0.2, 0.5, 0.8]


def declared(window="60s", settle="10s", size=None, kind="slate"):
    layout = {"kind": kind, "size": size} if size else "single"
    reward = {"window": window, "settle": settle, "anchor": "decision"}
    return Declaration.parse(
        {"name": "later", "arms": list("abc"), "layout": layout, "reward": reward, "seed": 5}
    )


def luck(seed=1):
    rng = np.random.default_rng(seed)
    return lambda m, k: rng.random((m, k))


def test_rewards_that_come_at_once_are_learnt_like_any_other():
    """Delays of at most 60 microseconds: all have come when the next decision is made."""
    rng = np.random.default_rng(2)
    u = rng.random((600, 2))
    at = iter(range(0, 600, 20))
    now = iter(range(0, 600, 20))
    later = play_delayed(
        declared(settle="0s"),
        DelayedWorld(RATES, 1.0),
        rounds=600,
        every=20,
        uniforms=lambda m, _: u[(start := next(at)) : start + m],
        pace_us=SECOND_US,
    )
    once = play(
        declared(),
        BernoulliWorld(RATES),
        rounds=600,
        every=20,
        uniforms=lambda m, _: u[(start := next(now)) : start + m, :1],
        pace_us=SECOND_US,
    )
    compared = 0
    for a, b in zip(later, once, strict=True):
        assert a.lost.tolist() == b.lost.tolist()
        assert a.earned.tolist() == b.earned.tolist()
        assert a.evaluability == b.evaluability
        compared += 1
    assert compared == 30


@pytest.mark.parametrize("size", [None, 2])
@pytest.mark.parametrize("settle", ["0s", "10s", "60s"])
def test_at_each_moment_what_has_come_of_what_has_settled_is_known(monkeypatch, settle, size):
    """Told by the people themselves: rewards noted when they are drawn, learnt rows added up."""
    taught, drawn = defaultdict(lambda: [0, 0]), []
    learn, delays_us = delayed_play.Player.learn, DelayedWorld.delays_us

    def noted(self, batch):
        signs = np.ones(len(batch), int) if batch.sign is None else batch.sign
        for arm, decided, position, reward, sign in zip(
            batch.arm, batch.decided, batch.position, batch.reward, signs, strict=True
        ):
            taught[arm, int(decided), int(position)][0] += int(sign)
            taught[arm, int(decided), int(position)][1] += int(sign * reward)
        learn(self, batch)

    def remembered(self, arms, uniforms):
        delays = delays_us(self, arms, uniforms)
        drawn.append((arms, delays))
        return delays

    monkeypatch.setattr(delayed_play.Player, "learn", noted)
    monkeypatch.setattr(DelayedWorld, "delays_us", remembered)
    declaration = declared(settle=settle, size=size)
    steps = play_delayed(
        declaration,
        DelayedWorld(RATES, 30 * SECOND_US),
        rounds=200,
        every=7,
        uniforms=luck(),
        pace_us=SECOND_US,
    )
    corrected = 0
    for step in steps:
        now_us = step.first * SECOND_US
        expected = {}
        for number, (arms, delays) in enumerate(drawn[:-1]):
            for row, position in np.ndindex(arms.shape):
                decided = (7 * number + row) * SECOND_US
                if decided + declaration.reward.settle_us > now_us:
                    continue
                delay = delays[row, position]
                came = delay < 60 * SECOND_US and decided + delay <= now_us
                corrected += came and delay > declaration.reward.settle_us
                expected["abc"[arms[row, position]], decided, position] = [1, GRID * came]
        assert dict(taught) == expected
    assert len(taught) > 100
    assert bool(corrected) == (settle != "60s")


def test_until_anything_settles_nobody_knows_anything():
    steps = play_delayed(
        declared(settle="60s"),
        DelayedWorld([0.0, 0.0, 1.0], SECOND_US),
        rounds=200,
        every=10,
        uniforms=luck(),
        pace_us=SECOND_US,
    )
    best = {step.first: step.evaluability.best for step in steps}
    assert all(share == pytest.approx(1 / 3) for first, share in best.items() if first < 60)
    assert best[60] > 0.4
    assert best[190] > 0.95


def test_what_comes_after_the_window_is_no_reward():
    world = DelayedWorld([1.0, 1.0, 1.0], 1e3 * SECOND_US)
    steps = list(
        play_delayed(declared(), world, rounds=4_000, every=500, uniforms=luck(), pace_us=SECOND_US)
    )
    # 1 - exp(-.06) of them; 5 standard errors of 4,000 draws.
    assert np.concatenate([s.earned for s in steps]).mean() == pytest.approx(0.0582, abs=0.0186)
    assert steps[0].truth == pytest.approx(np.full((3, 1), 1 - np.exp(-0.06)))
    assert NEVER_US > 60 * SECOND_US


@pytest.mark.parametrize("settle", ["0s", "10s", "60s"])
def test_a_cascade_is_known_as_far_as_its_first_click_has_come(monkeypatch, settle):
    """Told by the people: the first arm that attracts them within the window is clicked when its time comes.

    Until then all seem to have been looked at and left; then what lies below is taken back.
    """
    taught, drawn = defaultdict(lambda: [0, 0]), []
    learn, delays_us = delayed_play.Player.learn, DelayedWorld.delays_us

    def noted(self, batch):
        signs = np.ones(len(batch), int) if batch.sign is None else batch.sign
        for decided, position, reward, sign in zip(
            batch.decided, batch.position, batch.reward, signs, strict=True
        ):
            taught[int(decided), int(position)][0] += int(sign)
            taught[int(decided), int(position)][1] += int(sign * reward)
        learn(self, batch)

    def remembered(self, arms, uniforms):
        delays = delays_us(self, arms, uniforms)
        drawn.append(delays)
        return delays

    monkeypatch.setattr(delayed_play.Player, "learn", noted)
    monkeypatch.setattr(DelayedWorld, "delays_us", remembered)
    declaration = declared(settle=settle, size=3, kind="cascade")
    world = DelayedWorld(RATES, 30 * SECOND_US)
    asked = {"rounds": 200, "every": 7, "uniforms": luck(), "pace_us": SECOND_US}
    retracted, earned = 0, []
    for step in play_delayed(declaration, world, **asked):
        now_us, expected = step.first * SECOND_US, {}
        for number, delays in enumerate(drawn[:-1]):
            for row, each in enumerate(delays):
                decided = (7 * number + row) * SECOND_US
                if decided + declaration.reward.settle_us > now_us:
                    continue
                clicked = next((i for i, delay in enumerate(each) if delay < 60 * SECOND_US), None)
                come = clicked is not None and decided + each[clicked] <= now_us
                retracted += come and clicked < 2 and each[clicked] > declaration.reward.settle_us
                for position in range(clicked + 1 if come else 3):
                    expected[decided, position] = [1, GRID * (come and position == clicked)]
        assert {place: told for place, told in taught.items() if told != [0, 0]} == expected
        earned += step.earned.tolist()
        assert step.truth is None
    assert set(earned) == {0.0, 1.0}
    assert bool(retracted) == (settle != "60s")


def test_what_a_cascade_loses_is_measured_in_clicks_that_come_in_time():
    declaration = declared(size=2, kind="cascade")
    world = DelayedWorld([0.3, 0.3, 0.3], 30 * SECOND_US)
    asked = {"rounds": 50, "every": 10, "uniforms": luck(), "pace_us": SECOND_US}
    rate = 0.3 * (1.0 - np.exp(-2.0))
    for step in play_delayed(declaration, world, **asked):
        assert step.best == pytest.approx(np.full(10, 1.0 - (1.0 - rate) ** 2))
        assert step.lost == pytest.approx(np.zeros(10), abs=1e-12)
        assert step.uniform == pytest.approx(step.best[0])
