"""A bandit that serves over HTTP is judged by its own archive while it runs: itself, a snapshot, candidates."""

from __future__ import annotations

import json
import random

import pytest
import yaml
from serving import serving

import tamesu
from tamesu.base import NoSupport, NotFound
from tamesu.cli.entry import run
from tamesu.client import Client

WORTH = {"red": {"ios": 0.1, "web": 0.6}, "blue": {"ios": 0.5, "web": 0.2}}
SHOP = {
    "name": "shop",
    "arms": list(WORTH),
    "context": {"device": {"type": "categorical", "values": ["ios", "web"]}},
    "policy": {"belief": "linear", "explorer": {"kind": "epsilon_greedy", "epsilon": 0.5}},
    "reward": {"window": "1s", "lateness": "100ms"},
}
DECISIONS, PARTS = 800, 2
FALSE_ALARM = 1e-6


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("judged")


@pytest.fixture(scope="module")
def url(folder, free_port):
    with serving(folder, free_port(), within_s=180) as url:
        yield url


@pytest.fixture(scope="module")
def lived(folder, url, until):
    """By decision what was known, once all of it is told; half of the decisions are of a bandit that has learnt."""
    draw, known = random.Random(5), {}
    with Client(url) as client:
        client.create(SHOP)
        for part in range(PARTS):
            devices = [draw.choice(["ios", "web"]) for _ in range(DECISIONS // PARTS)]
            asked = [
                {"unit": f"user-{draw.randrange(400)}", "context": {"device": device}}
                for device in devices
            ]
            for device, decision in zip(devices, client.decide_many("shop", asked), strict=True):
                clicked = draw.random() < WORTH[decision.arm][device]
                known[decision.decision_id] = device, decision.arm, clicked
                if clicked:
                    client.track(decision, "click")
            client.flush()
            made = (part + 1) * DECISIONS // PARTS
            until(lambda made=made: _observed(client) == made)
    until(lambda: _told(folder) == DECISIONS)
    return known


def _observed(client):
    return client.conservation("shop")["deliveries"]["observed"]


def _told(folder):
    try:
        return len(_logging(folder))
    except (NoSupport, NotFound):
        return 0


def _logging(folder):
    from tamesu.engine import ArchivedDecisions  # noqa: PLC0415 - it loads NumPy
    from tamesu.wiring import load_settings, open_kept  # noqa: PLC0415 - the same

    with open_kept(load_settings({"data": str(folder / "data")})) as (store, archive):
        return ArchivedDecisions(store, archive, "shop").logged()


def judged(folder, policy, **asked):
    asked = {"estimators": ["ips", "snips", "dr"], "confidence": 1 - FALSE_ALARM, **asked}
    found = tamesu.judge("shop", policy, data=folder / "data", **asked)
    (logged,) = found.logged
    return found, logged, {one.estimator: one for one in found.estimates}


def best(context, arms):
    return max(arms, key=lambda arm: WORTH[arm][context["device"]])


def test_the_logging_policy_earned_what_it_earned(folder, lived):
    found, logged, estimates = judged(folder, "logging", estimators=["ips", "snips"])
    earned = sum(clicked for _, _, clicked in lived.values()) / DECISIONS
    assert estimates["ips"].value == estimates["snips"].value == logged.value
    assert logged.value == pytest.approx(earned, abs=1e-12)
    assert found.diagnostics.weights.largest == found.diagnostics.weights.mean == 1.0
    assert found.diagnostics.weights.effective == pytest.approx(DECISIONS)
    assert not found.refused
    assert sum(found.left_out.values()) == 0


def test_a_better_policy_is_known_to_be_better_before_anybody_saw_it(folder, lived):
    devices = [device for device, _, _ in lived.values()]
    true = sum(max(arm[device] for arm in WORTH.values()) for device in devices) / DECISIONS
    _, logged, estimates = judged(folder, best)
    for name in ("ips", "snips", "dr"):
        low, high = estimates[name].interval
        assert low < true < high
        assert estimates[name].value > logged.value + 0.05


def test_one_that_learns_along_the_log_explores_less_and_earns_more(folder, lived, tmp_path):
    file = tmp_path / "keener.yaml"
    explorer = {"kind": "epsilon_greedy", "epsilon": 0.1}
    file.write_text(yaml.safe_dump({**SHOP, "policy": {"belief": "linear", "explorer": explorer}}))
    _, logged, estimates = judged(folder, str(file), every=20)
    assert estimates["snips"].value > logged.value + 0.02
    _, _, frozen = judged(folder, file, at="prior")
    assert frozen["snips"].value < estimates["snips"].value


def test_a_snapshot_is_judged_by_what_was_decided_since(folder, lived):
    found, _, estimates = judged(folder, "snapshot:1")
    assert found.left_out["before"] > 0
    assert found.diagnostics.rounds + found.left_out["before"] == DECISIONS
    assert 0 < estimates["snips"].value < 1
    with pytest.raises(NoSupport, match="made after what the candidate has learnt from"):
        judged(folder, "snapshot:newest")


def test_the_command_line_says_the_same(folder, lived, capsys):
    capsys.readouterr()
    words = ["evaluate", "shop", "--policy", "logging", "--estimators", "ips,snips", "--json"]
    assert run([*words, "--data", str(folder / "data")]) == 0
    told = json.loads(capsys.readouterr().out)
    (policy,) = told["policies"]
    _, logged, _ = judged(folder, "logging", estimators=["ips"])
    assert [one["value"] for one in policy["estimates"]] == [logged.value, logged.value]
