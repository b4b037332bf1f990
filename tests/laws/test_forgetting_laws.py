"""Forgetting: exact whatever the order, the batching and the corrections, and what the formula says."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import GRID, Declaration, InvalidDeclaration, Time
from tamesu.base.times import HOUR_US
from tamesu.policy import Batch, compose
from tamesu.policy.forgetting import KEPT, weighed

H = HOUR_US
ARMS = ("a", "b", "c")


def policy_of(kind, half_life="1h"):
    reward = {"range": [0, 1]} if kind == "gaussian" else {}
    policy = {"belief": kind, "forgetting": {"half_life": half_life}}
    return compose(
        Declaration.parse(
            {"name": "f", "arms": ARMS, "seed": 1, "policy": policy, "reward": reward}
        )
    )


POLICIES = {kind: policy_of(kind) for kind in ("beta", "gaussian")}


def batch_of(rows):
    """Rows are (arm, reward, decided, sign)."""
    return Batch(
        arm=np.array([row[0] for row in rows], dtype=object),
        reward=np.array([row[1] for row in rows], dtype=np.int64),
        position=np.zeros(len(rows), np.int64),
        propensity=np.ones(len(rows)),
        decided=np.array([row[2] for row in rows], dtype=np.int64),
        sign=np.array([row[3] for row in rows], dtype=np.int64),
    )


def taught(policy, rows, state=None):
    state = policy.init() if state is None else state
    return policy.absorb(state, policy.evidence(state, batch_of(rows)))


decided = st.one_of(
    st.integers(0, 3 * H), st.integers(0, 200 * H), st.sampled_from([0, H - 1, H, 64 * H, 65 * H])
)
kinds = st.sampled_from(sorted(POLICIES))


@st.composite
def lives(draw):
    """A kind, and rows each of which may be corrected, some to nothing."""
    kind = draw(kinds)
    rewards = st.sampled_from([0, GRID]) if kind == "beta" else st.integers(-GRID, 2 * GRID)
    rows, left = [], []
    for _ in range(draw(st.integers(0, 12))):
        arm, at, reward = draw(st.sampled_from(ARMS)), draw(decided), draw(rewards)
        rows.append((arm, reward, at, 1))
        for _ in range(draw(st.integers(0, 2))):
            rows.append((arm, reward, at, -1))
            reward = draw(rewards)
            rows.append((arm, reward, at, 1))
        if draw(st.booleans()):
            left.append((arm, reward, at, 1))
        else:
            rows.append((arm, reward, at, -1))
    return kind, rows, left


@given(lives(), st.data())
def test_any_order_and_batching_give_the_same_bits(life, data):
    kind, rows, _ = life
    policy = POLICIES[kind]
    turned = data.draw(st.permutations(rows))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    state = policy.init()
    for first, last in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        state = taught(policy, turned[first:last], state)
    once = policy.encode(taught(policy, rows))
    assert policy.encode(state) == once
    assert policy.encode(policy.decode(once)) == once


@given(lives(), st.data())
def test_what_is_taken_back_is_gone_to_the_bit(life, data):
    """Beside one observation, newer than all, that stays: else what was too old is not kept."""
    kind, rows, left = life
    policy, last = POLICIES[kind], ("c", GRID, 200 * H, 1)
    turned = data.draw(st.permutations([*rows, last]))
    assert policy.encode(taught(policy, turned)) == policy.encode(taught(policy, [*left, last]))


@given(lives(), st.integers(0, 400 * H))
def test_evidence_adds_up(life, moment):
    kind, rows, _ = life
    policy = POLICIES[kind]
    zero, half = policy.init(), len(rows) // 2
    one, other = (policy.evidence(zero, batch_of(part)) for part in (rows[:half], rows[half:]))
    whole = policy.evidence(zero, batch_of(rows))
    assert policy.encode(policy.absorb(zero, one + other)) == policy.encode(
        policy.absorb(zero, whole)
    )
    told = policy.summary(taught(policy, rows), ARMS, Time(moment))
    assert all(math.isfinite(value) for row in told for value in (row.mean, row.low, row.high))


@given(lives(), st.integers(0, 100 * H))
def test_it_is_what_the_formula_says(life, later):
    """The posterior from sums of 2^((t - T) / h) r, to 1e-9; raw counts whatever the age."""
    kind, _, left = life
    policy = POLICIES[kind]
    moment = max((row[2] for row in left), default=0) + later
    moment = max(moment, H * (max((row[2] for row in left), default=0) // H))
    for row in policy.summary(taught(policy, left), ARMS, Time(moment)):
        mine = [one for one in left if one[0] == row.arm]
        weights = [2.0 ** ((one[2] - moment) / H) for one in mine]
        rewards = [min(max(one[1] / GRID, 0.0), 1.0) for one in mine]
        n = math.fsum(weights)
        total = math.fsum(w * r for w, r in zip(weights, rewards, strict=True))
        golden = (1 + total) / (2 + n) if kind == "beta" else (0.5 + total) / (1 + n)
        assert row.mean == pytest.approx(golden, abs=1e-9)
        assert row.observations == len(mine)


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1), st.integers(60_000_000, 10**14))
def test_a_weight_is_two_to_the_part_of_a_half_life(times, half_life):
    """Within 2^-32 of it, from 1 to 2, and the same alone as among others."""
    numbers, weights = weighed(np.array(times), half_life)
    for time, number, weight in zip(times, numbers.tolist(), weights.tolist(), strict=True):
        part = Fraction(time, half_life) - number
        assert 0 <= part < 1
        assert abs(weight / 2**32 - 2.0 ** float(part)) <= 2.0**-32
        alone = weighed(np.array([time]), half_life)
        assert (alone[0].item(), alone[1].item()) == (number, weight)


@pytest.mark.parametrize("kind", sorted(POLICIES))
def test_a_state_stays_small_however_long_it_lives(kind):
    policy = POLICIES[kind]
    state = policy.init()
    for hour in range(300):
        state = taught(policy, [(arm, GRID, hour * H, 1) for arm in ARMS], state)
    assert len(state.parts[0].arms) <= len(ARMS) * (KEPT + 2)
    assert [row.observations for row in policy.summary(state, ARMS, Time(300 * H))] == [300] * 3


@pytest.mark.parametrize("kind", sorted(POLICIES))
def test_in_the_end_only_the_prior_is_left(kind):
    policy = POLICIES[kind]
    state = taught(policy, [("a", GRID, 0, 1)] * 50)
    early, late = (policy.summary(state, ARMS, Time(at)) for at in (0, 10**6 * H))
    assert early[0].mean > 0.9
    assert (late[0].mean, late[0].low) == (late[1].mean, late[1].low)
    assert late[0].observations == 50


@pytest.mark.parametrize("kind", sorted(POLICIES))
def test_a_half_life_later_it_counts_half(kind):
    policy = POLICIES[kind]
    many = taught(policy, [("a", GRID, 0, 1)] * 200)
    few = taught(policy, [("a", GRID, 0, 1)] * 100)
    then, now = (policy.summary(*at)[0] for at in ((few, ARMS, Time(0)), (many, ARMS, Time(H))))
    assert (now.mean, now.low, now.high) == pytest.approx((then.mean, then.low, then.high))


def test_read_before_it_was_learnt_nothing_weighs_more_than_twice():
    """A reconciliation reads at 0: what it says stays finite."""
    policy = POLICIES["beta"]
    state = taught(policy, [("a", GRID, 10**6 * H, 1)] * 10)
    assert policy.summary(state, ARMS, Time(0))[0].mean == pytest.approx(11 / 12)


def test_a_half_life_before_anything_is_learnt_is_refused():
    with pytest.raises(InvalidDeclaration, match=r"at least reward.settle(.|\n)*15m, got 10m"):
        compose(
            Declaration.parse(
                {
                    "name": "f",
                    "arms": ARMS,
                    "reward": {"window": "15m", "settle": "15m"},
                    "policy": {"forgetting": {"half_life": "10m"}},
                }
            )
        )
