"""Losses and exponential weights: by hand, in any order, and with arms that come later."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu import Bandit
from tamesu.base import GRID, Bug, Declaration, InvalidDeclaration, Time
from tamesu.policy import Batch, compose
from tamesu.policy.families.losses import LossesFamily
from tamesu.policy.uniforms import Uniforms, seed_key

NOW = Time(1_700_000_000_000_000)
ARMS = ("a", "b", "c")


def policy_of(explorer=None, *, gamma=0.1, arms=ARMS, reward=None, **policy):
    return compose(
        Declaration.parse(
            {
                "name": "one",
                "arms": arms,
                "seed": 3,
                "reward": reward or {},
                "policy": {
                    "belief": {"kind": "losses", "gamma": gamma},
                    "explorer": explorer or "exponential_weights",
                    **policy,
                },
            }
        )
    )


def rows(*seen, sign=None):
    """(arm, reward, propensity) of each."""
    arm, reward, propensity = zip(*seen, strict=True)
    n = len(seen)
    return Batch(
        arm=np.array(arm, dtype=object),
        reward=np.array([round(one * GRID) for one in reward], dtype=np.int64),
        position=np.zeros(n, np.int64),
        propensity=np.array(propensity, dtype=np.float64),
        decided=np.full(n, int(NOW)),
        sign=sign,
    )


def learnt(policy, *batches):
    state = policy.init()
    for batch in batches:
        state = policy.absorb(state, policy.evidence(state, batch))
    return state


def propensities(policy, state, eligible=None):
    return policy.prepare(state, ARMS, NOW).propensities(eligible)


SEEN = [("a", 0.0, 0.4), ("b", 1.0, 0.4), ("b", 0.0, 0.9), ("a", 0.0, 0.1), ("c", 1.0, 0.15)]
LOSSES = np.array([1 / 0.5 + 1 / 0.2, 1 / 1.0, 0.0])
ROUNDS = np.array([1 / 0.5 + 1 / 0.2, 1 / 0.5 + 1 / 1.0, 1 / 0.25])
ETA = math.sqrt(math.log(3) / (5 * 3))


def by_weights(exponents):
    weights = np.exp(exponents)
    return pytest.approx(weights / weights.sum(), abs=1e-9)


def test_exponential_weights_by_hand():
    policy = policy_of()
    state = learnt(policy, rows(*SEEN))
    assert propensities(policy, state) == by_weights(-ETA * LOSSES)
    among = propensities(policy, state, ["a", "b"])
    eta = math.sqrt(math.log(2) / (5 * 2))
    assert among[:2] == by_weights(-eta * LOSSES[:2])
    assert propensities(policy, state, ["b"]).tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("options", "factor"),
    [
        ({"scale": 2.0}, 2.0),
        ({"delay": 9.0}, math.sqrt(3 / 12)),
        ({"horizon": 500}, math.sqrt(5 / 500)),
        ({"horizon": 500, "delay": 1.0, "scale": 0.5}, 0.5 * math.sqrt(5 / 500 * 3 / 4)),
    ],
)
def test_the_learning_rate_by_hand(options, factor):
    policy = policy_of({"kind": "exponential_weights", **options})
    state = learnt(policy, rows(*SEEN))
    assert propensities(policy, state) == by_weights(-ETA * factor * LOSSES)


def test_losses_beyond_those_of_the_best_by_hand():
    policy = policy_of({"kind": "exponential_weights", "baseline": "best"})
    state = learnt(policy, rows(*SEEN, ("c", 0.0, 0.4)))
    lost = np.array([0.0, 0.0, 1 / 0.5])
    losses, rounds = LOSSES + lost, ROUNDS + lost
    least = (losses / rounds).min()
    assert 0.0 < least < 0.5
    eta = math.sqrt(math.log(3) / (6 * 3))
    assert propensities(policy, state) == by_weights(-eta * (losses - least * rounds))


def test_only_the_delivered_arm_moves():
    policy = policy_of()
    before = learnt(policy, rows(*SEEN))
    after = policy.absorb(before, policy.evidence(before, rows(("b", 0.5, 0.3))))
    (old,), (new,) = before.parts, after.parts
    assert old.arms == new.arms == ARMS
    for name, column in new.per_arm.items():
        changed = [arm for arm, a, b in zip(ARMS, old.per_arm[name], column, strict=True) if a != b]
        assert changed == ([] if name == "clipped" else ["b"])


def test_a_loss_counts_by_the_propensity_of_its_own_decision_whenever_it_comes():
    policy = policy_of()
    late = learnt(policy, rows(*SEEN[1:]), rows(SEEN[0]))
    assert late == learnt(policy, rows(*SEEN))


SEEN_ROWS = st.lists(
    st.tuples(
        st.sampled_from(ARMS),
        st.floats(-3, 3),
        st.floats(0, 1) | st.sampled_from([1e-300, 1e-9, 1.0]),
    ),
    min_size=1,
    max_size=20,
)


@given(SEEN_ROWS, st.integers(0, 20), st.sampled_from([None, "1h"]))
def test_any_order_and_any_pieces_give_the_same_bits(seen, cut, half_life):
    more = {} if half_life is None else {"forgetting": {"half_life": half_life}}
    policy = policy_of(gamma=1e-6, reward={"range": [-1, 2]}, **more)
    whole = learnt(policy, rows(*seen))
    pieces = [rows(*part) for part in (seen[::-1][:cut], seen[::-1][cut:]) if part]
    assert policy.encode(learnt(policy, *pieces)) == policy.encode(whole)
    p = propensities(policy, whole)
    assert np.isfinite(p).all()
    assert abs(p.sum() - 1.0) <= 1e-12


def test_what_was_taught_is_taken_back_to_the_bit():
    policy = policy_of()
    state = learnt(policy, rows(*SEEN))
    wrong = rows(("a", 1.0, 0.37), ("b", 0.25, 0.01))
    there = learnt(policy, rows(*SEEN), wrong)
    back = rows(("a", 1.0, 0.37), ("b", 0.25, 0.01), sign=np.array([-1, -1]))
    assert policy.absorb(there, policy.evidence(there, back)) == state
    twice = policy.absorb(state, policy.evidence(state, back))
    with pytest.raises(Bug, match="taken back twice"):
        policy.prepare(twice, ARMS, NOW)


def test_rewards_outside_their_bounds_are_clipped_and_counted():
    policy = policy_of(
        reward={"range": [0, 2], "events": {"buy": {"weight": 1, "aggregate": "sum"}}}
    )
    state = learnt(policy, rows(("a", 5.0, 0.4), ("a", -1.0, 0.4), ("a", 2.0, 0.4), ("b", 1, 0.4)))
    one, other, third = policy.summary(state, ARMS, NOW)
    assert (one.clipped, other.clipped, third.clipped) == (2, 0, 0)
    assert one.mean == pytest.approx(4 / 3)
    assert other.mean == 1.0
    assert (third.mean, third.low, third.high) == (1.0, 0.0, 2.0)


def test_a_new_arm_starts_level_with_the_best_or_far_above_it():
    rng = np.random.default_rng(5)
    seen = [("a", float(rng.random() < 0.3), 0.5) for _ in range(400)]
    seen += [("b", float(rng.random() < 0.2), 0.5) for _ in range(400)]
    plain, best = (
        policy_of({"kind": "exponential_weights", "baseline": one}) for one in ("none", "best")
    )
    state = learnt(plain, rows(*seen))
    assert propensities(plain, state)[2] > 0.999
    p = propensities(best, state)
    assert p[2] == p[0] > p[1] > 0.0


def test_it_finds_the_best_arm_among_rates():
    """Uniform play loses .32 a round; one seed, and a bound far from what it loses."""
    rates, lost = np.array([0.3] * 4 + [0.7]), 0
    arms = tuple("vwxyz")
    bandit = Bandit(arms=arms, belief="losses", seed=8)
    luck = np.random.default_rng(8).random((1_500, 5))
    for i in range(1_500):
        arm = bandit.decide()
        row = arms.index(arm.arm)
        bandit.learn(arm, reward=float(luck[i, row] < rates[row]))
        lost += rates[4] - rates[row]
    assert lost < 0.6 * 0.32 * 1_500


def test_what_it_asks_of_a_declaration():
    with pytest.raises(InvalidDeclaration, match=r"gamma must lie in \[1e-06, 1\], got 0"):
        policy_of(gamma=0)
    with pytest.raises(InvalidDeclaration, match="belief losses needs bounds of the reward"):
        policy_of(reward={"events": {"buy": {"weight": 1, "aggregate": "sum"}}})
    with pytest.raises(InvalidDeclaration, match="cannot use what belief 'beta' gives"):
        compose(
            Declaration.parse(
                {"name": "x", "arms": ARMS, "policy": {"explorer": "exponential_weights"}}
            )
        )
    for kind in ("thompson", "randomized_ucb", "ucb"):
        with pytest.raises(InvalidDeclaration, match="cannot use what belief 'losses' gives"):
            policy_of(kind)
    for options, said in (
        ({"scale": 0}, "scale must lie above 0"),
        ({"delay": -1}, r"delay must lie in \[0, "),
        ({"horizon": 0}, "horizon must be at least 1, got 0"),
    ):
        with pytest.raises(InvalidDeclaration, match=said):
            policy_of({"kind": "exponential_weights", **options})


def test_there_is_no_posterior_to_ask_for():
    family = LossesFamily(np.zeros(2), np.zeros(2), 0.0, 1.0)
    for ask in (family.distinct, family.spread, family.ladder):
        with pytest.raises(Bug, match="no posterior"):
            ask()
    for ask in (family.log_density, family.below, family.above):
        with pytest.raises(Bug, match="no posterior"):
            ask(np.zeros(1))


def test_a_decision_does_not_depend_on_draws():
    policy = policy_of()
    state = learnt(policy, rows(*SEEN))
    choice = policy.prepare(state, ARMS, NOW).choose("one.1.x")
    assert choice.draws is None
    p = propensities(policy, state).cumsum()
    assert ARMS.index(choice.arms[0]) == np.searchsorted(p, Uniforms(seed_key(3), "one.1.x")(0))
