"""The laws of policies, for any counts, any arms, any batching."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import GRID, Declaration, Time
from tamesu.policy import Batch, compose

NOW = Time(0)
NAMES = [f"arm-{i}" for i in range(12)]

explores = st.sampled_from([0.0, 0.01, 0.3, 0.99])
explorers = st.sampled_from(
    [
        "thompson",
        "uniform",
        {"kind": "epsilon_greedy", "epsilon": 0.1},
        {"kind": "epsilon_greedy", "epsilon": 0},
    ]
)
counts = st.one_of(
    st.integers(0, 5),
    st.integers(0, 1000),
    st.integers(0, 10**7),
)
posteriors = st.lists(st.tuples(counts, counts), min_size=1, max_size=10)
rows = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([0, GRID])), max_size=40)


def policy_of(explorer="thompson", explore=0.0, layout="single", arms=NAMES):
    part = {"kind": explorer} if isinstance(explorer, str) else explorer
    return compose(
        Declaration.parse(
            {
                "name": "law",
                "arms": arms,
                "seed": 5,
                "layout": layout,
                "policy": {"explorer": {**part, "explore": explore}},
            }
        )
    )


def batch_of(taught, sign=1):
    n = len(taught)
    return Batch(
        arm=np.array([arm for arm, _ in taught], dtype=object),
        reward=np.array([reward for _, reward in taught], dtype=np.int64),
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64),
        sign=np.full(n, sign),
    )


def state_of(policy, pairs):
    """The state after so many (ones, zeros) of each arm."""
    ones, zeros = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    n = len(pairs)
    names = np.array(NAMES[:n] * 2, dtype=object)
    batch = Batch(
        arm=names,
        reward=np.repeat([GRID, 0], n),
        position=np.zeros(2 * n, np.int64),
        propensity=np.ones(2 * n),
        decided=np.zeros(2 * n, np.int64),
        sign=np.concatenate([ones, zeros]),
    )
    return policy.absorb(policy.init(), policy.evidence(policy.init(), batch))


@given(posteriors, explorers, explores)
def test_propensities_are_a_distribution_and_explore_bounds_them(pairs, explorer, explore):
    policy = policy_of(explorer, explore)
    prepared = policy.prepare(state_of(policy, pairs), tuple(NAMES[: len(pairs)]), NOW)
    p = prepared.propensities()
    assert np.isfinite(p).all()
    assert abs(p.sum() - 1) <= 1e-12
    assert p.min() >= explore / len(pairs) * (1 - 1e-12)
    assert prepared.least <= p.min() + 1e-15


@given(posteriors, st.randoms(use_true_random=False), explorers, explores)
def test_permuting_arms_permutes_propensities_bit_for_bit(pairs, random, explorer, explore):
    policy = policy_of(explorer, explore)
    state = state_of(policy, pairs)
    arms = NAMES[: len(pairs)]
    turned = random.sample(arms, len(arms))
    straight = policy.prepare(state, tuple(arms), NOW).propensities()
    other = policy.prepare(state, tuple(turned), NOW).propensities()
    assert dict(zip(arms, straight, strict=True)) == dict(zip(turned, other, strict=True))


@given(posteriors, explorers)
def test_equal_arms_share_equally_bit_for_bit(pairs, explorer):
    policy = policy_of(explorer)
    p = policy.prepare(state_of(policy, pairs), tuple(NAMES[: len(pairs)]), NOW).propensities()
    shares = {}
    for pair, propensity in zip(pairs, p, strict=True):
        assert shares.setdefault(pair, propensity) == propensity


@given(posteriors, st.floats(0, 1), explores)
def test_epsilon_greedy_gives_the_highest_means_the_rest(pairs, epsilon, explore):
    """By fractions, so that no rounding decides who is best."""
    policy = policy_of({"kind": "epsilon_greedy", "epsilon": epsilon}, explore)
    means = [Fraction(1 + ones, 2 + ones + zeros) for ones, zeros in pairs]
    best = [mean == max(means) for mean in means]
    n, spread = len(pairs), explore + (1 - explore) * epsilon
    p = policy.prepare(state_of(policy, pairs), tuple(NAMES[:n]), NOW).propensities()
    for propensity, is_best in zip(p, best, strict=True):
        golden = spread / n + (1 - spread) * is_best / sum(best)
        assert abs(propensity - golden) <= 1e-12


@given(posteriors, explorers, st.data())
def test_a_subset_is_a_bandit_of_its_own(pairs, explorer, data):
    """Eligible subsets, asked in any order of one snapshot, are what a fresh one says."""
    policy = policy_of(explorer, 0.05)
    state = state_of(policy, pairs)
    arms = NAMES[: len(pairs)]
    shared = policy.prepare(state, tuple(arms), NOW)
    subsets = st.lists(st.sampled_from(arms), unique=True, min_size=1)
    for eligible in data.draw(st.lists(subsets, min_size=1, max_size=4)):
        alone = policy.prepare(state, tuple(eligible), NOW).propensities()
        among = dict(zip(arms, shared.propensities(eligible), strict=True))
        assert all(abs(among[a] - p) <= 1e-6 for a, p in zip(eligible, alone, strict=True))
        assert sum(p for a, p in among.items() if a not in eligible) == 0


@given(posteriors, explorers, st.integers(1, 4), st.integers(0, 10**6))
def test_a_choice_carries_the_propensities_of_what_remained(pairs, explorer, size, number):
    size = min(size, len(pairs))
    policy = policy_of(explorer, layout={"kind": "slate", "size": size}, explore=0.1)
    arms = NAMES[: len(pairs)]
    prepared = policy.prepare(state_of(policy, pairs), tuple(arms), NOW)
    choice = prepared.choose(f"law.1.{number}")
    assert len(set(choice.arms)) == size
    left = list(arms)
    for arm, propensity in zip(choice.arms, choice.propensities, strict=True):
        assert propensity == dict(zip(arms, prepared.propensities(left), strict=True))[arm] > 0
        left.remove(arm)


@given(rows, rows, rows)
def test_evidence_is_a_commutative_group(a, b, c):
    policy = policy_of()
    empty = policy.init()
    x, y, z = (policy.evidence(empty, batch_of(part)) for part in (a, b, c))
    zero = policy.evidence(empty, batch_of([]))
    assert x + y == y + x
    assert (x + y) + z == x + (y + z)
    assert x + zero == x
    assert x - x == zero
    assert policy.evidence(empty, batch_of(a + b)) == x + y
    assert policy.evidence(empty, batch_of(a, sign=-1)) == -x


@given(rows, st.lists(st.integers(0, 40), max_size=4), st.randoms(use_true_random=False))
def test_any_batching_and_any_order_give_the_same_bytes(taught, cuts, random):
    policy = policy_of()
    once = policy.absorb(policy.init(), policy.evidence(policy.init(), batch_of(taught)))
    turned = random.sample(taught, len(taught))
    state = policy.init()
    edges = [0, *sorted(min(cut, len(taught)) for cut in cuts), len(taught)]
    for start, stop in itertools.pairwise(edges):
        state = policy.absorb(state, policy.evidence(state, batch_of(turned[start:stop])))
        state = policy.decode(policy.encode(state))
    assert state == once
    assert policy.encode(state) == policy.encode(once)


@given(rows, rows, rows)
def test_a_correction_leaves_what_was_right_from_the_start(kept, wrong, right):
    policy = policy_of()
    empty = policy.init()
    state = policy.absorb(empty, policy.evidence(empty, batch_of(kept + wrong)))
    change = policy.evidence(state, batch_of(right)) - policy.evidence(state, batch_of(wrong))
    corrected = policy.absorb(state, change)
    assert corrected == policy.absorb(empty, policy.evidence(empty, batch_of(kept + right)))


@given(rows)
def test_unknown_arms_grow_the_state_and_retired_ones_stay(taught):
    policy = policy_of(arms=["arm-0", "never-played"])
    state = policy.absorb(policy.init(), policy.evidence(policy.init(), batch_of(taught)))
    for arm in NAMES:
        own = [reward for name, reward in taught if name == arm]
        (row,) = policy.summary(state, (arm,), NOW)
        assert row.observations == len(own)
        assert abs(row.mean - (1 + own.count(GRID)) / (2 + len(own))) <= 1e-15
