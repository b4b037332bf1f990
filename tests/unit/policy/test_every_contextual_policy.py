"""What every policy holds to that learns from contexts and from what arms tell of themselves.

The laws of `test_every_policy`, in contexts: beliefs by their sharing, with every explorer; in layouts of
several arms, with one explorer of each kind: exact, drawn, deterministic, by a formula of the means. Sums are
floats here, so that what is added in another order differs by rounding.
"""

from __future__ import annotations

import itertools
from dataclasses import fields

import numpy as np
import pytest
from again import made_again

from tamesu.base import GRID, Declaration, InvalidDeclaration, Time
from tamesu.policy import Batch, compose, known_kinds
from tamesu.policy.likeness import apart

ARMS = tuple("abcdefgh")
NOW = Time(1_700_000_000_000_000)
SCHEMA = {
    "context": {
        "hour": {"type": "cyclic", "period": 24},
        "device": {"type": "categorical", "values": ["phone", "desk"]},
        "age": {"type": "numeric", "range": [0, 100]},
    },
    "arm_features": {"genre": {"type": "categorical", "values": ["x", "y"]}, "new": "boolean"},
    "interactions": [["device", "genre"]],
}
FEATURES = {arm: {"genre": "xy"[i % 2], "new": i in (1, 2, 5)} for i, arm in enumerate(ARMS)}
"""`a`, `e` and `g` tell the same of themselves, and others do."""
CONTEXTS = [
    {"hour": 0.0, "device": "phone", "age": 0.0},
    {"hour": 13.5, "device": "desk", "age": 64.0},
    {"hour": 20.25, "device": "phone", "age": 100.0},
]
REQUIRED = {"softmax": {"temperature": 0.1}}
BELIEFS = [
    *({"kind": "linear", "sharing": one} for one in ("per_arm", "shared", "hybrid")),
    {"kind": "linear", "noise": 0.25},
    {"kind": "linear", "noise": 0.25, "sharing": "shared"},
    *({"kind": "logistic", "sharing": one} for one in ("per_arm", "shared", "hybrid")),
]
EXPLORERS = [
    *({"kind": kind, **REQUIRED.get(kind, {})} for kind in known_kinds("explorer")),
    {"kind": "thompson", "draws": 3},
    {"kind": "ucb", "variant": "kl_ucb"},
]
ONE_OF_EACH = [{"kind": kind} for kind in ("thompson", "randomized_ucb", "inverse_gap")]
LAYOUTS = [{"kind": kind, "size": 3} for kind in ("slate", "per_position", "cascade")]
SINGLE = {"kind": "single"}


def policy_of(belief, explorer, layout=SINGLE, arms=ARMS, explore=0.0, **policy):
    features = FEATURES if arms is ARMS else dict.fromkeys(arms, FEATURES["a"])
    return compose(
        Declaration.parse(
            {
                "name": "law",
                "arms": [{"id": arm, "features": features[arm]} for arm in arms],
                "seed": 11,
                "layout": layout,
                "policy": {
                    "belief": belief,
                    "explorer": {**explorer, "explore": explore},
                    **policy,
                },
                **SCHEMA,
            }
        )
    )


def told(part):
    return ":".join(str(value) for value in part.values())


def fits(belief, explorer, layout):
    try:
        policy_of(belief, explorer, layout)
    except InvalidDeclaration as refusal:
        assert "cannot use" in refusal.message  # noqa: PT017 - said when tests are collected
        return False
    return True


ALL = [
    pytest.param(*three, id="-".join(map(told, three)))
    for three in [
        *itertools.product(BELIEFS, EXPLORERS, [SINGLE]),
        *itertools.product(BELIEFS, ONE_OF_EACH, LAYOUTS),
    ]
    if fits(*three)
]
every = pytest.mark.parametrize(("belief", "explorer", "layout"), ALL)
every_belief = pytest.mark.parametrize("belief", BELIEFS, ids=told)
every_single = pytest.mark.parametrize(
    ("belief", "explorer"),
    [
        pytest.param(*two, id="-".join(map(told, two)))
        for two in itertools.product(BELIEFS, EXPLORERS)
        if fits(*two, SINGLE)
    ],
)


