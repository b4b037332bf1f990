"""The client and the server together: what interfaces.md promises in two calls."""

import threading
from datetime import UTC, datetime

import pytest

from tamesu.base import (
    Conflict,
    InvalidDeclaration,
    InvalidInput,
    NotFound,
    Outdated,
    Time,
    decode_decision,
    decode_event,
)


@pytest.fixture
def client(server, connect):
    with connect(server.url) as made:
        yield made


def events(server):
    return [decode_event(entry.body) for entry in server.entries("event")]


def test_decide_and_track(server, client):
    decided = client.decide("colours", unit="u-1", eligible=["red", "blue"])
    assert sorted(decided.arms) == ["blue", "red"]
    client.track(decided, "impression")
    client.track(decided[0], "click")
    client.track(decided[1].delivery_id, "click", value=2, time=Time(5))
    moment = datetime(2026, 11, 22, 10, tzinfo=UTC)
    client.track(decided[1], "click", time=moment)
    client.flush()
    recorded = events(server)
    assert [event.type for event in recorded] == ["impression"] * 2 + ["click"] * 3
    assert [event.delivery_id for event in recorded[:3]] == [
        decided[0].delivery_id,
        decided[1].delivery_id,
        decided[0].delivery_id,
    ]
    assert (recorded[3].value, recorded[3].time) == (2, Time(5))
    assert recorded[4].time == Time(int(moment.timestamp()) * 1_000_000)
    record = decode_decision(server.entries("decision")[0].body)
    assert (record.unit, record.request_id is not None) == ("u-1", True)


def test_many_are_divided_into_calls_that_a_server_takes(server, client):
    decided = client.decide_many("colours", 2500)
    assert len({decision.decision_id for decision in decided}) == 2500
    said = [
        {"delivery_id": delivery.delivery_id, "type": "impression"}
        for decision in decided
        for delivery in decision
    ]
    assert client.track_many(said).accepted == 5000
    assert len(events(server)) == 5000


def test_many_requests_may_have_particulars(client):
    decided = client.decide_many(
        "colours", [{"eligible": ["red"]}, {}, {"eligible": ["blue"], "unit": "u"}]
    )
    assert [decided[0].arms, decided[2].arms] == [("red",), ("blue",)]
    assert client.decide_many("colours", 0) == []


def test_a_partial_batch_names_the_bad_by_their_place_in_all(client):
    delivery = client.decide("colours")[0].delivery_id
    good = {"delivery_id": delivery, "type": "click"}
    said = [good] * 1200
    said[3] = {**good, "type": "clik"}
    said[1100] = {**good, "value": "much"}
    tracked = client.track_many(said, partial=True)
    assert tracked.accepted == 1198
    assert [error["index"] for error in tracked.errors] == [3, 1100]


def test_errors_are_raised_as_what_they_are(client):
    with pytest.raises(NotFound) as told:
        client.decide("colour")
    assert told.value.hint == "did you mean 'colours'?"
    assert told.value.facts == {"bandit": "colour"}
    with pytest.raises(InvalidInput, match="declares no context, got 'device'"):
        client.decide("colours", context={"device": "ios"})
    with pytest.raises(InvalidInput, match="delivery id must look like"):
        client.track("nonsense", "click")
    with pytest.raises(InvalidInput) as refused:
        client.track_many([{"delivery_id": "nonsense", "type": "click"}])
    assert refused.value.facts["errors"][0]["index"] == 0
    with pytest.raises(InvalidInput, match="zone"):
        client.track("x", "click", time=datetime(2026, 1, 1))  # noqa: DTZ001 - that is refused
    with pytest.raises(NotFound):
        client.decide("a/b?c")


def test_a_bandit_is_created_from_a_mapping_or_a_file(client, declaration, tmp_path):
    assert client.create({**declaration, "name": "mapped"})["number"] == 1
    path = tmp_path / "bandit.yaml"
    path.write_text("name: filed\narms: [a, b]\nreward: {window: 1m}\n", "utf-8")
    made = client.create(path)
    assert made["declaration"]["reward"]["window"] == "1m"
    assert [bandit["name"] for bandit in client.bandits()] == ["colours", "filed", "mapped"]
    assert client.bandit("filed")["declaration"] == made["declaration"]
    for text in ("- a list", "{unclosed"):
        path.write_text(text, "utf-8")
        with pytest.raises(InvalidDeclaration):
            client.create(path)
    with pytest.raises(InvalidDeclaration, match="readable"):
        client.create(tmp_path / "none.yaml")


