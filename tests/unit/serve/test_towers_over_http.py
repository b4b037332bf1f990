"""A two-tower policy over HTTP: retrieved, explored, every propensity known; another artefact is refused by name."""

from __future__ import annotations

import numpy as np
import pytest
from towers import CONTEXTS, declared_towers, towers_of

from tamesu.adapters.artefact.folder import write_towers
from tamesu.base import decode_decision
from tamesu.wiring.beliefs.learnt import _read

PATH = "/v1/bandits/front/decisions"


@pytest.fixture
def towers(tmp_path):
    towers = towers_of(arms=40)
    return towers, tmp_path / "one", write_towers(tmp_path / "one", towers)


@pytest.fixture
def declared(towers):
    return declared_towers(*towers, most=5, explore=0.2)


def expected(towers, context, most=5, explore=0.2):
    """By hand, in single precision as the noun has it."""
    shares = towers.shares(context[None])[0]
    top = np.argsort(-shares)[:most]
    p = np.full(len(shares), explore / len(shares))
    p[top] += (1 - explore) * shares[top] / shares[top].sum()
    return dict(zip(towers.arms, p, strict=True))


def test_it_is_served_as_it_was_learnt(serving, towers, declared):
    server = serving()
    status, answer = server.post("/v1/bandits", declared)
    assert status == 201, answer
    seen = set()
    for context, columns in CONTEXTS * 8:
        status, answer = server.post(PATH, {"context": context})
        assert status == 200
        (delivery,) = answer["deliveries"]
        assert not answer["fallback"]
        due = expected(towers[0], columns)
        assert delivery["propensity"] == pytest.approx(due[delivery["arm"]], abs=1e-6)
        seen.add(delivery["arm"])
        explained = server.get(f"/v1/decisions/{answer['decision_id']}")[1]
        assert explained["again"]["same"] is True
        assert explained["again"]["difference"] == 0
        shares = {arm["arm"]: arm["share"] for arm in explained["arms"]}
        assert shares == pytest.approx(due, abs=1e-6)
    assert len(seen) > 5
    record = decode_decision(server.entries("decision")[0].body)
    assert record.context == CONTEXTS[0][0]


def test_what_is_not_there_is_refused_by_name(serving, towers, declared):
    server = serving()
    for change, named in (
        ({"digest": "0" * 64}, "policy.belief.digest must be that of the folder"),
        ({"folder": "/nowhere/at/all"}, "manifest.json"),
    ):
        belief = {**declared["policy"]["belief"], **change}
        other = {**declared, "policy": {**declared["policy"], "belief": belief}}
        status, answer = server.post("/v1/bandits", other)
        assert status == 400
        assert answer["code"] == "invalid-declaration"
        assert named in answer["detail"]
    assert server.post("/v1/bandits", declared)[0] == 201
    changed = {**declared, "policy": other["policy"]}
    status, answer, _ = server.call(
        "PUT", "/v1/bandits/front", changed, headers={"If-Match": '"1"'}
    )
    assert status == 400
    assert "manifest.json" in answer["detail"]


def test_where_it_is_gone_the_fallback_answers_until_it_is_there_again(
    serving, memory, towers, declared, until, monkeypatch
):
    """Others are served meanwhile; nobody has to start a server anew, and no snapshot has to come."""
    monkeypatch.setattr("tamesu.serve.core.catalogue.LOOK_AGAIN_S", 0.0)
    ports = memory()
    first = serving(**ports)
    linear = {**declared, "name": "linear", "policy": {"belief": "linear"}}
    neural = {**declared_towers(*towers, belief="neural_linear"), "name": "neural"}
    for data in (declared, linear, neural):
        status, answer = first.post("/v1/bandits", data)
        assert status == 201, answer
    asked = {"context": CONTEXTS[0][0]}

    def by_fallback(server):
        answers = {
            name: server.post(f"/v1/bandits/{name}/decisions", asked)
            for name in ("front", "linear", "neural")
        }
        assert {status for status, _ in answers.values()} == {200}
        return {name for name, (_, answer) in answers.items() if answer["fallback"]}

    elsewhere = towers[1].parent / "elsewhere"
    towers[1].rename(elsewhere)
    _read.cache_clear()
    assert by_fallback(first) == set()  # who holds it serves it
    first.stop()
    second = serving(**ports)
    assert by_fallback(second) == {"front", "neural"}
    status, answer = second.get("/v1/bandits/neural/report")
    assert status == 503
    assert "manifest.json" in answer["detail"]
    elsewhere.rename(towers[1])
    until(lambda: by_fallback(second) == set())


