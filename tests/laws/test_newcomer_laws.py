"""The laws of the newcomer cap, for any counts, any arms, any subset."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import GRID, Declaration, Time
from tamesu.policy import Batch, compose

NOW = Time(0)
NAMES = [f"arm-{i}" for i in range(10)]
UNTIL = 20

explorers = st.sampled_from(
    ["thompson", "uniform", {"kind": "epsilon_greedy", "epsilon": 0.1}, {"kind": "epsilon_greedy"}]
)
explores = st.sampled_from([0.0, 0.02, 0.5])
shares = st.sampled_from([1e-9, 0.05, 0.2, 0.5, 0.999])
counts = st.one_of(st.integers(0, UNTIL), st.integers(0, 200), st.integers(0, 10**6))
posteriors = st.lists(st.tuples(counts, counts), min_size=1, max_size=len(NAMES))


def policy_of(share, explorer="thompson", explore=0.0, layout="single"):
    part = {"kind": explorer} if isinstance(explorer, str) else explorer
    newcomer = False if share is None else {"share": share, "until": UNTIL}
    return compose(
        Declaration.parse(
            {
                "name": "law",
                "arms": NAMES,
                "seed": 5,
                "layout": layout,
                "policy": {"explorer": {**part, "explore": explore}, "newcomer": newcomer},
            }
        )
    )


def prepared_of(pairs, arms=None, **asked):
    """Ready to choose after so many (ones, zeros) of each arm."""
    policy = policy_of(**asked)
    n = len(pairs)
    batch = Batch(
        arm=np.array(NAMES[:n] * 2, dtype=object),
        reward=np.repeat([GRID, 0], n),
        position=np.zeros(2 * n, np.int64),
        propensity=np.ones(2 * n),
        decided=np.zeros(2 * n, np.int64),
        sign=np.array([*(ones for ones, _ in pairs), *(zeros for _, zeros in pairs)]),
    )
    state = policy.absorb(policy.init(), policy.evidence(policy.init(), batch))
    return policy.prepare(state, tuple(arms or NAMES[:n]), NOW)


def newcomers_of(pairs):
    return np.array([ones + zeros < UNTIL for ones, zeros in pairs])


@given(posteriors, explorers, explores, shares)
def test_together_newcomers_have_at_most_the_share_beside_a_mature_arm(
    pairs, explorer, explore, share
):
    free = prepared_of(pairs, share=None, explorer=explorer, explore=explore).propensities()
    prepared = prepared_of(pairs, share=share, explorer=explorer, explore=explore)
    p, newcomers = prepared.propensities(), newcomers_of(pairs)
    assert np.isfinite(p).all()
    assert p.min() >= 0
    assert abs(p.sum() - 1) <= 1e-12
    assert prepared.least <= p.min() * (1 + 1e-9) + 1e-15
    if newcomers.all() or not newcomers.any() or free[newcomers].sum() <= share:
        assert np.array_equal(p, free)
        return
    assert abs(p[newcomers].sum() - share) <= 1e-12
    # Newcomers keep their proportions, and no mature arm has less than without the cap.
    assert np.allclose(p[newcomers] * free[newcomers].sum(), share * free[newcomers], rtol=1e-9)
    assert np.all(p[~newcomers] >= free[~newcomers])


@given(posteriors, st.randoms(use_true_random=False), explorers, explores, shares)
def test_permuting_arms_permutes_propensities_bit_for_bit(pairs, random, explorer, explore, share):
    asked = {"share": share, "explorer": explorer, "explore": explore}
    arms = NAMES[: len(pairs)]
    turned = random.sample(arms, len(arms))
    straight = prepared_of(pairs, **asked).propensities()
    other = prepared_of(pairs, turned, **asked).propensities()
    assert dict(zip(arms, straight, strict=True)) == dict(zip(turned, other, strict=True))


@given(posteriors, explorers, shares)
def test_equal_arms_share_equally_bit_for_bit(pairs, explorer, share):
    shared = {}
    p = prepared_of(pairs, share=share, explorer=explorer).propensities()
    for pair, propensity in zip(pairs, p, strict=True):
        assert shared.setdefault(pair, propensity) == propensity


@given(posteriors, explorers, explores, shares, st.data())
def test_the_least_propensity_holds_for_every_subset(pairs, explorer, explore, share, data):
    prepared = prepared_of(pairs, share=share, explorer=explorer, explore=explore)
    arms = list(prepared.arms)
    eligible = data.draw(st.lists(st.sampled_from(arms), unique=True, min_size=1))
    among = dict(zip(arms, prepared.propensities(eligible), strict=True))
    assert min(among[arm] for arm in eligible) >= prepared.least * (1 - 1e-9)
    newcomers = [arm for arm in eligible if sum(pairs[arms.index(arm)]) < UNTIL]
    if 0 < len(newcomers) < len(eligible):
        assert sum(among[arm] for arm in newcomers) <= share + 1e-12


@given(posteriors, explorers, shares, st.integers(1, 4), st.integers(0, 10**6))
def test_a_slate_caps_what_remains_at_each_position(pairs, explorer, share, size, number):
    size = min(size, len(pairs))
    layout = {"kind": "slate", "size": size}
    prepared = prepared_of(pairs, share=share, explorer=explorer, explore=0.1, layout=layout)
    choice = prepared.choose(f"law.1.{number}")
    assert len(set(choice.arms)) == size
    left = list(prepared.arms)
    for arm, propensity in zip(choice.arms, choice.propensities, strict=True):
        vector = dict(zip(prepared.arms, prepared.propensities(left), strict=True))
        assert propensity == vector[arm] > 0
        left.remove(arm)
