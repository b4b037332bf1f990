"""The logistic belief: near the posterior mode of everything, however it was learnt."""

from __future__ import annotations

import numpy as np
import pytest
from chances import (
    ARMS,
    FEATURES,
    asked,
    batch,
    batch_of,
    belief_of,
    columns,
    distance,
    learnt,
    refit,
    rows_of,
    scores,
)
from scipy import special

from tamesu.base import GRID, InvalidDeclaration, Time

HOUR = 3_600_000_000

SHARINGS = pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])


@SHARINGS
@pytest.mark.parametrize("rate", [0.5, 0.1])
def test_one_batch_is_at_the_mode_of_everything(sharing, rate):
    belief = belief_of(sharing=sharing, rate=rate, ridge=0.7, repeat=50)
    rows = batch_of(np.random.default_rng(5), 120)
    state = learnt(belief, rows)
    offset = special.logit(rate)
    theta, curvature = refit(rows, sharing, 0.7, offset)
    inverse = np.linalg.inv(curvature)
    for context in np.random.default_rng(6).normal(size=(4, 3)):
        location, scale = scores(belief, state, context)
        design = np.array([columns(sharing, arm, context) for arm in ARMS])
        assert location == pytest.approx(offset + design @ theta, abs=2e-5)
        assert scale == pytest.approx(np.sqrt((design @ inverse * design).sum(axis=1)), rel=1e-4)


@pytest.mark.parametrize("rate", [0.001, 0.02, 0.9])
@pytest.mark.parametrize("seed", [0, 1])
def test_one_batch_is_at_the_mode_wherever_it_starts(rate, seed):
    """Newton's method goes to and fro from log-odds that are far too low: whole steps end 17 deviations off."""
    belief, rng = belief_of(rate=rate), np.random.default_rng(seed)
    theta = rng.normal(size=(3, 4))
    arm, x = rng.integers(0, 3, 1_200), rng.normal(size=(1_200, 3))
    log_odds = theta[arm, 0] - 1.0 + (x * theta[arm, 1:]).sum(axis=1)
    reward = rng.random(1_200) < special.expit(log_odds)
    rows = batch([ARMS[one] for one in arm], x, reward)
    state, offset = learnt(belief, rows), special.logit(rate)
    mode, _ = refit(rows, "per_arm", 1.0, offset)
    for context in rng.normal(size=(4, 3)):
        location, _ = scores(belief, state, context)
        design = np.array([columns("per_arm", arm, context) for arm in ARMS])
        assert location == pytest.approx(offset + design @ mode, abs=1e-4)


@SHARINGS
@pytest.mark.parametrize("size", [1, 10, 100])
def test_rows_in_any_batches_come_near_the_mode_of_everything(sharing, size):
    belief = belief_of(sharing=sharing)
    rows = batch_of(np.random.default_rng(7), 300)
    parts = [rows_of(rows, slice(first, first + size)) for first in range(0, 300, size)]
    assert distance(belief, learnt(belief, *parts), rows, sharing) < 0.4


def test_a_single_step_is_what_repeating_saves_us_from():
    """In one step from nothing, where everything is far from even, the mode is missed by deviations."""
    rows = batch_of(np.random.default_rng(13), 2_000)
    once, repeated = (belief_of(repeat=repeat) for repeat in (0, 8))
    assert distance(once, learnt(once, rows), rows) > 1.0
    assert distance(repeated, learnt(repeated, rows), rows) < 0.01


@SHARINGS
def test_a_correction_makes_the_sums_what_they_had_been(sharing):
    """From 0 to 1 the moments move by the columns, whatever is known by then, and the precisions not at all."""
    belief = belief_of(sharing=sharing)
    rng = np.random.default_rng(15)
    state = learnt(belief, batch_of(rng, 200))
    x, both = rng.normal(size=3), np.array([-1, 1])
    change = batch("bb", np.stack([x, x]), [0, 1], sign=both)
    moved = belief.absorb(state, belief.evidence(state, change)) - state
    row = {"moment": np.array([[1.0, *x]]), "joint_moment": np.array([1.0, *x, *FEATURES["b"]])}
    for name, column in {**moved.per_arm, **moved.shared}.items():
        due = row.get(name, np.zeros(1))
        assert np.asarray(column) == pytest.approx(np.broadcast_to(due, column.shape), abs=1e-9)


