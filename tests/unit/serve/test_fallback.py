"""Where a snapshot cannot be served, the declared fallback answers: marked, explained, never learnt."""

import sqlite3

import pytest

from tamesu.adapters.store.sql import SqlStore

PATH = "/v1/bandits/colours"


@pytest.fixture
def listed(declaration):
    return {
        **declaration,
        "layout": {"kind": "slate", "size": 3},
        "fallback": ["black", "green"],
        "reward": {"anchor": "decision", "window": "1s", "lateness": "100ms"},
    }


def check(answer, arms, propensities):
    assert answer["fallback"] is True
    assert [delivery["arm"] for delivery in answer["deliveries"]][: len(arms)] == arms
    assert [delivery["propensity"] for delivery in answer["deliveries"]] == propensities


def test_a_broken_snapshot_is_answered_for_and_explained(
    serving, training, listed, tmp_path, until
):
    """Its bytes are damaged in the store while no server holds it."""
    path = tmp_path / "store.sqlite3"
    first = serving(store=SqlStore(path))
    assert first.post("/v1/bandits", listed)[0] == 201
    trainer = training(first)
    assert first.post(f"{PATH}/decisions", {})[1]["fallback"] is False
    until(lambda: first.get(PATH)[1]["snapshot"])
    trainer.stop()
    first.stop()
    with sqlite3.connect(path) as store:
        store.execute("UPDATE snapshots SET state = ?", (b"\x00damaged",))
    store.close()
    server = serving(**{**first.ports, "store": SqlStore(path)})
    status, answer = server.post(f"{PATH}/decisions", {})
    assert status == 200
    check(answer, ["black", "green"], [1.0, 1.0, 0.5])
    eligible = ["red", "green", "blue"]
    check(server.post(f"{PATH}/decisions", {"eligible": eligible})[1], ["green"], [1.0, 0.5, 1.0])
    assert server.meter.value("fallbacks_total", bandit="colours") == 2
    status, told = server.get(f"/v1/decisions/{answer['decision_id']}")
    assert status == 200
    assert told["fallback"] is True
    assert told["again"]["same"] is True
    assert told["again"]["difference"] == 0


def test_it_is_archived_and_never_learnt(serving, training, listed, until):
    """The policy fails; events of what the fallback delivered are joined and teach nothing."""

    def fails(*_):
        raise ZeroDivisionError

    server = serving()
    assert server.post("/v1/bandits", listed)[0] == 201
    server.service.catalogue.find("colours").prepared.choose = fails
    answer = server.post(f"{PATH}/decisions", {})[1]
    check(answer, ["black", "green"], [1.0, 1.0, 0.5])
    events = [
        {"delivery_id": each["delivery_id"], "type": "click"} for each in answer["deliveries"]
    ]
    assert server.post("/v1/events", {"events": events})[0] == 202
    training(server)
    until(lambda: server.get(f"{PATH}/conservation")[1]["deliveries"]["observed"] == 3)
    counts = server.get(f"{PATH}/conservation")[1]
    assert counts["events"]["joined"] == 3
    assert counts["difference"] == 0
    report = server.get(f"{PATH}/report")[1]
    assert [arm["observations"] for arm in report["arms"]] == [0, 0, 0, 0]
