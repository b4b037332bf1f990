"""A cascade over HTTP: decided, clicked, learnt down to the click, reported and explained."""

from __future__ import annotations

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.base.records import TICK
from tamesu.engine import InlineEngine

FALLS = {
    "name": "falls",
    "arms": ["a", "b", "c", "d"],
    "layout": {"kind": "cascade", "size": 3},
    "reward": {"anchor": "decision", "window": "1h", "settle": "0s"},
    "seed": 7,
}
BANDIT = "/v1/bandits/falls"


@pytest.fixture
def server(serving):
    started = serving()
    assert started.post("/v1/bandits", FALLS)[0] == 201
    return started


@pytest.fixture
def learn(server):
    """Learns what is in the log; gives what became of it."""
    ports = server.ports
    engine = InlineEngine(ports["log"], ports["store"], MemoryArchive(), ports["clock"])

    def read():
        server.log.append([TICK])
        engine.catch_up()
        told = server.get(f"{BANDIT}/conservation")[1]
        assert told["difference"] == 0
        return told["deliveries"]

    return read


def click(server, identity, *positions):
    events = [{"delivery_id": f"{identity}-{place}", "type": "click"} for place in positions]
    assert server.post("/v1/events", {"events": events})[0] == 202


def outcomes(server, identity):
    """Per position how its newest observation ended, its reward and what it was before."""
    story = server.get(f"/v1/decisions/{identity}")[1]
    rows = [one["observations"][-1] for one in story["deliveries"]]
    return [(row["outcome"], row["reward"], row["previous_reward"]) for row in rows]


def known(server):
    """How many observations of each arm the newest snapshot knows."""
    return {one["arm"]: one["observations"] for one in server.get(f"{BANDIT}/report")[1]["arms"]}


def test_what_lies_below_the_first_click_is_unexamined_and_taken_back(server, learn):
    decision = server.post(f"{BANDIT}/decisions", {})[1]
    identity, arms = decision["decision_id"], [one["arm"] for one in decision["deliveries"]]
    assert len(set(arms)) == 3
    while (told := learn())["open"]:
        pass
    assert told == {"observed": 3, "unfit": 0, "unshown": 0, "unexamined": 0, "open": 0}
    assert outcomes(server, identity) == [("observed", 0.0, None)] * 3
    assert known(server) == {arm: int(arm in arms) for arm in FALLS["arms"]}
    click(server, identity, 1, 2)
    assert learn() == {"observed": 2, "unfit": 0, "unshown": 0, "unexamined": 1, "open": 0}
    assert outcomes(server, identity) == [
        ("observed", 0.0, None),
        ("observed", 1.0, 0.0),
        ("unexamined", None, None),
    ]
    assert known(server) == {arm: int(arm in arms[:2]) for arm in FALLS["arms"]}
    click(server, identity, 0)
    assert learn() == {"observed": 1, "unfit": 0, "unshown": 0, "unexamined": 2, "open": 0}
    assert outcomes(server, identity)[1] == ("unexamined", None, 1.0)
    assert known(server) == {arm: int(arm == arms[0]) for arm in FALLS["arms"]}


def test_a_declaration_says_no_other_rule_of_examination(server):
    reward = {"examined": "all"}
    status, told = server.post("/v1/bandits", {**FALLS, "name": "other", "reward": reward})
    assert (status, told["code"]) == (400, "invalid-declaration")
    assert "reward.examined must be until_click" in told["detail"]
    declared = server.get(BANDIT)[1]["declaration"]
    assert declared["reward"]["examined"] == "until_click"