def by_place(belief, explorer):
    """Whether draws of an arm's own coefficients depend on its place: then laws hold in distribution."""
    return belief.get("sharing") == "hybrid" and explorer["kind"] == "thompson"


whatever_the_place = pytest.mark.parametrize(
    ("belief", "explorer", "layout"), [one for one in ALL if not by_place(*one.values[:2])]
)


def context_of(rng):
    return {
        "hour": float(rng.uniform(0, 24)),
        "device": ("phone", "desk")[rng.integers(2)],
        "age": float(rng.uniform(0, 100)),
    }


def batch_of(policy, rng, n, *, arms=ARMS, sign=None):
    arm = np.array(rng.choice(arms, n), dtype=object)
    contexts = np.array([context_of(rng) for _ in range(n)] + [None], dtype=object)[:-1]
    features = np.array([FEATURES.get(one, FEATURES["a"]) for one in arm] + [None], dtype=object)
    return Batch(
        arm=arm,
        reward=rng.integers(0, 2, n) * GRID,
        position=rng.integers(0, policy.beliefs, n),
        propensity=np.ones(n),
        # The newest of each batch at one moment: that is when a logistic belief expands it.
        decided=np.full(n, int(NOW)) - rng.integers(0, 10**9, n) * (np.arange(n) > 0),
        decision_id=np.array([f"law.1.{i}" for i in range(n)], dtype=object),
        sign=sign,
        **policy.columns(contexts, features[:-1]),
    )


def learnt(policy, *batches):
    state = policy.init()
    for batch in batches:
        state = policy.absorb(state, policy.evidence(state, batch))
    return state


def states(policy, sizes=(0, 1, 60, 900)):
    rng = np.random.default_rng(3)
    for n in sizes:
        yield learnt(policy, batch_of(policy, rng, n))


def columns(policy):
    return [policy.encoder.context(context) for context in CONTEXTS]


@every
def test_it_is_a_distribution_in_every_context(belief, explorer, layout):
    policy = policy_of(belief, explorer, layout, explore=0.2)
    for state in states(policy):
        prepared = policy.prepare(state, ARMS, NOW)
        for position, context in itertools.product(range(policy.beliefs), columns(policy)):
            p = prepared.propensities(None, "law.1.x", position, context)
            assert np.isfinite(p).all()
            assert abs(p.sum() - 1.0) <= 1e-12
            assert p.min() >= 0.2 / len(ARMS) * (1 - 1e-12)
        typical = prepared.propensities()
        assert abs(typical.sum() - 1.0) <= 1e-12
        assert 0.0 < prepared.least <= typical.min() + 1e-15


@whatever_the_place
def test_the_order_of_the_arms_is_nothing_but_rounding(belief, explorer, layout):
    policy = policy_of(belief, explorer, layout)
    turned = tuple(np.random.default_rng(5).permutation(ARMS).tolist())
    for state in states(policy):
        one, other = (policy.prepare(state, arms, NOW) for arms in (ARMS, turned))
        for context in columns(policy):
            straight = one.propensities(None, "law.1.x", 0, context)
            pairs = dict(zip(turned, other.propensities(None, "law.1.x", 0, context), strict=True))
            assert [pairs[arm] for arm in ARMS] == pytest.approx(straight, abs=1e-9)


@whatever_the_place
def test_a_subset_is_a_bandit_of_its_own(belief, explorer, layout):
    policy = policy_of(belief, explorer, layout)
    rng = np.random.default_rng(7)
    *_, state = states(policy)
    shared = policy.prepare(state, ARMS, NOW)
    for size, context in itertools.product((1, 2, 5), columns(policy)):
        some = tuple(rng.choice(ARMS, size, replace=False).tolist())
        own = policy.prepare(state, some, NOW).propensities(None, "law.1.x", 0, context)
        among = dict(zip(ARMS, shared.propensities(some, "law.1.x", 0, context), strict=True))
        assert [among[arm] for arm in some] == pytest.approx(own, abs=1e-6)
        assert sum(p for arm, p in among.items() if arm not in some) == 0.0