@pytest.mark.parametrize(("share", "most"), [(0.05, 0.4), (0.3, 0.9)])
def test_late_corrections_come_near_a_clean_refit(share, most):
    """Of 3,000 rows, learnt by hundreds, a share was learnt as nothing and corrected three batches later."""
    belief, rng = belief_of(), np.random.default_rng(17)
    rows = batch_of(rng, 3_000)
    late = (rng.random(3_000) < share) & (rows.reward > 0)
    state, waiting = belief.init(), []
    for first in range(0, 3_000, 100):
        here = slice(first, first + 100)
        reward = np.where(late, 0, rows.reward)[here] / GRID
        state = learnt(belief, batch(rows.arm[here], rows.context[here], reward), state=state)
        waiting.append(first + np.flatnonzero(late[here]))
        if len(waiting) > 3 or first == 2_900:
            due = np.concatenate(waiting if first == 2_900 else [waiting.pop(0)])
            twice, n = np.concatenate([due, due]), len(due)
            sign = np.repeat(np.array([-1, 1]), n)
            change = batch(rows.arm[twice], rows.context[twice], np.repeat([0, 1], n), sign)
            state = learnt(belief, change, state=state)
    assert distance(belief, state, rows) < most


def test_what_was_taken_back_leaves_little():
    """A batch that was learnt and taken back, at another state: what remains of it is of second order."""
    belief, rng = belief_of(), np.random.default_rng(19)
    first, second = batch_of(rng, 1_000), batch_of(rng, 200)
    state = learnt(belief, first, second)
    back = learnt(belief, signed(second, -1), state=state)
    assert distance(belief, back, first) < 0.25
    everything = learnt(belief, signed(first, -1), state=back)
    assert everything == belief.init()


