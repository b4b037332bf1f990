"""Thompson sampling where arms share parameters: made of draws, and every arm keeps its support."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tamesu import Bandit
from tamesu.base import Bug, Declaration, InvalidDeclaration, Time
from tamesu.policy import Policy, compose
from tamesu.policy.contract import Marginals, Same
from tamesu.policy.explorers.thompson import ThompsonExplorer, drawn
from tamesu.policy.families.normal import NormalFamily
from tamesu.policy.features import encoder_of
from tamesu.policy.layouts.single import SingleLayout
from tamesu.policy.layouts.slate import SlateLayout

ARMS = tuple("abcdefghij")
NOW = Time(0)
FACTORS = np.random.default_rng(4).normal(size=(len(ARMS), 3))
CENTRE = np.linspace(0.0, 1.0, len(ARMS))
FALSE_ALARM = 1e-6


class Correlated:
    """A belief that has made up its mind: score = centre + factors theta, theta ~ N(0, I)."""

    family = "normal"
    bounds = None
    contextual = False
    exact = True

    def __init__(self):
        self.drawn = 0

    def init(self):
        return None

    def reading(self, state, arms, time):
        rows = [ARMS.index(arm) for arm in arms.ids]
        centre, factors = CENTRE[rows], FACTORS[rows]

        def joint(m, uniforms):
            self.drawn += 1
            # Uniforms of variance 1 will do for a normal distribution here.
            theta = (uniforms.stream(3 * m).reshape(m, 3) - 0.5) * math.sqrt(12.0)
            return centre + (theta[:, :, None] * factors.T).sum(axis=1)

        family = NormalFamily(centre, np.sqrt((factors**2).sum(axis=1)))
        return Same(Marginals("normal", family, np.zeros(len(rows), np.int64), 0, joint))


class Frequencies(ThompsonExplorer):
    """The trap: how often an arm won, and nothing else."""

    def over(self, marginals):
        made, m = super().over(marginals), self.draws(marginals)
        return lambda rows, uniforms: ((m + 1) * made(rows, uniforms) - 1 / len(rows)) / m


def prepared_of(explorer, layout=None, belief=None):
    declaration = Declaration.parse({"name": "one", "arms": ARMS, "seed": 3})
    parts = belief or Correlated(), explorer, layout or SingleLayout()
    policy = Policy(declaration, *parts, encoder_of(declaration))
    return policy.prepare(policy.init(), ARMS, NOW)


def weights_of(explorer, decisions):
    """Weights of the uniform policy, and the sum of their variances, each given what was drawn."""
    return weighed(prepared_of(explorer), [None] * decisions)


def weighed(prepared, contexts):
    weights, variance = [], 0.0
    for i, context in enumerate(contexts):
        id_ = f"one.1.{i}"
        (propensity,) = prepared.choose(id_, None, context).propensities
        p = prepared.propensities(None, id_, 0, context)
        mean = np.count_nonzero(p > 1e-12) / len(ARMS)
        variance += (1.0 / (len(ARMS) ** 2 * p[p > 1e-12])).sum() - mean**2
        weights.append(1.0 / (len(ARMS) * propensity))
    return np.array(weights), variance


def most_off(variance, largest):
    """By Freedman's inequality the sum of bounded martingale differences is beyond it too seldom."""
    log = math.log(2.0 / FALSE_ALARM)
    return largest * log / 3.0 + math.sqrt((largest * log / 3.0) ** 2 + 2.0 * variance * log)


@pytest.mark.parametrize("draws", [1, 8, 64])
def test_the_mean_weight_of_the_uniform_policy_is_1(draws):
    n = 4_000
    weights, variance = weights_of(ThompsonExplorer(draws, 0.0), n)
    assert weights.max() <= draws + 1 + 1e-9
    assert abs(weights.sum() - n) <= most_off(variance, draws + 1)
    assert most_off(variance, draws + 1) < 0.5 * n


@pytest.mark.parametrize("sharing", ["shared", "hybrid"])
@pytest.mark.parametrize("kind", ["linear", "logistic"])
def test_it_is_1_for_beliefs_whose_arms_share_coefficients(kind, sharing):
    """After 600 rewards that one arm in three earns more often, in a context for each decision."""
    rng = np.random.default_rng(6)
    features = rng.normal(size=(len(ARMS), 2))
    bandit = Bandit(
        arms=[
            {"id": arm, "features": {"z": row}}
            for arm, row in zip(ARMS, features.tolist(), strict=True)
        ],
        context=2,
        arm_features={"z": {"type": "vector", "size": 2}},
        interactions=[["x", "z"]],
        belief={"kind": kind, "sharing": sharing},
        explorer={"kind": "thompson", "draws": 16},
        reward={"range": [0, 1]},
        seed=2,
    )
    contexts = rng.normal(size=(3_000, 2))
    rows = rng.integers(0, len(ARMS), 600)
    chance = 1.0 / (1.0 + np.exp(-2.0 * (features[rows] * contexts[:600]).sum(axis=1)))
    bandit.learn_logged(
        [ARMS[row] for row in rows],
        (rng.random(600) < chance).astype(float),
        contexts=contexts[:600],
    )
    prepared = bandit._memory.ready()
    n = len(contexts)
    weights, variance = weighed(prepared, contexts)
    assert (weights > 0.0).all()
    assert weights.max() > 5.0, "some arm was hardly ever the best"
    assert abs(weights.sum() - n) <= most_off(variance, 17) < 0.5 * n


