"""What PyTorch learnt and what is served are one function, whatever the columns are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tamesu.base import Declaration
from tamesu.base.feature import read_schema
from tamesu.evaluate import Rounds
from tamesu.learn import Plan
from tamesu.learn.gradients import learnt_from, training
from tamesu.learn.gradients.network import Towers
from tamesu.learn.gradients.rows import rows_of
from tamesu.policy.features import encoder_of
from tamesu.policy.tower_belief import ExactTower

ARMS = 4


@pytest.mark.parametrize("told", [0, 3])
@pytest.mark.parametrize("scores", ["two_tower", "linear"])
def test_arrays_are_the_same_function(scores, told):
    rng = np.random.default_rng(0)
    rounds = Rounds.of(
        rng.integers(ARMS, size=400),
        rng.random(400),
        np.full(400, 0.25),
        contexts=np.c_[rng.normal(size=(400, 4)) * 100 + 7, np.eye(3)[np.arange(400) % 3]],
        features=rng.normal(size=(ARMS, told)) if told else None,
        among=range(ARMS),
    )
    plan = Plan(scores=scores, query=(8, 5), ids=True, embedding=2)
    rows = rows_of(rounds, plan, (slice(4, 7),) if scores == "two_tower" else ())
    torch.manual_seed(0)
    towers = Towers(rows, plan)
    with torch.no_grad():
        for one in towers.parameters():
            one.add_(torch.randn_like(one), alpha=0.1)
        points = towers.query(rows.context).numpy()
        assert np.abs(towers.query.arrays().of(rounds.context) - points).max() < 1e-5
        if told:
            own = towers.item(rows.features).numpy()
            assert np.abs(towers.item.arrays().of(rounds.features) - own).max() < 1e-5
            assert towers.items().numpy() == pytest.approx(own + towers.ids.numpy(), abs=1e-6)


EVERY_KIND = {
    "city": {"type": "categorical", "values": ["a", "b", "c"]},
    "age": {"type": "numeric", "range": [0, 90], "clip": True, "missing": 40},
    "hour": {"type": "cyclic", "period": 24},
    "taste": {"type": "vector", "size": 2},
    "segment": {"type": "hashed", "buckets": 4},
    "member": {"type": "boolean", "missing": False},
}


def of_every_kind(rng):
    told = {
        "city": "abc"[rng.integers(3)],
        "age": float(rng.normal(30, 40)),
        "hour": float(rng.uniform(0, 24)),
        "taste": rng.normal(size=2).tolist(),
        "segment": f"s{rng.integers(9)}",
        "member": bool(rng.integers(2)),
    }
    return {name: one for name, one in told.items() if rng.random() < 0.8 or name not in MAY_LACK}


MAY_LACK = {"age", "member"}


@pytest.mark.parametrize("ids", [None, True])
def test_what_is_served_is_what_was_learnt_for_every_kind_of_feature(ids):
    """Both towers, in single precision and as they are served: within 10^-5 of what PyTorch has."""
    rng = np.random.default_rng(4)
    schema = read_schema(EVERY_KIND, "context")
    encoder = encoder_of(Declaration.parse({"name": "x", "arms": ["a"], "context": EVERY_KIND}))
    rounds = Rounds.of(
        rng.integers(9, size=400),
        rng.random(400),
        np.full(400, 0.3),
        among=range(9),
        contexts=encoder.contexts([of_every_kind(rng) for _ in range(400)]),
        features=encoder.contexts([of_every_kind(rng) for _ in range(9)]),
    )
    once = {"estimator": "ips", "warm": False, "temperature": 0.5, "epochs": 2, "rate": 0.05}
    plan = Plan(query=(16, 8), item=(8,), ids=ids, embedding=2, **once)
    found = []
    keep = training.trained

    def kept(name, *args, **more):
        found.append(keep(name, *args, **more))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tamesu.learn.gradients.learning.trained", kept)
        learnt = learnt_from(rounds, plan, context=schema, arm_features=schema).policy
    fresh = encoder.contexts([of_every_kind(rng) for _ in range(200)])
    (towers,) = [one.towers for one in found]
    with torch.no_grad():
        points = towers.query(torch.as_tensor(fresh.astype(np.float32))).numpy()
        shares = torch.softmax(
            towers.scores(torch.as_tensor(fresh.astype(np.float32))).double(), dim=1
        ).numpy()
        new = encoder.contexts([of_every_kind(rng) for _ in range(50)])
        items = towers.item(torch.as_tensor(new.astype(np.float32))).numpy()
    assert np.abs(points).max() > 0.1
    assert np.abs(learnt.query.of(fresh) - points).max() < 1e-5
    assert np.abs(ExactTower(learnt.query).of(fresh) - points).max() < 1e-5
    assert np.abs(learnt.item.of(new) - items).max() < 1e-5
    assert np.abs(learnt.shares(fresh) - shares).max() < 1e-5


def test_a_column_that_never_varied_does_not_blow_up_when_it_does():
    """Whatever number it was: rounding makes a mean that is not it, and a deviation that is not 0."""
    rng = np.random.default_rng(0)
    for constant in (0.1, 0.3, 0.7, 1e6 / 7):
        contexts = np.c_[rng.normal(size=(300, 2)), np.full(300, constant)]
        arms = rng.integers(2, size=300)
        rounds = Rounds.of(
            arms, rng.random(300), np.full(300, 0.5), contexts=contexts, among=range(2)
        )
        learnt = learnt_from(rounds, Plan(estimator="ips", epochs=1, warm=False))
        tower = learnt.policy.query
        moved = np.array([[0.0, 0.0, constant], [0.0, 0.0, constant + 1.0]])
        points = tower.of(moved)
        assert np.abs(points[1] - points[0]).max() < 10.0