@SHARINGS
@pytest.mark.parametrize("covariance", ["full", "diagonal"])
@pytest.mark.parametrize("forgetting", [None, {"half_life": "1h"}])
def test_more_cannot_be_taken_back_than_was_taught(sharing, covariance, forgetting):
    """Nine of ten failures are taken back, six batches later: where they were expanded is not where the state is.

    A row taken back there may weigh more than it did when it was taught. No coefficient is then less known than
    before anything was learnt, and no log-odds run away (they had been 10^14 and more).
    """
    given = {"sharing": sharing, "covariance": covariance, "rate": 0.02}
    belief, rng = belief_of(forgetting=forgetting, **given), np.random.default_rng(24)
    state, waiting = belief.init(), []
    for hour in range(30):
        x = 4.0 * rng.normal(size=(8, 3))
        arm, reward = rng.choice(ARMS, 8), rng.random(8) < special.expit(x.sum(axis=1) / 4.0 - 1.5)
        decided = np.full(8, hour * HOUR // 10)
        back = (rng.random(8) < 0.9) & ~reward
        state = learnt(belief, batch(arm, x, reward, decided=decided), state=state)
        waiting.append(batch(arm[back], x[back], reward[back], -np.ones(back.sum()), decided[back]))
        if len(waiting) > 6:
            state = learnt(belief, waiting.pop(0), state=state)
        _, least = scores(belief, belief.init(), np.zeros(3), time=int(decided[0]))
        for context in ([0.0, 0.0, 0.0], [1.0, -1.0, 2.0]):
            location, scale = scores(belief, state, context, time=int(decided[0]))
            assert (np.abs(location) < 40.0).all()
            assert (scale <= least * np.sqrt(1.0 + np.dot(context, context)) + 1e-6).all()


def signed(rows, sign):
    return batch(rows.arm, rows.context, rows.reward / GRID, np.full(len(rows), sign))


def test_half_a_life_later_it_counts_half():
    """A weighed refit: what was decided h half-lives before counts 2^-h."""
    belief = belief_of(forgetting={"half_life": "1h"}, repeat=50)
    rng = np.random.default_rng(21)
    plain = batch_of(rng, 150)
    lives = rng.uniform(0.0, 3.0, 150)
    now = 500 * HOUR
    decided = (now - lives * HOUR).astype(np.int64)
    rows = batch(plain.arm, plain.context, plain.reward / GRID, decided=decided)
    state = learnt(belief, rows)
    latest = int(decided.max())
    weights = 0.5 ** ((latest - decided) / HOUR)
    theta, _ = refit(rows, "per_arm", weights=weights)
    for context in rng.normal(size=(3, 3)):
        location, _ = scores(belief, state, context, time=latest)
        design = np.array([columns("per_arm", arm, context) for arm in ARMS])
        assert location == pytest.approx(design @ theta, abs=1e-4)
    _, sure = scores(belief, state, np.ones(3), time=now)
    _, unsure = scores(belief, state, np.ones(3), time=now + 60 * HOUR)
    assert (unsure > sure).all()
    assert unsure == pytest.approx(np.full(3, 2.0), rel=1e-6)


def test_what_is_expected_is_a_rate_of_each_arm():
    belief = belief_of(rate=0.02, rates={"b": 0.3})
    family = belief.reading(belief.init(), asked(), Time(0)).at(np.zeros(3)).family
    assert special.expit(family.location).tolist() == pytest.approx([0.02, 0.3, 0.02])


def test_rewards_are_shares_of_a_success_and_what_lies_outside_is_clipped_and_counted():
    belief = belief_of(
        reward={"range": [0, 1], "events": {"minutes": {"weight": 1, "aggregate": "sum"}}}
    )
    x = np.zeros((4, 3))
    state = learnt(belief, batch("aaab", x, [0.25, 7.0, -3.0, 0.5]))
    told = belief.reading(state, asked(), Time(0)).at(np.zeros(3))
    assert told.clipped.tolist() == [2, 0, 0]
    assert told.observations.tolist() == [3, 1, 0]
    same = learnt(belief, batch("aaab", x, [0.25, 1.0, 0.0, 0.5]))
    assert same.per_arm["moment"].tolist() == state.per_arm["moment"].tolist()


def test_no_rows_teach_nothing():
    belief = belief_of()
    assert belief.evidence(belief.init(), batch([], np.zeros((0, 3)), [])) == belief.init()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"ridge": 0}, "policy.belief.ridge must lie between 1e-12 and 1e"),
        ({"rate": 1}, "policy.belief.rate must lie between 1e-09 and 1 - 1e-09, got 1"),
        ({"rates": {"b": 0}}, "policy.belief.rates.b must lie between"),
        ({"rates": {"bb": 0.1}}, "must name declared arms, got 'bb'"),
        ({"rates": {"b": 0.1}, "sharing": "shared"}, "rates must be empty where arms share"),
        ({"repeat": -1}, "policy.belief.repeat must lie in 0..100, got -1"),
        ({"sharing": "all"}, "sharing"),
        ({"reward": {"events": {"buy": {"weight": 3}}}}, r"within \[0, 1\], .* within \[0, 3\]"),
        ({"reward": {"events": {"buy": {"weight": 1, "aggregate": "sum"}}}}, "can make any"),
    ],
)
def test_what_cannot_be_is_refused(given, says):
    with pytest.raises(InvalidDeclaration, match=says):
        belief_of(**given)


def test_many_contexts_are_as_one_by_one():
    belief = belief_of(rate=0.1, rates={"b": 0.4})
    rng = np.random.default_rng(27)
    reading = belief.reading(learnt(belief, batch_of(rng, 90)), asked(), Time(0))
    contexts = rng.normal(size=(5, 3))
    sheet = reading.many(contexts)
    for number, context in enumerate(contexts):
        family = reading.at(context).family
        assert sheet.mean()[number] == pytest.approx(family.mean(), rel=1e-12)
        for many, one in zip(sheet.ladder(), family.ladder(), strict=True):
            assert many[number] == pytest.approx(one, rel=1e-12)
        assert sheet.at(number).family.mean() == pytest.approx(family.mean(), rel=1e-12)
