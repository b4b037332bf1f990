"""What every policy holds to whose objectives are learnt apart: beliefs x explorers that fit.

The laws of `test_every_policy` and `test_every_contextual_policy`, over several objectives. What cannot do
with them is refused by name.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from again import made_again
from objectives import (
    ARMS,
    CONTEXTS,
    FEATURES,
    NOW,
    batch_of,
    declared,
    learnt,
    policy_of,
)

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy import Batch, compose
from tamesu.policy.contract import Marginals
from tamesu.policy.families.normal import NormalFamily
from tamesu.policy.likeness import apart
from tamesu.policy.objectives.mixing import FITTING

BELIEFS = [
    *({"kind": kind} for kind in ("beta", "gaussian", "losses")),
    *({"kind": "linear", "sharing": sharing} for sharing in ("per_arm", "shared", "hybrid")),
    {"kind": "linear", "noise": 0.25},
    {"kind": "logistic"},
    {"kind": "logistic", "sharing": "shared"},
]
EXPLORERS = [*({"kind": kind} for kind in FITTING), {"kind": "thompson", "draws": 5}]
MORE = [{"kind": "gaussian"}, {"kind": "linear", "sharing": "per_arm"}]
"""Beliefs in three objectives too."""


def fits(belief, explorer):
    try:
        policy_of(belief, explorer, 2)
    except InvalidDeclaration as refusal:
        assert "cannot use" in refusal.message  # noqa: PT017 - said when tests are collected
        return False
    return True


def told(part):
    return ":".join(str(value) for value in part.values())


ALL = [
    pytest.param(*three, id=f"{told(three[0])}-{told(three[1])}-{three[2]}")
    for three in [
        *itertools.product(BELIEFS, EXPLORERS, [2]),
        *itertools.product(MORE, EXPLORERS, [3]),
    ]
    if fits(*three[:2])
]
every = pytest.mark.parametrize(("belief", "explorer", "objectives"), ALL)
every_belief = pytest.mark.parametrize("belief", BELIEFS, ids=told)


def by_place(belief, explorer):
    """Whether draws depend on the place of an arm: then laws of order hold in distribution."""
    return belief.get("sharing") == "hybrid" and explorer["kind"] == "thompson"


whatever_the_place = pytest.mark.parametrize(
    ("belief", "explorer", "objectives"), [one for one in ALL if not by_place(*one.values[:2])]
)


def states(policy, sizes=(0, 1, 60, 900)):
    rng = np.random.default_rng(3)
    for n in sizes:
        yield learnt(policy, batch_of(policy, rng, n))


def columns(policy):
    if not policy.contextual:
        return [None]
    return [policy.encoder.context(context) for context in CONTEXTS]


@every
def test_it_is_a_distribution(belief, explorer, objectives):
    policy = policy_of(belief, explorer, objectives, explore=0.2)
    for state in states(policy):
        prepared = policy.prepare(state, ARMS, NOW)
        for context in columns(policy):
            p = prepared.propensities(None, "law.1.x", 0, context)
            assert np.isfinite(p).all()
            assert abs(p.sum() - 1.0) <= 1e-12
            assert p.min() >= 0.2 / len(ARMS) * (1 - 1e-12)
            assert 0.0 < prepared.least <= p.min() + 1e-15
        assert abs(prepared.propensities().sum() - 1.0) <= 1e-12


@whatever_the_place
def test_the_order_of_the_arms_is_nothing(belief, explorer, objectives):
    """To the bit where arms are independent, of sums of floats in another order to rounding."""
    policy = policy_of(belief, explorer, objectives)
    turned = tuple(np.random.default_rng(5).permutation(ARMS).tolist())
    for state in states(policy):
        one, other = (policy.prepare(state, arms, NOW) for arms in (ARMS, turned))
        for context in columns(policy):
            straight = one.propensities(None, "law.1.x", 0, context)
            pairs = dict(zip(turned, other.propensities(None, "law.1.x", 0, context), strict=True))
            moved = [pairs[arm] for arm in ARMS]
            assert moved == pytest.approx(straight, abs=1e-9)
            assert policy.contextual or moved == straight.tolist()


@whatever_the_place
def test_equal_arms_have_equal_propensities(belief, explorer, objectives):
    policy = policy_of(belief, explorer, objectives)
    none = policy.prepare(policy.init(), ARMS, NOW)
    rng = np.random.default_rng(1)
    *_, state = states(policy)
    for context in columns(policy):
        p = none.propensities(None, "law.1.x", 0, context)
        assert p[0] == p[2] == p[4] == p[6]
        if belief.get("sharing", "per_arm") == "per_arm":
            assert p == pytest.approx(np.full(8, 1 / 8), abs=1e-12)
        if belief.get("sharing") == "shared":
            p = policy.prepare(state, ARMS, NOW).propensities(None, "law.1.x", 0, context)
            assert p[0] == p[2] == p[4] == p[6]
    if not policy.contextual:
        # A state in which `b` learnt what `a` did.
        batch = batch_of(policy, rng, 30, arms=("a", "c"))
        twin = np.where(batch.arm == "a", "b", batch.arm).astype(object)
        again = Batch(
            twin, *(getattr(batch, name) for name in ("reward", "position", "propensity")),
            decided=batch.decided, rewards=batch.rewards,
        )  # fmt: skip
        p = policy.prepare(learnt(policy, batch, again), ARMS, NOW).propensities()
        assert p[0] == p[1]
        assert len({*p[3:].tolist()}) == 1


@every
def test_a_subset_is_chosen_from_alone(belief, explorer, objectives):
    """Of exact explorers, and where arms share all, it is a bandit of its own: other draws are others."""
    policy = policy_of(belief, explorer, objectives)
    rng = np.random.default_rng(7)
    *_, state = states(policy)
    shared = policy.prepare(state, ARMS, NOW)
    exact = explorer["kind"] != "thompson" or belief.get("sharing") == "shared"
    for size, context in itertools.product((1, 2, 5), columns(policy)):
        some = tuple(rng.choice(ARMS, size, replace=False).tolist())
        among = dict(zip(ARMS, shared.propensities(some, "law.1.x", 0, context), strict=True))
        assert sum(among.values()) == pytest.approx(1.0, abs=1e-12)
        assert sum(p for arm, p in among.items() if arm not in some) == 0.0
        if exact:
            own = policy.prepare(state, some, NOW).propensities(None, "law.1.x", 0, context)
            assert [among[arm] for arm in some] == pytest.approx(own, abs=1e-6)


@every
def test_a_choice_is_drawn_from_it_and_many_are_as_one_by_one(belief, explorer, objectives):
    policy = policy_of(belief, explorer, objectives, explore=0.1)
    ids = [f"law.1.{i}" for i in range(5)]
    for state in states(policy, (0, 200)):
        prepared = policy.prepare(state, ARMS, NOW)
        for context in columns(policy):
            many = prepared.choose_many(ids, None, context if context is None else [context] * 5)
            for i, one in enumerate(ids):
                choice = prepared.choose(one, None, context)
                p = prepared.propensities(None, one, 0, context)
                assert choice.propensities == (p[ARMS.index(choice.arms[0])],)
                assert choice.draws == (
                    explorer.get("draws", 64) if "thom" in told(explorer) else None
                )
                assert ARMS[many.rows[i, 0]] == choice.arms[0]
                assert many.propensities[i, 0] == choice.propensities[0]


@every
def test_a_decision_is_made_again_to_the_bit(belief, explorer, objectives):
    policy = policy_of(belief, explorer, objectives)
    *_, state = states(policy)
    context = columns(policy)[-1]
    choice, explained = made_again(policy, state, ARMS, NOW, context)
    first, *_ = explained.arms
    assert first.share == choice.propensities[0]
    assert [*first.objectives] == list(policy.aims.names)
    means = [one.mean for one in first.objectives.values()]
    assert choice.scores[0] == pytest.approx(np.mean(means), abs=1e-12)
    assert all(one.low <= one.mean <= one.high for one in first.objectives.values())


@every
def test_newcomers_have_no_more_than_their_share(belief, explorer, objectives):
    policy = policy_of(belief, explorer, objectives, newcomer={"share": 0.1, "until": 20})
    batch = batch_of(policy, np.random.default_rng(13), 900, arms=tuple("abcde"))
    prepared = policy.prepare(learnt(policy, batch), ARMS, NOW)
    for context in columns(policy):
        p = prepared.propensities(None, "law.1.x", 0, context)
        assert p[5:].sum() <= 0.1 + 1e-12
        assert abs(p.sum() - 1) <= 1e-12


@every_belief
@pytest.mark.parametrize("forgetting", [None, {"half_life": "1h"}], ids=["lasting", "fading"])
def test_evidence_adds_up_and_a_correction_takes_back_what_was_taught(belief, forgetting):
    more = {} if forgetting is None else {"forgetting": forgetting}
    if belief["kind"] == "logistic":
        belief = {**belief, "repeat": 0}
    policy = policy_of(belief, {"kind": "greedy"}, 3, **more)
    rng = np.random.default_rng(9)
    start = learnt(policy, batch_of(policy, rng, 30))
    one, other = (batch_of(policy, rng, 50) for _ in range(2))
    first, second = policy.evidence(start, one), policy.evidence(start, other)
    assert len(first.parts) == 3
    both = policy.absorb(start, first + second)
    assert apart(policy.absorb(start, second + first), both) <= 1e-9
    assert apart(policy.absorb(policy.absorb(start, first), -first), start) <= 1e-9


def test_each_objective_is_learnt_as_if_it_were_the_only_one():
    policy = policy_of({"kind": "gaussian"}, {"kind": "thompson"}, 3)
    batch = batch_of(policy, np.random.default_rng(4), 200)
    state = learnt(policy, batch)
    for number, name in enumerate(policy.aims.names):
        alone = {
            "name": "alone",
            "arms": ARMS,
            "policy": {"belief": "gaussian"},
            "reward": {"events": {name: 1}, "range": [0, 1]},
        }
        single = compose(Declaration.parse(alone))
        taught = learnt(single, batch.of_objective(number))
        assert taught.parts == state.parts[number : number + 1]
        means = single.summary(taught, ARMS, NOW, shares=np.zeros(8))
        for row, of_all in zip(means, policy.summary(state, ARMS, NOW), strict=True):
            assert of_all.objectives[name].mean == row.mean
            assert of_all.objectives[name].low == row.low


@pytest.mark.parametrize("explorer", EXPLORERS, ids=told)
def test_arms_by_the_thousand(explorer):
    arms = tuple(f"arm-{i}" for i in range(1_000))
    policy = policy_of({"kind": "gaussian"}, explorer, 2, arms=arms, explore=0.01)
    state = learnt(policy, batch_of(policy, np.random.default_rng(17), 4_000, arms=arms))
    p = policy.prepare(state, arms, NOW).propensities()
    assert np.isfinite(p).all()
    assert abs(p.sum() - 1) <= 1e-12


def test_the_mean_weight_of_the_uniform_policy_is_1():
    """Draws leave every arm with support.

    1,000 decisions in contexts, by a bandit that knows much. A weight is at most 16; its deviation is taken
    from the sample, and five of the mean's are not reached once in 10^6. Seeded.
    """
    policy = policy_of({"kind": "linear"}, {"kind": "thompson", "draws": 15}, 2)
    rng = np.random.default_rng(23)
    state = learnt(policy, batch_of(policy, rng, 3_000))
    prepared = policy.prepare(state, ARMS, NOW)
    places = columns(policy)
    chosen = [
        prepared.choose(f"law.{i}", None, places[i % 2]).propensities[0] for i in range(1_000)
    ]
    weights = 1 / 8 / np.array(chosen)
    assert abs(weights.mean() - 1) < 5 * weights.std() / 1_000**0.5


@pytest.mark.parametrize("explorer", EXPLORERS, ids=told)
@pytest.mark.parametrize("size", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("spread", [1e-150, 1.0, 1e150])
def test_means_and_deviations_may_be_extreme(explorer, size, spread):
    """Over normal marginals, which reach further than any reward; two arms are equal."""
    policy = policy_of({"kind": "gaussian"}, explorer, 2)
    seen = np.array([0, 1, 5, 5, 10**9])
    parts = tuple(
        Marginals("normal", NormalFamily(size * np.array(mean), np.full(5, spread)), seen, 9)
        for mean in ([-1.0, 0.0, 0.5, 0.5, 1.0], [1.0, -1.0, 0.25, 0.25, 0.0])
    )
    both = Marginals("normal", parts[0].family, seen, 9, objectives=parts)
    over = policy._explorer.over(both)
    for rows in ([0, 1, 2, 3, 4], [1, 2, 3], [0]):
        p = over(np.array(rows), None)
        assert np.isfinite(p).all()
        assert (p >= 0).all()
        assert abs(p.sum() - 1) <= 1e-12
        if 3 in rows:
            assert p[rows.index(2)] == p[rows.index(3)]


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
@pytest.mark.parametrize("by", [1e-150, 1e60])
def test_what_contexts_tell_may_be_extreme(sharing, by):
    data = declared({"kind": "linear", "sharing": sharing}, {"kind": "thompson"}, 2)
    data["context"] = {"x": {"type": "vector", "size": 2}}
    policy = compose(Declaration.parse(data))
    rng = np.random.default_rng(2)
    rows = [{"x": (by * rng.normal(size=2)).tolist()} for _ in range(30)]
    batch = batch_of(policy_of({"kind": "gaussian"}, {"kind": "greedy"}, 2), rng, 30)
    features = np.array([FEATURES[arm] for arm in batch.arm], dtype=object)
    batch = replace(batch, **policy.columns(np.array(rows, dtype=object), features))
    prepared = policy.prepare(learnt(policy, batch), ARMS, NOW)
    for x in ([0.0, 0.0], [by, -by], [by, 1.0]):
        p = prepared.propensities(None, "law.1.x", 0, policy.encoder.context({"x": x}))
        assert np.isfinite(p).all()
        assert abs(p.sum() - 1) <= 1e-12
