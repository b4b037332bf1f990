"""Policies learnt from logs: better than what logged, the same each time, and the same as arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tamesu.base import Conflict, Corrupt, InvalidInput, NoSupport, ShapeMismatch
from tamesu.base.feature import read_schema
from tamesu.evaluate import Rounds, ridge
from tamesu.learn import Plan
from tamesu.learn.gradients import learnt_from

ARMS = 4


def world(n=3_000, seed=0, told=0):
    """Rounds in which arm a is good where column a is large, logged evenly, and the truth (n, K)."""
    rng = np.random.default_rng(seed)
    contexts = rng.normal(size=(n, ARMS))
    truth = 1 / (1 + np.exp(-3 * contexts))
    arms = rng.integers(ARMS, size=n)
    rewards = (rng.random(n) < truth[np.arange(n), arms]).astype(float)
    features = rng.normal(size=(ARMS, told)) if told else None
    rounds = Rounds.of(
        arms, rewards, np.full(n, 1 / ARMS), contexts=contexts, among=range(ARMS), features=features
    )
    return rounds, truth


def earned(learnt, rounds, truth):
    return float((learnt.shares(rounds) * truth).sum(axis=1).mean())


@pytest.mark.parametrize("estimator", ["regression", "likelihood", "ips", "snips", "dr"])
@pytest.mark.parametrize("scores", ["two_tower", "linear"])
def test_what_is_learnt_earns_more_than_what_logged(estimator, scores):
    rounds, _ = world()
    fresh, truth = world(seed=1)
    plan = Plan(estimator=estimator, scores=scores, epochs=10, query=(16,), rate=0.02)
    learnt = learnt_from(rounds, plan)
    # Even choice earns .5, the best one .85; likelihood chooses in proportion to what is earned, and no better.
    assert earned(learnt, fresh, truth) > (0.6 if estimator == "likelihood" else 0.75)
    assert learnt.epoch <= learnt.epochs <= 10
    assert learnt.policy.arms == ("0", "1", "2", "3")


@pytest.mark.parametrize("estimator", ["regression", "dr", "snips"])
def test_the_currency_of_rewards_does_not_matter(estimator):
    rounds, truth = world(2_000)
    dear = Rounds.of(
        rounds.chosen,
        1e6 * (rounds.reward - 3),
        rounds.propensity,
        contexts=rounds.context,
        among=range(ARMS),
    )
    plan = Plan(estimator=estimator, epochs=8, query=(16,), rate=0.02)
    learnt = learnt_from(dear, plan)
    assert earned(learnt, rounds, truth) > 0.7
    if estimator != "regression":
        assert -2.4e6 < learnt.held_out.value < -2.0e6


def test_a_seed_gives_the_same_bytes_and_another_others():
    rounds, _ = world(600)

    def points(seed):
        learnt = learnt_from(rounds, Plan(seed=seed, epochs=3, query=(8,)))
        return learnt.policy.embeddings.tobytes() + learnt.policy.query.weights[0].tobytes()

    torch.manual_seed(3)
    first, drawn = points(1), torch.rand(1)
    assert points(1) == first
    assert points(2) != first
    torch.manual_seed(3)
    assert torch.rand(1) == drawn  # other people's luck is left alone


def test_learning_that_was_cut_short_comes_to_the_same(tmp_path):
    rounds, _ = world(600)
    plan = Plan(epochs=5, query=(8,), patience=9)

    class Cut(Exception):
        pass

    def cut(epoch):
        if epoch.of == "policy" and epoch.number == 3:
            raise Cut

    whole = learnt_from(rounds, plan)
    with pytest.raises(Cut):
        learnt_from(rounds, plan, tell=cut, checkpoints=tmp_path)
    told = []
    again = learnt_from(rounds, plan, tell=told.append, checkpoints=tmp_path)
    rest = [one.number for one in told if one.of == "policy"]
    assert rest == [3, 4, 5]
    assert {one.of for one in told} == {
        *("policy", "policy by its model"),
        "start",
        *("policy from it", "policy by its model from it"),
    }
    assert again.policy.embeddings.tobytes() == whole.policy.embeddings.tobytes()
    assert again.held_out == whole.held_out
    eligible = np.ones((600, ARMS), np.bool_)
    eligible[0, (rounds.chosen[0] + 1) % ARMS] = False
    for other in (
        {"plan": Plan(epochs=6)},
        {"rounds": replace(rounds, eligible=eligible)},
        {"rounds": replace(rounds, cluster=rounds.cluster // 2)},
        {"rounds": replace(rounds, features=np.eye(ARMS))},
        {"context": read_schema({"x": {"type": "categorical", "values": [1, 2, 3, 4]}}, "context")},
    ):
        given = {"rounds": rounds, "plan": plan, "checkpoints": tmp_path} | other
        with pytest.raises(Conflict, match="same plan"):
            learnt_from(given.pop("rounds"), given.pop("plan"), **given)
    (tmp_path / "learning.pt").write_bytes(b"torn")
    with pytest.raises(Corrupt, match=r"learning\.pt"):
        learnt_from(rounds, plan, checkpoints=tmp_path)


@pytest.mark.parametrize("estimator", ["likelihood", "dr"])
def test_a_few_candidates_do_for_a_catalogue(estimator):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 3))
    contexts = rng.normal(size=(2_000, 3))
    arms = rng.integers(200, size=2_000)
    truth = 1 / (1 + np.exp(-2 * contexts @ features.T))
    rewards = (rng.random(2_000) < truth[np.arange(2_000), arms]).astype(float)
    rounds = Rounds.of(
        arms,
        rewards,
        np.full(2_000, 1 / 200),
        contexts=contexts,
        among=range(200),
        features=features,
        eligible=np.arange(200) != (arms[:, None] + 1) % 200,
    )
    plan = Plan(estimator=estimator, sampled=16, batch=32, epochs=4, dim=4, clip=50.0, warm=False)
    learnt = learnt_from(rounds, plan)
    shares = learnt.shares(rounds)
    # Even choice earns .5.
    assert (shares * truth).sum(axis=1).mean() > 0.6
    assert shares[~rounds.eligible].max() == 0.0
    new = Rounds.of(
        ["x"] * 20, np.ones(20), np.ones(20), contexts=contexts[:20], features=features[:1]
    )
    assert learnt.shares(new).tolist() == [[1.0]] * 20


def test_arms_that_are_new_and_tell_nothing_are_in_the_middle():
    rounds, _ = world(400)
    learnt = learnt_from(rounds, Plan(estimator="regression", epochs=1))
    other = Rounds.of(["0", "9"], [1.0, 1.0], [1.0, 1.0], contexts=rounds.context[:2])
    scores = learnt.policy.query.of(rounds.context[:2]) @ learnt.policy.embeddings.T / 0.05
    first = 1 / (1 + np.exp(scores.mean(axis=1) - scores[:, 0]))
    assert learnt.shares(other)[:, 0] == pytest.approx(first, abs=1e-5)
    with pytest.raises(ShapeMismatch, match="4 columns"):
        learnt.shares(Rounds.of(["0"], [1.0], [1.0], contexts=np.ones((1, 3))))


def test_any_model_of_rewards_will_do():
    rounds, truth = world()
    fresh, fresh_truth = world(seed=1)
    del truth
    learnt = learnt_from(rounds, Plan(epochs=8, query=(16,), rate=0.02), model=ridge())
    assert earned(learnt, fresh, fresh_truth) > 0.75


def nobody_knows(rounds):
    """A model that takes every arm for as good as all."""
    del rounds
    return lambda asked: np.full((len(asked), ARMS), 0.5)


def the_truth(rounds):
    """A model that is right."""
    del rounds
    return lambda asked: 1 / (1 + np.exp(-3 * asked.context))


@pytest.mark.parametrize("model", [nobody_knows, the_truth])
def test_a_model_is_corrected_where_that_helps(model):
    rounds, _ = world()
    fresh, truth = world(seed=1)
    plan = {"epochs": 8, "query": (16,), "rate": 0.02, "warm": False}

    def earns(**more):
        return earned(learnt_from(rounds, Plan(**plan, **more), model=model), fresh, truth)

    alone, always, either = earns(clip=0.0), earns(alone=False), earns()
    # Even choice earns .5, the best one .85.
    assert either == max(alone, always) > 0.75
    assert (alone > always) is (model is the_truth)


def test_categories_are_embedded_and_columns_of_interactions_left_alone():
    rng = np.random.default_rng(0)
    schema = read_schema({"city": {"type": "categorical", "values": list(range(6))}}, "context")
    city = rng.integers(6, size=2_000)
    arms = rng.integers(2, size=2_000)
    rewards = (city % 2 == arms).astype(float)
    contexts = np.c_[np.eye(6)[city], rng.normal(size=2_000) * 1e6]
    rounds = Rounds.of(arms, rewards, np.full(2_000, 0.5), contexts=contexts, among=[0, 1])
    plan = Plan(estimator="regression", embedding=2, epochs=12, query=(8,), rate=0.02)
    learnt = learnt_from(rounds, plan, context=schema)
    assert learnt.policy.query.width == 6
    shares = learnt.policy.shares(np.eye(6))
    assert (shares.argmax(axis=1) == np.arange(6) % 2).all()


@pytest.mark.parametrize(
    ("change", "plan", "error", "message"),
    [
        ({"contexts": None}, {}, NoSupport, "with a context"),
        ({"rewards": [-1.0] * 40}, {"estimator": "likelihood"}, InvalidInput, "at least 0, got -1"),
        ({"units": ["u"] * 40}, {}, NoSupport, "several clusters"),
        ({"arms": [0] * 40, "among": [0]}, {}, NoSupport, "at least 2 arms"),
        ({"rewards": [1e30, -1e30] * 20}, {"estimator": "ips", "rate": 1e30}, NoSupport, "finite"),
        ({}, {"device": "abacus"}, InvalidInput, "device must be one that PyTorch has here"),
        ({"contexts": np.full((40, 1), 1e16)}, {}, InvalidInput, "within 1e"),
        ({"contexts": 1e9 + np.arange(40.0)[:, None]}, {}, InvalidInput, "column 0 does not"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused_by_name(change, plan, error, message):
    given = {
        "arms": [0, 1] * 20,
        "rewards": [1.0] * 40,
        "propensities": [0.5] * 40,
        "contexts": np.arange(80.0).reshape(40, 2),
        "among": [0, 1],
    } | change
    rounds = Rounds.of(given.pop("arms"), given.pop("rewards"), given.pop("propensities"), **given)
    with pytest.raises(error, match=message):
        learnt_from(rounds, Plan.of({"epochs": 2, **plan}))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"estimator": "drr"}, "estimator"),
        ({"dims": 3}, "dims"),
        ({"dim": 0}, "dim must be at least 1, got 0"),
        ({"query": [8, 0]}, "query"),
        ({"rate": 0.0}, "rate must be finite and above 0"),
        ({"temperature": float("inf")}, "finite and above 0"),
        ({"clip": float("nan")}, "clip must be at least 0"),
        ({"clip": 0.0, "estimator": "ips"}, "clip must be above 0"),
        ({"held_out": 1.0}, "held_out"),
        ({"folds": 1}, "folds"),
        ({"logging": -1.0}, "logging"),
        ({"sampled": 5, "scores": "linear"}, "two_tower"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(given, message):
    with pytest.raises(InvalidInput, match=message):
        Plan.of(given)


def test_temperatures_that_nobody_names():
    assert Plan().heat(warm=False) == 1.0
    assert Plan().heat(warm=True) == 0.4
    assert Plan(estimator="regression").heat(warm=False) == 0.05
    assert Plan(temperature=2.0).heat(warm=True) == 2.0


@pytest.mark.parametrize(("said", "due"), [(None, 1), ("2", 2)])
def test_it_learns_on_one_thread_unless_somebody_says_otherwise(monkeypatch, said, due):
    """Nor is what others do afterwards on another number."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if said is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        threads = set()
        rounds, _ = world(200)
        plan = Plan(estimator="ips", epochs=2, query=(4,))
        learnt_from(rounds, plan, tell=lambda _: threads.add(torch.get_num_threads()))
        assert threads == {due}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_what_is_expected_of_rounds_that_are_held_out_is_asked_once():
    """Whatever becomes of the policy, the model stays as it is."""
    rounds, _ = world(600)
    asked = []

    def model(learnt):
        del learnt

        def expected(those):
            asked.append(len(those))
            return np.full((len(those), ARMS), 0.5)

        return expected

    learnt_from(rounds, Plan(epochs=5, query=(4,), folds=2), model=model)
    # Two folds of what is learnt from, and what is held out.
    assert len(asked) == 3
    assert sum(asked) == len(rounds)