@pytest.mark.parametrize("way", ["it is there again", "another is declared"])
def test_a_trainer_waits_for_what_it_needs_and_loses_nothing(
    serving, memory, training, towers, until, way
):
    server = serving(**memory())
    neural = declared_towers(*towers, belief="neural_linear")
    neural["reward"] |= {"window": "1s", "lateness": "0s"}
    linear = {**neural, "name": "linear", "policy": {"belief": "linear"}}
    for declared in (neural, linear):
        assert server.post("/v1/bandits", declared)[0] == 201
        path = f"/v1/bandits/{declared['name']}/decisions"
        for _ in range(5):
            assert server.post(path, {"context": CONTEXTS[0][0]})[0] == 200
    elsewhere = towers[1].parent / "elsewhere"
    towers[1].rename(elsewhere)
    _read.cache_clear()
    training(server)
    until(lambda: server.meter.value("learning_failures_total", code="unavailable"))
    if way == "it is there again":
        elsewhere.rename(towers[1])
    else:
        other = {**linear, "name": "front"}
        headers = {"If-Match": '"1"'}
        assert server.call("PUT", "/v1/bandits/front", other, headers=headers)[0] in (200, 202)

    def learnt(name):
        return sum(
            row["observations"] for row in server.get(f"/v1/bandits/{name}/report")[1]["arms"]
        )

    until(lambda: learnt("linear") == 5)
    until(lambda: server.get("/v1/bandits/front/conservation")[1]["deliveries"]["observed"] == 5)
    # What was decided under the first declaration is not what the second one learns from.
    assert learnt("front") == (5 if way == "it is there again" else 0)


@pytest.mark.parametrize("belief", ["two_tower", "neural_linear"])
def test_it_learns_what_it_can_and_takes_arms_that_come(serving, memory, training, towers, belief):
    """Served, clicked, learnt: a new arm is chosen at once, and what was observed is counted."""
    ports = memory()
    server = serving(**ports)
    training(server)
    declared = declared_towers(*towers, belief=belief)
    declared["policy"]["explorer"] = {"kind": "softmax", "temperature": 5.0}
    declared["reward"] |= {"window": "1s", "lateness": "0s"}
    assert server.post("/v1/bandits", declared)[0] == 201
    new = {"features": {"genre": "b", "age": 3}}
    status, answer, _ = server.call("PUT", "/v1/bandits/front/arms/new", new)
    assert status in (200, 201), answer
    chosen = set()
    for number in range(300):
        context = CONTEXTS[number % 2][0]
        answer = server.post(PATH, {"context": context})[1]
        delivery = answer["deliveries"][0]
        assert answer["fallback"] is False
        assert 0 < delivery["propensity"] <= 1
        chosen.add(delivery["arm"])
        if number % 3 == 0:
            event = {"delivery_id": delivery["delivery_id"], "type": "click"}
            assert server.post("/v1/events", {"events": [event]})[0] == 202
    assert "new" in chosen

    def observed():
        rows = server.get("/v1/bandits/front/report")[1]["arms"]
        return sum(row["observations"] for row in rows)

    while observed() < 300:  # each look asks the store anew
        continue
    assert observed() == 300
