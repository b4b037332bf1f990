"""Many decisions at once, each in a context of its own, are what each would be alone."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import GRID, Declaration, Time
from tamesu.policy import Batch, compose, many
from tamesu.policy.explorers.randomized_ucb import randomized_ucb
from tamesu.policy.wins import won, won_each

NOW = Time(1_700_000_000_000_000)
ARMS = tuple("abcdefg")
WIDTH = 3
EXPLORERS = [
    "randomized_ucb",
    "greedy",
    {"kind": "epsilon_greedy", "epsilon": 0.2},
    {"kind": "ucb", "scale": 0.5},
    {"kind": "softmax", "temperature": 0.2},
    "inverse_gap",
    "thompson",
    "uniform",
]
LAYOUTS = [{"kind": "single"}, {"kind": "slate", "size": 3}, {"kind": "per_position", "size": 2}]


def prepared_of(explorer, rows, layout=LAYOUTS[0], belief="linear", **policy):
    """A bandit after `rows` observations of random arms; g was never seen."""
    declared = {"name": "one", "seed": 11, "context": WIDTH, "layout": layout}
    declared |= {"arm_features": {"f": {"type": "vector", "size": 2}}, "interactions": [["x", "f"]]}
    declared |= {"arms": [{"id": arm, "features": {"f": told(i)}} for i, arm in enumerate(ARMS)]}
    declared |= {"reward": {"range": [0, 1]}}
    one = {"kind": explorer} if isinstance(explorer, str) else explorer
    explore = policy.pop("explore", 0.0)
    parts = {"belief": belief, "explorer": {**one, "explore": explore}, **policy}
    made = compose(Declaration.parse({**declared, "policy": parts}))
    rng = np.random.default_rng(5)
    codes = rng.integers(6, size=rows)
    batch = Batch(
        arm=np.array([ARMS[code] for code in codes], dtype=object),
        reward=(rng.normal(size=rows) * GRID).astype(np.int64),
        position=np.zeros(rows, np.int64),
        propensity=np.full(rows, 0.5),
        decided=np.full(rows, NOW),
        context=rng.normal(size=(rows, WIDTH)),
        features=np.array([told(code) for code in codes]).reshape(rows, 2),
    )
    state = made.init()
    return made.prepare(made.absorb(state, made.evidence(state, batch)), ARMS, NOW)


def told(number):
    """Of an arm."""
    return [number / 4.0, float(number % 3)]


@pytest.mark.parametrize("rows", [0, 4, 200], ids=["cold", "hardly", "taught"])
@pytest.mark.parametrize("explorer", EXPLORERS, ids=str)
@pytest.mark.parametrize(
    "policy",
    [{}, {"explore": 0.1}, {"newcomer": {"share": 0.05, "until": 20}, "explore": 0.3}],
    ids=["plain", "explored", "capped"],
)
def test_many_are_what_each_is_alone(explorer, policy, rows, monkeypatch):
    """To 1e-12, with the same arms; among seven or four arms, and in goes of a few contexts."""
    monkeypatch.setattr(many, "MOST_NUMBERS", 1_000)
    hold_alike(prepared_of(explorer, rows, **policy))


@pytest.mark.parametrize(
    ("kind", "layout"),
    [*[("linear", layout) for layout in LAYOUTS], ("logistic", LAYOUTS[1])],
    ids=lambda part: part if isinstance(part, str) else part["kind"],
)
@pytest.mark.parametrize("explorer", EXPLORERS, ids=str)
@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
def test_many_slates_and_arms_with_something_in_common_too(kind, sharing, explorer, layout):
    belief = {"kind": kind, "sharing": sharing}
    hold_alike(prepared_of(explorer, 60, layout, belief, explore=0.05))


@pytest.mark.parametrize("explorer", [*EXPLORERS[:4], "inverse_gap"], ids=str)
@pytest.mark.parametrize("kind", ["linear", "logistic"])
@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
def test_many_share_among_equals_as_each_alone(kind, sharing, explorer):
    """After a single reward all else is expected to be the same, but for the last bits."""
    belief = {"kind": kind, "sharing": sharing}
    for rows in (0, 1):
        for layout in LAYOUTS[:2]:
            hold_alike(prepared_of(explorer, rows, layout, belief))


def hold_alike(prepared):
    """Decided together and one by one: the same arms, and propensities to 1e-12."""
    contexts = np.random.default_rng(7).normal(size=(40, WIDTH))
    contexts[3] = 0.0
    contexts[4] = 1e150
    ids = [f"one.1.{number}" for number in range(40)]
    for eligible in (None, ["g", "b", "a", "d"]):
        made = prepared.choose_many(ids, eligible, contexts)
        alone = [
            prepared.choose(id_, eligible, context)
            for id_, context in zip(ids, contexts, strict=True)
        ]
        arms = [tuple(prepared.arms[row] for row in rows) for rows in made.rows]
        assert arms == [choice.arms for choice in alone]
        expected = [choice.propensities for choice in alone]
        assert np.abs(made.propensities - expected).max() <= 1e-12
        whole = prepared.propensities_many(ids, eligible, contexts)
        each = [
            prepared.propensities(eligible, id_, 0, context)
            for id_, context in zip(ids, contexts, strict=True)
        ]
        assert np.abs(whole - each).max() <= 1e-12
        for id_, context, choice in zip(ids, contexts, alone, strict=True):
            # Alone: sums in another order would be other in the last bits.
            assert prepared.placed(id_, choice.arms, eligible, context) == choice.propensities


def test_an_explorer_that_looks_at_many_at_once_is_asked_so():
    """Else the law above would hold and say nothing."""
    for explorer in EXPLORERS[:6]:
        for sharing in ("per_arm", "shared", "hybrid"):
            belief = {"kind": "linear", "sharing": sharing}
            assert prepared_of(explorer, 4, belief=belief)._at_once is not None
    assert prepared_of("thompson", 4)._at_once is None


@pytest.mark.parametrize("explore", [0.0, 0.3])
def test_a_propensity_is_never_above_1(explore):
    """Weights of thirty-two heights, added up one by one, could come to a little more or less."""
    prepared = prepared_of("randomized_ucb", 60, explore=explore)
    contexts = np.random.default_rng(7).normal(size=(9, WIDTH))
    made = prepared.choose_many([f"one.1.{i}" for i in range(9)], ["a"], contexts)
    assert made.propensities.tolist() == [[1.0]] * 9
    for context in contexts:
        assert prepared.choose("one.1.x", ["a"], context).propensities == (1.0,)
        assert prepared.propensities(["a"], context=context).max() == 1.0


def test_of_very_many_arms_many_are_what_each_is_alone():
    arms = tuple(f"arm-{i}" for i in range(1_000))
    declared = {"name": "one", "arms": arms, "seed": 11, "context": WIDTH}
    made = compose(Declaration.parse({**declared, "policy": {"belief": "linear"}}))
    rng = np.random.default_rng(5)
    batch = Batch(
        arm=np.array(arms * 2, dtype=object),
        reward=(rng.normal(size=2_000) * GRID).astype(np.int64),
        position=np.zeros(2_000, np.int64),
        propensity=np.full(2_000, 0.5),
        decided=np.full(2_000, NOW),
        context=rng.normal(size=(2_000, WIDTH)),
        features=np.empty((2_000, 0)),
    )
    prepared = made.prepare(made.absorb(made.init(), made.evidence(made.init(), batch)), arms, NOW)
    contexts = rng.normal(size=(5, WIDTH))
    ids = [f"one.1.{number}" for number in range(5)]
    together = prepared.choose_many(ids, None, contexts)
    alone = [prepared.choose(*pair) for pair in zip(ids, [None] * 5, contexts, strict=True)]
    assert [arms[row] for row in together.rows[:, 0]] == [choice.arms[0] for choice in alone]
    expected = [choice.propensities for choice in alone]
    assert together.propensities.tolist() == [pytest.approx(one, abs=1e-12) for one in expected]


def test_what_differs_by_rounding_alone_shares_a_round():
    """0.1 + 0.2 is not 0.3; in many games, among few arms and among very many, which are looked through first."""
    mean, deviation = np.array([0.3, 0.1 + 0.2, 0.3, 0.1]), np.full(4, 0.2)
    heights, weights = np.array([0.0, 1.0, 2.0]), np.array([0.5, 0.25, 0.25])
    for sign in (1.0, -1.0):
        scores = sign * mean + heights[:, None] * deviation
        scores[:, 3] = -9.0
        shares = won(scores, weights)
        assert shares[0] == shares[1] == shares[2] > 0.33
        assert won_each(scores[None], weights)[0].tolist() == shares.tolist()
    lines = np.stack([np.ones(3), heights], axis=1)
    few = randomized_ucb(mean, deviation, lines, weights)
    much = randomized_ucb(np.tile(mean, 50), np.tile(deviation, 50), lines, weights)
    assert few[0] == few[1] == few[2] > 0.33
    assert much.reshape(50, 4) == pytest.approx(np.tile(few / 50, (50, 1)), abs=1e-15)
    assert len(np.unique(much)) == 2


def test_games_are_won_as_each_alone():
    rng = np.random.default_rng(3)
    weights = rng.random(5)
    scores = rng.integers(0, 4, size=(30, 5, 6)).astype(np.float64)
    scores[0] = rng.random((5, 6))
    each = won_each(scores, weights)
    assert each.tolist() == [won(game, weights).tolist() for game in scores]
    assert won_each(scores[:0], weights).shape == (0, 6)