@pytest.mark.parametrize("kind", ["linear", "logistic"])
def test_draws_of_own_coefficients_do_not_know_places_in_distribution(kind):
    """Means over 300 decisions of 64 draws, in two orders of the arms, and among some of them.

    Each is off by at most .5 / sqrt(300) as a deviation, and far less as it is: 5 sqrt 2 times that is
    never reached but once in 10^6. Seeded.
    """
    policy = policy_of({"kind": kind, "sharing": "hybrid"}, {"kind": "thompson"})
    *_, state = states(policy)
    context = columns(policy)[1]
    some = ("g", "b", "e", "a")
    one, other, own = (policy.prepare(state, arms, NOW) for arms in (ARMS, ARMS[::-1], some))

    def often(prepared, eligible=None):
        many = [prepared.propensities(eligible, f"law.{i}", 0, context) for i in range(300)]
        return dict(zip(prepared.arms, np.mean(many, axis=0), strict=True))

    straight, turned = often(one), often(other)
    among, alone = often(one, some), often(own)
    for arm in ARMS:
        assert abs(straight[arm] - turned[arm]) < 5 * 0.5 * (2 / 300) ** 0.5
    for arm in some:
        assert abs(among[arm] - alone[arm]) < 5 * 0.5 * (2 / 300) ** 0.5


@every
def test_a_choice_is_drawn_position_by_position_and_many_are_as_one_by_one(
    belief, explorer, layout
):
    policy = policy_of(belief, explorer, layout, explore=0.1)
    rng = np.random.default_rng(21)
    contexts = np.array([policy.encoder.context(context_of(rng)) for _ in range(7)])
    ids = [f"law.1.{i}" for i in range(len(contexts))]
    for state in states(policy, (0, 200)):
        prepared = policy.prepare(state, ARMS, NOW)
        many = prepared.choose_many(ids, None, contexts)
        for i, (one, context) in enumerate(zip(ids, contexts, strict=True)):
            choice = prepared.choose(one, None, context)
            left = list(ARMS)
            for position, arm in enumerate(choice.arms):
                p = prepared.propensities(left, one, position, context)[ARMS.index(arm)]
                assert choice.propensities[position] == p > 0
                left.remove(arm)
            assert len(choice.arms) == policy.size
            assert tuple(ARMS[row] for row in many.rows[i]) == choice.arms
            assert many.propensities[i].tolist() == pytest.approx(choice.propensities, abs=1e-9)


@every
def test_a_decision_is_made_again(belief, explorer, layout):
    policy = policy_of(belief, explorer, layout)
    *_, state = states(policy)
    context = columns(policy)[1]
    made_again(policy, state, ARMS, NOW, context)


@every
def test_newcomers_have_no_more_than_their_share(belief, explorer, layout):
    policy = policy_of(belief, explorer, layout, newcomer={"share": 0.1, "until": 20})
    batch = batch_of(policy, np.random.default_rng(13), 900, arms=tuple("abcde"))
    prepared = policy.prepare(learnt(policy, batch), ARMS, NOW)
    for position, context in itertools.product(range(policy.beliefs), columns(policy)):
        p = prepared.propensities(None, "law.1.x", position, context)
        assert p[5:].sum() <= 0.1 + 1e-12
        assert abs(p.sum() - 1) <= 1e-12


@every_single
def test_equal_arms_have_equal_propensities(belief, explorer):
    """Where nothing was learnt: those that tell the same of themselves, and of coefficients by arm, all."""
    policy = policy_of(belief, explorer)
    *_, state = states(policy)
    none = policy.prepare(policy.init(), ARMS, NOW)
    taught = policy.prepare(state, ARMS, NOW)
    for context in columns(policy):
        p = none.propensities(None, "law.1.x", 0, context)
        assert p[0] == p[4] == p[6] or by_place(belief, explorer)
        if belief.get("sharing", "per_arm") == "per_arm":
            assert p == pytest.approx(np.full(8, 1 / 8), abs=1e-12)
        if belief.get("sharing") == "shared":
            p = taught.propensities(None, "law.1.x", 0, context)
            assert p[0] == p[4] == p[6]
            assert p[1] == p[5]


