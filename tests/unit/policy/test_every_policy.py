"""What every policy holds to, whatever it is put together of: beliefs x explorers x layouts.

The kinds are those that are known: a new one falls into these laws by being there. Where it has an
option without a default, it says here which to take.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from again import made_again

from tamesu.base import GRID, Declaration, InvalidDeclaration, Time
from tamesu.policy import Batch, compose, known_kinds
from tamesu.policy.contract import Marginals
from tamesu.policy.families.losses import LossesFamily
from tamesu.policy.families.normal import NormalFamily

REQUIRED = {
    "softmax": {"temperature": 0.1},
    "slate": {"size": 3},
    "per_position": {"size": 3},
    "cascade": {"size": 3},
}
ALSO = {
    "explorer": [
        {"kind": "ucb", "variant": "ucb1", "scale": 0.5},
        {"kind": "epsilon_greedy", "epsilon": 0},
        {"kind": "softmax", "temperature": 1e-9},
        {"kind": "retrieve", "most": 2, "temperature": 0.1},
        {"kind": "ucb", "variant": "lin_ucb", "scale": 2.0},
        {"kind": "randomized_ucb", "points": 2, "width": 30},
        {"kind": "inverse_gap", "scale": 1e9, "exponent": 2.0},
        {"kind": "exponential_weights", "baseline": "best", "delay": 500},
    ]
}
APART = {"combination", "neural_linear", "two_tower"}
"""Kinds with laws of their own: no one could list what it chooses from (`test_combination`), or it was learnt elsewhere
(`test_tower_beliefs`)."""
FIRST_ORDER = {"logistic"}
"""Beliefs whose evidence depends on the state that it is for."""
NOW = Time(1_700_000_000_000_000)
ARMS = tuple("abcdefgh")


def parts(what):
    kinds = [kind for kind in known_kinds(what) if kind not in APART]
    return [{"kind": kind, **REQUIRED.get(kind, {})} for kind in kinds]


def policy_of(belief, explorer, layout, arms=ARMS, explore=0.0, **policy):
    return compose(
        Declaration.parse(
            {
                "name": "law",
                "arms": arms,
                "seed": 11,
                "layout": layout,
                "policy": {
                    "belief": belief,
                    "explorer": {**explorer, "explore": explore},
                    **policy,
                },
            }
        )
    )


def told(part):
    """A part in short: its kind and what it is told."""
    return ":".join(str(value) for value in part.values())


def fits(belief, explorer, layout):
    """Whether they go together; where not, it is the family that does not, and is said."""
    try:
        policy_of(belief, explorer, layout)
    except InvalidDeclaration as refusal:
        assert "cannot use" in refusal.message  # noqa: PT017 - said when tests are collected
        return False
    return True


ALL = [
    pytest.param(*three, id="-".join(map(told, three)))
    for three in itertools.product(
        parts("belief"), [*parts("explorer"), *ALSO["explorer"]], parts("layout")
    )
    if fits(*three)
]
every = pytest.mark.parametrize(("belief", "explorer", "layout"), ALL)


def batch_of(rng, n, arms=ARMS, positions=3, sign=None):
    return Batch(
        arm=np.array(rng.choice(arms, n), dtype=object),
        reward=rng.integers(0, 2, n) * GRID,
        position=rng.integers(0, positions, n),
        propensity=np.ones(n),
        decided=np.full(n, int(NOW)) - rng.integers(0, 10**9, n),
        sign=sign,
    )


def states(policy, layout, sizes=(0, 1, 7, 60, 3_000)):
    """States after nothing, after little, after much; the last with two arms that are equal."""
    rng = np.random.default_rng(3)
    for n in sizes:
        batch = batch_of(rng, n, positions=layout.get("size", 1))
        yield policy.absorb(policy.init(), policy.evidence(policy.init(), batch))
    batch = batch_of(rng, 40, ["a", "c"], positions=1)
    twin = np.where(batch.arm == "a", "b", batch.arm).astype(object)
    once = policy.evidence(policy.init(), batch)
    again = policy.evidence(policy.init(), of_others(batch, twin))
    yield policy.absorb(policy.absorb(policy.init(), once), again)


def of_others(batch, arm):
    return Batch(arm, batch.reward, batch.position, batch.propensity, batch.decided)


@every
@pytest.mark.parametrize("explore", [0.0, 0.2])
def test_it_is_a_distribution_at_every_position(belief, explorer, layout, explore):
    policy = policy_of(belief, explorer, layout, explore=explore)
    for state in states(policy, layout):
        prepared = policy.prepare(state, ARMS, NOW)
        for position in range(policy.beliefs):
            p = prepared.propensities(position=position, decision_id="law.1.x")
            assert np.isfinite(p).all()
            assert (p >= 0).all()
            assert abs(p.sum() - 1.0) <= 1e-12
            assert p.min() >= explore / len(ARMS) * (1 - 1e-12)
        assert prepared.least <= p.min() + 1e-15


@every
def test_the_order_of_the_arms_is_nothing(belief, explorer, layout):
    policy = policy_of(belief, explorer, layout)
    rng = np.random.default_rng(5)
    for state in states(policy, layout):
        turned = tuple(rng.permutation(ARMS).tolist())
        one, other = (policy.prepare(state, arms, NOW) for arms in (ARMS, turned))
        for position in range(policy.beliefs):
            straight = one.propensities(position=position, decision_id="law.1.x")
            moved = other.propensities(position=position, decision_id="law.1.x")
            pairs = dict(zip(turned, moved, strict=True))
            assert straight.tolist() == [pairs[arm] for arm in ARMS]


@every
def test_equal_arms_have_equal_propensities(belief, explorer, layout):
    policy = policy_of(belief, explorer, layout)
    *_, last = states(policy, layout)
    p = policy.prepare(last, ARMS, NOW).propensities(decision_id="law.1.x")
    assert p[0] == p[1]
    assert len(set(p[3:].tolist())) == 1
    untaught = policy.prepare(policy.init(), ARMS, NOW).propensities(decision_id="law.1.x")
    assert untaught == pytest.approx(np.full(8, 1 / 8), abs=1e-12)


@every
def test_a_subset_is_a_bandit_of_its_own(belief, explorer, layout):
    policy = policy_of(belief, explorer, layout)
    rng = np.random.default_rng(7)
    for state in states(policy, layout):
        shared = policy.prepare(state, ARMS, NOW)
        for size in (1, 2, 5):
            some = tuple(rng.choice(ARMS, size, replace=False).tolist())
            alone = policy.prepare(state, some, NOW)
            for position in range(policy.beliefs):
                asked = {"position": position, "decision_id": "law.1.x"}
                among = dict(zip(ARMS, shared.propensities(some, **asked), strict=True))
                own = alone.propensities(**asked)
                assert [among[arm] for arm in some] == pytest.approx(own, abs=1e-6)
                assert sum(p for arm, p in among.items() if arm not in some) == 0.0


@every
def test_a_choice_is_drawn_position_by_position_from_what_remains(belief, explorer, layout):
    policy = policy_of(belief, explorer, layout, explore=0.1)
    for state in states(policy, layout, (0, 60)):
        prepared = policy.prepare(state, ARMS, NOW)
        means = {(row.arm, row.position): row.mean for row in policy.summary(state, ARMS, NOW)}
        ids = [f"law.1.{i}" for i in range(8)]
        many = prepared.choose_many(ids)
        for i, one in enumerate(ids):
            choice = prepared.choose(one)
            left = list(ARMS)
            for position, arm in enumerate(choice.arms):
                p = prepared.propensities(left, one, position)[ARMS.index(arm)]
                assert choice.propensities[position] == p > 0
                where = position if policy.beliefs > 1 else None
                assert choice.scores[position] == means[arm, where]
                left.remove(arm)
            assert len(choice.arms) == policy.size
            assert tuple(ARMS[row] for row in many.rows[i]) == choice.arms
            assert tuple(many.propensities[i]) == choice.propensities
            assert prepared.placed(one, choice.arms) == choice.propensities
            assert prepared.propensities_many([one])[0].tolist() == (
                prepared.propensities(None, one).tolist()
            )
            below = [*choice.arms, *ARMS[:1]]
            assert prepared.placed(one, below) == (*choice.propensities, 0.0)
            others = [arm for arm in ARMS if arm != choice.arms[0]]
            assert prepared.placed(one, choice.arms, others) == (0.0,) * policy.size
            assert prepared.placed(one, ["nobody"]) == (0.0,)


@every
def test_a_decision_is_made_again_to_the_bit(belief, explorer, layout):
    policy = policy_of(belief, explorer, layout)
    *_, state, _ = states(policy, layout)
    choice, explained = made_again(policy, state, ARMS, NOW)
    rows = [row for row in explained.arms if row.delivered == (row.position or 0)]
    for place, row in enumerate(sorted(rows, key=lambda row: row.position or 0)):
        assert row.share == choice.propensities[place]


@every
def test_evidence_adds_up_and_is_taken_back(belief, explorer, layout):
    """Where evidence depends on the state, to first order (`test_logistic` says how near): at one state."""
    policy = policy_of(belief, explorer, layout)
    rng = np.random.default_rng(9)
    none, size = policy.init(), layout.get("size", 1)
    one, other = (batch_of(rng, 50, positions=size) for _ in range(2))

    def at(state):
        return none if belief["kind"] in FIRST_ORDER else state

    state = policy.absorb(none, policy.evidence(none, one))
    both = policy.absorb(state, policy.evidence(at(state), other))
    turned = policy.absorb(none, policy.evidence(none, other))
    assert policy.absorb(turned, policy.evidence(at(turned), one)) == both
    again = policy.absorb(both, -policy.evidence(at(both), other))
    if belief["kind"] in FIRST_ORDER:
        for left, right in zip(again.parts, state.parts, strict=True):
            assert left.arms == right.arms
            for name, column in right.per_arm.items():
                assert left.per_arm[name] == pytest.approx(column, rel=1e-12, abs=1e-12)
    else:
        assert again == state


@every
def test_newcomers_have_no_more_than_their_share(belief, explorer, layout):
    policy = policy_of(belief, explorer, layout, newcomer={"share": 0.1, "until": 20})
    rng = np.random.default_rng(13)
    batch = batch_of(rng, 900, ["a", "b", "c", "d", "e"], positions=layout.get("size", 1))
    state = policy.absorb(policy.init(), policy.evidence(policy.init(), batch))
    prepared = policy.prepare(state, ARMS, NOW)
    for position in range(policy.beliefs):
        p = prepared.propensities(position=position, decision_id="law.1.x")
        assert p[5:].sum() <= 0.1 + 1e-12
        assert abs(p.sum() - 1) <= 1e-12


@every
def test_arms_by_the_thousand(belief, explorer, layout):
    arms = tuple(f"arm-{i}" for i in range(2_000))
    policy = policy_of(belief, explorer, layout, arms=arms, explore=0.01)
    batch = batch_of(np.random.default_rng(17), 8_000, arms, layout.get("size", 1))
    state = policy.absorb(policy.init(), policy.evidence(policy.init(), batch))
    prepared = policy.prepare(state, arms, NOW)
    p = prepared.propensities(decision_id="law.1.x")
    assert np.isfinite(p).all()
    assert abs(p.sum() - 1) <= 1e-12
    assert len(set(prepared.choose("law.1.x").arms)) == policy.size


EXPLORERS = [*parts("explorer"), *ALSO["explorer"]]


@pytest.mark.parametrize(
    "explorer", [one for one in EXPLORERS if one["kind"] != "exponential_weights"], ids=told
)
@pytest.mark.parametrize("size", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("spread", [1e-150, 1.0, 1e150])
def test_means_and_deviations_may_be_extreme(explorer, size, spread):
    """Any explorer over normal marginals, which reach further than any reward."""
    made = policy_of("beta", explorer, "single")._explorer
    if made.families is not None and "normal" not in made.families:
        pytest.fail("an explorer of some families names its own extreme inputs here")
    mean = size * np.array([-1.0, 0.0, 0.5, 0.5, 1.0])
    seen = np.array([0, 1, 5, 5, 10**9])
    marginals = Marginals("normal", NormalFamily(mean, np.full(5, spread)), seen, int(seen.sum()))
    for rows in ([0, 1, 2, 3, 4], [1, 2, 3], [0]):
        p = made.over(marginals)(np.array(rows), None)
        assert np.isfinite(p).all()
        assert (p >= 0).all()
        assert abs(p.sum() - 1) <= 1e-12
        if rows == [1, 2, 3]:
            assert p[1] == p[2]


@pytest.mark.parametrize(
    "explorer",
    [one for one in EXPLORERS if fits({"kind": "losses"}, one, {"kind": "single"})],
    ids=told,
)
@pytest.mark.parametrize("size", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("rounds", [1e-150, 1.0, 1e150])
def test_losses_may_be_extreme(explorer, size, rounds):
    """Any explorer that needs no posterior, over sums of losses which no log could reach."""
    made = policy_of({"kind": "losses"}, explorer, "single")._explorer
    family = LossesFamily(size * np.array([9.0, 0.0, 0.5, 0.5, 1.0]), np.full(5, rounds), 0.0, 1.0)
    seen = np.array([0, 1, 5, 5, 10**9])
    over = made.over(Marginals("losses", family, seen, int(seen.sum())))
    for rows in ([0, 1, 2, 3, 4], [1, 2, 3], [0]):
        p = over(np.array(rows), None)
        assert np.isfinite(p).all()
        assert (p >= 0).all()
        assert abs(p.sum() - 1) <= 1e-12
        if rows == [1, 2, 3]:
            assert p[1] == p[2]


SINGLE = {"kind": "single"}
FORGETTING = [
    pytest.param(belief, explorer, id=f"{told(belief)}-{told(explorer)}")
    for belief, explorer in itertools.product(parts("belief"), EXPLORERS)
    if fits(belief, explorer, SINGLE)
]


@pytest.mark.parametrize(("belief", "explorer"), FORGETTING)
@pytest.mark.parametrize("half_lives", [0, 1, 40, 5_000])
def test_it_is_a_distribution_however_much_is_forgotten(belief, explorer, half_lives):
    """At last nothing has any weight, and arms that differ are alike again."""
    hour = 3_600_000_000
    policy = policy_of(belief, explorer, SINGLE, forgetting={"half_life": "1h"})
    batch = batch_of(np.random.default_rng(19), 300, positions=1)
    state = policy.absorb(policy.init(), policy.evidence(policy.init(), batch))
    turned = ARMS[::-1]
    then = Time(NOW + half_lives * hour)
    p = policy.prepare(state, ARMS, then).propensities(decision_id="law.1.x")
    assert np.isfinite(p).all()
    assert abs(p.sum() - 1) <= 1e-12
    other = policy.prepare(state, turned, then).propensities(decision_id="law.1.x")
    assert p.tolist() == other[::-1].tolist()
    if half_lives == 5_000:
        assert p == pytest.approx(np.full(8, 1 / 8), abs=1e-12)
