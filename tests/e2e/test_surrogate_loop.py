"""A later value learnt from the shell while a server runs: fitted, declared, and rewarded from then on."""

from __future__ import annotations

import json
import random
import time

import pytest
from serving import serving

from tamesu.base import Time, parse_decision_id
from tamesu.base.times import SECOND_US
from tamesu.cli.entry import run
from tamesu.client import Client

BANDIT = {
    "name": "shop",
    "arms": ["bait", "solid"],
    "policy": {"belief": "gaussian", "explorer": "uniform"},
    "reward": {
        "window": "2s",
        "lateness": "100ms",
        "events": {"click": 1, "cart": {"weight": 0, "aggregate": "count"}, "purchase": 0},
    },
}
DECISIONS = 700
PATIENCE_S = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def url(folder, free_port):
    with serving(folder, free_port(), within_s=180) as url:
        yield url


def live(client):
    """People click the bait, and buy what they put into the basket: half of it some seconds later."""
    draw = random.Random(4)
    asked = [{"unit": f"user-{number}"} for number in range(DECISIONS)]
    for decision in client.decide_many("shop", asked):
        bait = decision.arm == "bait"
        decided = parse_decision_id(decision.decision_id).decided
        if draw.random() < (0.8 if bait else 0.3):
            client.track(decision, "click")
        things = draw.choice([0, 0, 1, 2]) * (draw.random() < (0.1 if bait else 0.9))
        for _ in range(things):
            client.track(decision, "cart")
            if draw.random() < 0.5:
                moment = Time(decided + 4 * SECOND_US)
                client.track(decision, "purchase", value=2.0, time=moment.text())


def test_a_running_bandit_comes_to_learn_what_comes_later(folder, url, tmp_path, capsys):
    file = tmp_path / "shop.yaml"
    with Client(url) as client:
        client.create(BANDIT)
        live(client)
        client.flush()
    words = ["learn", "surrogate", "shop", "--later", "purchase", "--within", "8s"]
    words += ["--data", str(folder / "data"), "--output", str(file), "--json"]
    deadline = time.monotonic() + PATIENCE_S
    while True:
        capsys.readouterr()
        code = run(words)
        out = capsys.readouterr().out
        told = json.loads(out) if code == 0 else None
        if (told and not told["left_out"]["open"]) or time.monotonic() > deadline:
            break
    assert told["surrogate"]["rows"] == DECISIONS
    weights = {event["type"]: event["weight"] for event in told["events"]}
    assert weights["cart"] == pytest.approx(1.0, abs=0.25)  # two for half of them; five errors
    assert weights["click"] == pytest.approx(0.0, abs=0.35)
    assert not any(arm["differs"] for arm in told["arms"])

    assert run(["bandit", "update", str(file), "--yes", "--url", url, "--json"]) == 0
    updated = json.loads(capsys.readouterr().out)
    assert (updated["number"], updated["state"]) == (2, "new")
    assert run(["bandit", "show", "shop", "--url", url]) == 0
    assert "its reward stands for sum of purchase within 8s" in capsys.readouterr().out
    with Client(url) as client:
        declared = client.bandit("shop")["declaration"]
        assert declared["reward"]["surrogate"]["rows"] == DECISIONS
        decision = client.decide("shop")
        while not decision.decision_id.startswith("shop.2."):
            assert time.monotonic() < deadline, "declaration 2 is not served"
            decision = client.decide("shop")
        client.track(decision, "cart")
        client.track(decision, "cart")
        client.flush()
        while not (rows := _observations(client, decision)):
            assert time.monotonic() < deadline, "it was not learnt"
    assert rows[-1]["reward"] == pytest.approx(2 * weights["cart"], rel=1e-4)


def _observations(client, decision):
    (delivery,) = client.explain(decision.decision_id)["deliveries"]
    return [row for row in delivery["observations"] if row["outcome"] == "observed"]