@every_belief
@pytest.mark.parametrize("forgetting", [None, {"half_life": "1h"}], ids=["lasting", "fading"])
@pytest.mark.parametrize("layout", [SINGLE, *LAYOUTS], ids=told)
def test_evidence_adds_up_and_is_taken_back(belief, forgetting, layout):
    more = {} if forgetting is None else {"forgetting": forgetting}
    if belief["kind"] == "logistic":
        if forgetting and layout["kind"] == "per_position":
            return  # each position's rows have a newest of their own
        belief = {**belief, "repeat": 0}
    policy = policy_of(belief, {"kind": "greedy"}, layout, **more)
    rng = np.random.default_rng(9)
    start = learnt(policy, batch_of(policy, rng, 30))
    one, other = (batch_of(policy, rng, 50) for _ in range(2))
    first, second = policy.evidence(start, one), policy.evidence(start, other)
    both = policy.absorb(start, policy.evidence(start, joined(one, other)))
    assert apart(policy.absorb(start, first + second), both) <= 1e-9
    assert apart(policy.absorb(start, second + first), both) <= 1e-9
    assert apart(policy.absorb(policy.absorb(start, first), -first), start) <= 1e-9


def joined(one, other):
    """Rows of both."""
    names = [field.name for field in fields(Batch) if getattr(one, field.name) is not None]
    return Batch(
        **{name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in names}
    )


@every_single
def test_what_arms_and_contexts_tell_may_be_extreme(belief, explorer):
    """Columns as large as may be declared, larger, of 1e-150 and of nothing but 0; collinear."""
    declared = {
        "name": "law",
        "arms": [{"id": arm, "features": {"z": [0.0, 3e74 * i]}} for i, arm in enumerate("abc")],
        "context": {"x": {"type": "vector", "size": 3}},
        "arm_features": {"z": {"type": "vector", "size": 2}},
        "interactions": [["x", "z"]],
        "seed": 1,
        "policy": {"belief": belief, "explorer": explorer},
    }
    policy = compose(Declaration.parse(declared))
    sizes = (0.0, 1.0, -1e-150, 1e150, -1e150)
    contexts = np.array([[a, a, b] for a, b in itertools.product(sizes, sizes)])
    n = len(contexts)
    rng = np.random.default_rng(1)
    state = policy.init()
    for _ in range(2):
        state = policy.absorb(
            state,
            policy.evidence(
                state,
                Batch(
                    arm=np.array(rng.choice(list("ab"), n), dtype=object),
                    reward=rng.integers(0, 2, n) * GRID,
                    position=np.zeros(n, np.int64),
                    propensity=np.ones(n),
                    decided=np.full(n, int(NOW)),
                    context=contexts,
                    features=contexts[:, :2] * [0, 1],
                ),
            ),
        )
        prepared = policy.prepare(state, list("abc"), NOW)
        for context in contexts[::4]:
            p = prepared.propensities(None, "law.1.x", 0, context)
            assert np.isfinite(p).all()
            assert (p >= 0).all()
            assert abs(p.sum() - 1) <= 1e-12


@pytest.mark.parametrize("explorer", ONE_OF_EACH, ids=told)
@every_belief
def test_arms_by_the_thousand(belief, explorer):
    arms = tuple(f"arm-{i}" for i in range(1_000))
    policy = policy_of(belief, explorer, arms=arms, explore=0.01)
    batch = batch_of(policy, np.random.default_rng(17), 2_000, arms=arms)
    prepared = policy.prepare(learnt(policy, batch), arms, NOW)
    p = prepared.propensities(None, "law.1.x", 0, columns(policy)[0])
    assert np.isfinite(p).all()
    assert abs(p.sum() - 1) <= 1e-12


@every_single
def test_it_is_a_distribution_however_much_is_forgotten(belief, explorer):
    policy = policy_of(belief, explorer, forgetting={"half_life": "1h"})
    state = learnt(policy, batch_of(policy, np.random.default_rng(19), 300))
    for half_lives in (0, 40, 5_000):
        prepared = policy.prepare(state, ARMS, Time(NOW + half_lives * 3_600_000_000))
        for context in columns(policy):
            p = prepared.propensities(None, "law.1.x", 0, context)
            assert np.isfinite(p).all()
            assert abs(p.sum() - 1) <= 1e-12
    if belief.get("sharing", "per_arm") == "per_arm":
        assert p == pytest.approx(np.full(8, 1 / 8), abs=1e-9), "as if nothing was learnt"
