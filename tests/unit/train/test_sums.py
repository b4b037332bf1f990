"""Sums of observations add up, exactly, and make the state that learning row by row makes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import GRID, Declaration, Observations, Outcome, Sum, Time
from tamesu.base.observations import NO_REWARD
from tamesu.base.times import HOUR_US
from tamesu.policy import compose
from tamesu.testing import observations, single
from tamesu.train import added, is_counted, learn, state_of, sums


def row(arm="a", hour=0, correction=0, reward=None, previous=None, **other):
    """One row: with a reward observed, without unshown."""
    made = {
        "arm": np.array([arm], dtype=np.object_),
        "decided": np.array([hour * HOUR_US + 5]),
        "correction": np.array([correction]),
        "outcome": np.array([Outcome.UNSHOWN if reward is None else Outcome.OBSERVED]),
        "reward": np.array([reward or 0]),
        "previous_reward": np.array([NO_REWARD if previous is None else previous]),
        **{name: np.array([value]) for name, value in other.items()},
    }
    return replace(single(), **made)


def summed(*rows):
    return sums(Observations.concatenate(list(rows)))


@given(st.lists(observations(), min_size=1, max_size=3))
def test_sums_of_parts_add_up_to_those_of_the_whole(parts):
    parts = [replace(part, declaration=1) for part in parts]
    one_by_one = added(one for part in parts for one in sums(part))
    assert one_by_one == added(sums(Observations.concatenate(parts)))
    assert added(reversed(one_by_one)) == one_by_one


def test_no_rows_have_no_sums():
    assert sums(single().take(slice(0, 0))) == []
    assert added([]) == []


def test_each_hour_and_arm_is_counted_for_itself():
    told = summed(
        row("a", 1, reward=GRID), row("a", 1), row("b", 1, reward=0), row("a", 2, reward=7)
    )
    hour = [Time(number * HOUR_US) for number in range(3)]
    assert told == [
        Sum(hour=hour[1], arm="a", deliveries=2, observed=1, reward=GRID),
        Sum(hour=hour[1], arm="b", deliveries=1, observed=1),
        Sum(hour=hour[2], arm="a", deliveries=1, observed=1, reward=7),
    ]


def test_a_correction_is_a_difference_in_the_hour_of_its_decision():
    """It replaces what was so before, and a delivery that was not seen becomes one that was."""
    first, seen = row(reward=GRID), row(correction=2, reward=3, previous=GRID)
    assert summed(first, seen) == [
        Sum(hour=Time(0), arm="a", deliveries=1, observed=1, corrections=1, reward=3)
    ]
    late = summed(row(), row(correction=1, reward=GRID, closed=99 * HOUR_US))
    assert late == [
        Sum(hour=Time(0), arm="a", deliveries=1, observed=1, corrections=1, reward=GRID)
    ]


def test_what_a_fallback_chose_is_counted_apart():
    told = summed(
        row(reward=GRID, fallback=True),
        row(correction=1, reward=0, previous=GRID, fallback=True),
        row(reward=GRID),
    )
    assert told == [
        Sum(
            hour=Time(0),
            arm="a",
            deliveries=2,
            fallbacks=1,
            observed=1,
            corrections=1,
            reward=GRID,
        )
    ]


def test_rewards_add_up_beyond_any_integer_of_the_machine():
    most = (1 << 62, -(1 << 62))
    for reward in most:
        rows = [row(reward=reward) for _ in range(9)]
        rows.append(row(correction=1, reward=reward, previous=-reward))
        assert summed(*rows)[0].reward == 11 * reward


BANDIT = {"name": "home", "arms": ["a", "b"], "seed": 1, "reward": {"events": {"click": 1}}}


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.sampled_from([None, 0, GRID]), st.sampled_from([0, GRID])
        ),
        max_size=12,
    )
)
def test_the_state_made_from_sums_is_the_one_that_rows_make(told):
    """Bit for bit, corrections and retired arms too."""
    policy = compose(Declaration.parse(BANDIT))
    rows = [single().take(slice(0, 0))]
    for arm, before, after in told:
        rows += [row(arm, reward=before), row(arm, 3, 1, reward=after, previous=before)]
    together = Observations.concatenate(rows)
    by_row, _ = learn(policy, policy.init(), together)
    by_arm = {}
    for one in sums(together):
        by_arm[one.arm] = by_arm[one.arm] + one if one.arm in by_arm else one
    assert policy.encode(state_of(policy, by_arm)) == policy.encode(by_row)


def test_only_what_counts_ones_and_zeros_is_made_from_them():
    assert is_counted(Declaration.parse(BANDIT))
    assert is_counted(Declaration.parse({**BANDIT, "layout": {"kind": "slate", "size": 2}}))