@pytest.mark.parametrize("draws", [8, 64])
def test_without_the_uniform_draw_it_is_not(draws):
    n = 4_000
    weights, variance = weights_of(Frequencies(draws, 0.0), n)
    assert weights.sum() + most_off(variance, draws) < n, "arms that won no draw are missing"


def test_a_decision_is_drawn_from_its_own_draws():
    prepared = prepared_of(ThompsonExplorer(64, 0.0))
    one, other = (prepared.propensities(decision_id=id_) for id_ in ("one.1.a", "one.1.b"))
    assert one.tolist() != other.tolist()
    for id_, vector in (("one.1.a", one), ("one.1.b", other)):
        choice = prepared.choose(id_)
        assert choice.draws == 64
        assert choice.propensities == (vector[ARMS.index(choice.arms[0])],)
        assert vector.min() >= prepared.least == pytest.approx(1 / 650)
        assert abs(vector.sum() - 1.0) <= 1e-12


def test_a_slate_sees_the_same_draws_at_every_position():
    belief = Correlated()
    prepared = prepared_of(ThompsonExplorer(16, 0.0), SlateLayout(4), belief)
    belief.drawn = 0
    choice = prepared.choose("one.1.a")
    assert belief.drawn == 1
    left = list(ARMS)
    for arm, propensity in zip(choice.arms, choice.propensities, strict=True):
        p = prepared.propensities(left, "one.1.a")
        assert p[ARMS.index(arm)] == propensity
        left.remove(arm)


def test_many_threads_draw_what_one_would():
    prepared = prepared_of(ThompsonExplorer(16, 0.0), SlateLayout(3))
    ids = [f"one.1.{i}" for i in range(60)]
    expected = [prepared.choose(id_) for id_ in ids]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            assert list(pool.map(prepared.choose, ids)) == expected


def test_how_often_an_arm_is_chosen_is_a_mean_over_decisions():
    prepared = prepared_of(ThompsonExplorer(64, 0.0))
    often = prepared.propensities()
    assert often.sum() == pytest.approx(1.0, abs=1e-12)
    alone = np.mean([prepared.propensities(decision_id=f"x.{i}") for i in range(200)], axis=0)
    assert often == pytest.approx(alone, abs=0.08)


def test_draws_by_hand():
    scores = np.array([[3.0, 1.0, 3.0], [0.0, 9.0, 1.0], [-1.0, -1.0, -1.0], [0.0, 1.0, 2.0]])
    wins = np.array([1 / 2 + 1 / 3, 1 + 1 / 3, 1 / 2 + 1 / 3 + 1])
    assert drawn(scores) == pytest.approx((wins + 1 / 3) / 5, abs=1e-15)
    assert drawn(np.array([[0.3]])).tolist() == [1.0]
    turned = [2, 0, 1]
    assert drawn(scores[:, turned]).tolist() == drawn(scores)[turned].tolist()


def test_independent_arms_need_no_draws():
    marginals = Marginals("normal", NormalFamily(np.zeros(2), np.ones(2)), np.zeros(2, np.int64), 0)
    explorer = ThompsonExplorer(64, 0.0)
    assert explorer.draws(marginals) is None
    assert explorer.over(marginals)(np.arange(2), None) == pytest.approx([0.5, 0.5])


def test_draws_without_a_decision_are_a_defect():
    marginals = Correlated().reading(None, type("Of", (), {"ids": ARMS})(), NOW).at(np.empty(0))
    with pytest.raises(Bug, match="uniforms of a decision"):
        ThompsonExplorer(64, 0.0).over(marginals)(np.arange(2), None)


@pytest.mark.parametrize("draws", [0, -1, 10_001])
def test_a_number_of_draws_that_cannot_be(draws):
    with pytest.raises(InvalidDeclaration, match=r"policy.explorer.draws must lie in 1..10,000"):
        compose(
            Declaration.parse(
                {
                    "name": "one",
                    "arms": ARMS,
                    "policy": {"explorer": {"kind": "thompson", "draws": draws}},
                }
            )
        )