def test_what_was_learnt_can_be_read(client):
    assert client.conservation("colours")["difference"] == 0
    assert len(client.report("colours")["arms"]) == 4
    assert client.ready()


def test_arms_are_changed_and_the_server_serves_them_at_once(client, trainer):
    assert client.add_arm("colours", "sun/é", metadata={"hex": "ff0"})["added"] == 1
    assert client.decide("colours", eligible=["sun/é", "red"]).arms
    assert client.retire_arm("colours", "red")["status"] == "applied"
    told = client.change_arms("colours", add=["red", {"id": "white"}], retire=["sun/é"])
    assert (told["added"], told["revived"], told["retired"]) == (1, 1, 1)
    arms = {arm["arm"]: arm["status"] for arm in client.arms("colours")["arms"]}
    assert arms == dict.fromkeys(["red", "green", "blue", "black", "white"], "active") | {
        "sun/é": "retired"
    }
    with pytest.raises(Conflict, match="more than half"):
        client.sync_arms("colours", ["red", "pink"])
    assert client.sync_arms("colours", iter(["red", "pink"]), force=True)["retired"] == 4
    with pytest.raises(NotFound, match="no such arm: 'gone'"):
        client.retire_arm("colours", "gone")


def test_a_bandit_is_declared_anew_frozen_rolled_back_resumed_and_deleted(
    client, trainer, declaration
):
    told = client.update({**declaration, "arms": ["red", "white"]}, 1)
    assert (told["status"], told["number"], told["state"]) == ("learning", 2, "kept")
    assert told["declaration"]["arms"][1]["id"] == "white"
    with pytest.raises(Outdated) as outdated:
        client.update(declaration, 1)
    assert outdated.value.facts["newest"] == 2
    assert client.freeze("colours")["status"] == "frozen"
    assert client.rollback("colours", 1)["status"] == "rolled_back"
    with pytest.raises(NotFound, match="no snapshot 99"):
        client.rollback("colours", 99)
    assert client.resume("colours")["status"] == "learning"
    with pytest.raises(Conflict, match="must be frozen or rolled back"):
        client.resume("colours")
    assert client.delete("colours")["status"] == "deleted"
    with pytest.raises(NotFound, match="was deleted"):
        client.bandit("colours")
    with pytest.raises(NotFound, match="was deleted"):
        client.delete("colours")
    assert client.create(declaration)["number"] == 3


def test_kept_snapshots_are_read_and_pinned(client, trainer):
    for arm in ("d", "e", "f"):
        client.add_arm("colours", arm)
    told = client.snapshots("colours", limit=2)
    assert [one["version"] for one in told["snapshots"]] == [3, 2]
    assert told["more"] is True
    assert [one["version"] for one in client.snapshots("colours", before=2)["snapshots"]] == [1]
    assert client.pin("colours", 1)["pinned"] is True
    assert client.snapshot("colours", 1)["pinned"] is True
    assert len(client.snapshot("colours", 1)["arms"]) == 5
    assert client.unpin("colours", 1)["pinned"] is False
    with pytest.raises(NotFound):
        client.pin("colours", 99)


def test_a_change_that_no_trainer_makes_is_pending_and_told_later(server, connect, training, until):
    server.service.commands._patience_s = 0.05
    with connect(server.url, timeout=0.5) as client:
        told = client.add_arm("colours", "white")
        assert told["status"] == "pending"
        training(server)
        until(lambda: client.command(told["command"])["status"] == "applied")


def test_a_change_is_waited_for_longer_than_a_server_waits(server, connect, training, until):
    server.service.commands._patience_s = 0.05
    with connect(server.url, timeout=60) as client:
        answers = []
        caller = threading.Thread(target=lambda: answers.append(client.add_arm("colours", "w")))
        caller.start()
        until(lambda: server.call("GET", "/v1/commands/1")[0] == 200)
        training(server)
        caller.join()
    assert answers[0]["status"] == "applied"


def test_a_decision_is_explained(client):
    decided = client.decide("colours")
    told = client.explain(decided.decision_id)
    assert told["again"]["same"] is True
    assert tuple(delivery["arm"] for delivery in told["deliveries"]) == decided.arms
    identity = decided.decision_id
    other = identity[:-1] + ("1" if identity[-1] == "0" else "0")
    with pytest.raises(NotFound):
        client.explain(other)
