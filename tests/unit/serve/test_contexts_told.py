"""What `report` and `explain` say on a terminal of a bandit that learns from contexts."""

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.cli.entry import run

FRONT = {
    "name": "front",
    "arms": [
        {"id": "because-you-viewed", "features": {"fresh": 0.9}},
        {"id": "popular", "features": {"fresh": 0.1}},
    ],
    "context": {"device": {"type": "categorical", "values": ["ios", "web"]}, "member": "boolean"},
    "arm_features": {"fresh": {"type": "numeric", "range": [0, 1]}},
    "interactions": [["device", "fresh"]],
    "policy": {"belief": {"kind": "linear", "sharing": "shared"}},
    "reward": {"window": "3s", "settle": "0s", "lateness": "100ms"},
    "batch": {"size": 1, "every": "10ms"},
    "seed": 7,
}


@pytest.fixture
def front(serving, training):
    archive = MemoryArchive()
    started = serving(archive=archive)
    training(started, archive)
    assert started.post("/v1/bandits", FRONT)[0] == 201
    return started


def test_what_is_in_the_mean_context_is_said_and_why_an_arm_won(front, until, capsys, monkeypatch):
    path = "/v1/bandits/front/decisions"
    context = {"device": "ios", "member": True}
    for number in range(6):
        answer = front.post(path, {"context": context})[1]
        (delivery,) = answer["deliveries"]
        clicked = {"delivery_id": delivery["delivery_id"], "type": "click"}
        if number % 2:
            assert front.post("/v1/events", {"events": [clicked]})[0] == 202
    until(lambda: front.get("/v1/bandits/front/report")[1]["observations"] == 6)
    answer = front.post(path, {"context": context})[1]
    said = {}
    commands = (
        ["report", "front"],
        ["bandit", "show", "front"],
        ["explain", answer["decision_id"]],
    )
    for words in commands:
        capsys.readouterr()
        assert run([*words, "--url", front.url]) == 0
        said[words[0]] = capsys.readouterr().out
    for told in (said["report"], said["bandit"]):
        assert "in the mean context of what was learnt" in " ".join(told.split())
    assert 'in the context device = "ios", member = true' in said["explain"]
    arm = answer["deliveries"][0]["arm"]
    # Which arms were tried and clicked is luck: they may have come out alike.
    judged = (f"{arm} was ", f"{arm} and ", "are thought to be worth the same")
    assert any(words in said["explain"] for words in judged)
    assert f"{arm} tells fresh = 0." in said["explain"]
    lines = [line for text in said.values() for line in text.splitlines()]
    assert max(map(len, lines)) <= 80
    monkeypatch.setenv("COLUMNS", "60")
    assert run(["explain", answer["decision_id"], "--url", front.url]) == 0
    narrow = capsys.readouterr().out
    assert max(map(len, narrow.splitlines())) <= 60
    assert f"{arm} tells fresh = 0." in " ".join(narrow.split())
    assert all(
        any(line.lstrip().startswith(name["id"]) for line in lines) for name in FRONT["arms"]
    )


def test_of_a_belief_that_learns_nothing_from_contexts_no_mean_context_is_told(serving, capsys):
    started = serving()
    blind = {"name": "blind", "arms": ["a", "b"], "context": {"member": "boolean"}}
    assert started.post("/v1/bandits", {**blind, "policy": {"belief": "beta"}})[0] == 201
    for words in (["report", "blind"], ["bandit", "show", "blind"]):
        assert run([*words, "--url", started.url]) == 0
        assert "mean context" not in capsys.readouterr().out
