"""Decisions over HTTP: the shape of the answer, what is logged, what is refused."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from tamesu.base import decode_decision, parse_delivery_id

PATH = "/v1/bandits/colours/decisions"
BATCH = f"{PATH}/batch"


def test_an_answer_has_the_shape_that_clients_rely_on(server):
    status, answer = server.post(PATH, {"unit": "u-1"})
    assert status == 200
    assert set(answer) == {
        "decision_id",
        "snapshot",
        "variant",
        "fallback",
        "sticky",
        "deliveries",
    }
    assert (answer["snapshot"], answer["variant"]) == (0, None)
    assert (answer["fallback"], answer["sticky"]) == (False, False)
    assert [set(delivery) for delivery in answer["deliveries"]] == [
        {"delivery_id", "arm", "position", "propensity"}
    ] * 2
    for position, delivery in enumerate(answer["deliveries"]):
        parsed = parse_delivery_id(delivery["delivery_id"])
        assert parsed.decision_id == answer["decision_id"]
        assert parsed.position == delivery["position"] == position


def test_what_is_answered_is_what_is_logged(server):
    answers = [server.post(PATH, {"unit": f"u-{n}"})[1] for n in range(20)]
    records = [decode_decision(entry.body) for entry in server.entries("decision")]
    assert [record.decision_id for record in records] == [a["decision_id"] for a in answers]
    assert [record.unit for record in records] == [f"u-{n}" for n in range(20)]
    for answer, record in zip(answers, records, strict=True):
        assert [(d.arm, d.position, d.propensity) for d in record.deliveries] == [
            (d["arm"], d["position"], d["propensity"]) for d in answer["deliveries"]
        ]
    assert [entry.key for entry in server.entries("decision")] == [r.decision_id for r in records]


def test_no_body_asks_for_nothing_in_particular(server):
    assert server.post(PATH)[0] == 200
    assert server.post(PATH, {})[0] == 200
    assert server.post(PATH, {"context": {}, "unit": None})[0] == 200


def test_only_eligible_arms_are_delivered_and_logged(server):
    eligible = ["black", "red"]
    for _ in range(10):
        _, answer = server.post(PATH, {"eligible": eligible})
        assert sorted(d["arm"] for d in answer["deliveries"]) == eligible
    _, answer = server.post(PATH, {"eligible": ["blue"]})
    assert [(d["arm"], d["propensity"]) for d in answer["deliveries"]] == [("blue", 1.0)]
    last = decode_decision(server.entries("decision")[-1].body)
    assert last.eligible == ("blue",)


def test_a_batch_is_one_append_in_its_order(server):
    requests = [{"unit": f"u-{number}"} for number in range(120)]
    status, body = server.post(BATCH, {"requests": requests})
    assert status == 200
    ids = [decision["decision_id"] for decision in body["decisions"]]
    entries = server.entries("decision")
    assert [entry.key for entry in entries] == ids
    assert len({entry.received for entry in entries}) == 1
    assert [decode_decision(e.body).unit for e in entries] == [f"u-{n}" for n in range(120)]
    assert server.meter.value("decisions_total", bandit="colours") == 120


def test_others_get_their_turn_between_the_decisions_of_a_slow_batch(server, declaration):
    """However few they are: a wide slate takes longer than hundreds of single arms."""
    arms = [str(number) for number in range(400)]
    wide = {**declaration, "name": "wide", "arms": arms, "layout": {"kind": "slate", "size": 40}}
    assert server.post("/v1/bandits", wide)[0] == 201
    with ThreadPoolExecutor(1) as beside:
        body = {"requests": [{"request_id": str(number)} for number in range(400)]}
        batch = beside.submit(server.post, "/v1/bandits/wide/decisions/batch", body)
        turns = 0
        while not batch.done():
            assert server.get("/health/live")[0] == 200
            turns += 1
    assert batch.result()[0] == 200
    assert turns > 5


def test_a_repeated_request_is_answered_with_the_same_bytes(server):
    first = server.post(PATH, {"request_id": "r"})[1]
    assert server.post(PATH, {"request_id": "r", "eligible": ["blue"]})[1] == first
    status, body = server.post(BATCH, {"requests": [{"request_id": "r"}, {"request_id": "s"}]})
    assert status == 200
    assert body["decisions"][0] == first
    assert body["decisions"][1] != first
    assert len(server.entries("decision")) == 2


@pytest.mark.parametrize(
    ("body", "status", "code", "said"),
    [
        ({"elligible": ["red"]}, 400, "invalid-input", "did you mean 'eligible'?"),
        ({"eligible": []}, 400, "invalid-input", "eligible"),
        ({"eligible": ["red", "red"]}, 400, "invalid-input", "'red'"),
        ({"eligible": ["rod"]}, 404, "not-found", "did you mean 'red'?"),
        ({"eligible": "red"}, 400, "invalid-input", "array"),
        ({"eligible": [1]}, 400, "invalid-input", "str"),
        ({"context": {"device": "ios"}}, 400, "invalid-input", "'device'"),
        ({"context": [1]}, 400, "invalid-input", "object"),
        ({"unit": ""}, 400, "invalid-input", "unit must have 1 to 200"),
        ({"unit": "x" * 201}, 400, "invalid-input", "got 201 characters"),
        ({"unit": 7}, 400, "invalid-input", "unit"),
        ({"request_id": "a\nb"}, 400, "invalid-input", "request_id must have"),
        ([], 400, "invalid-input", "object"),
        ("red", 400, "invalid-input", "object"),
    ],
)
def test_what_cannot_be_is_refused_by_name(server, body, status, code, said):
    got, problem = server.post(PATH, body)
    assert (got, problem["code"], problem["status"]) == (status, code, status)
    assert said in problem["detail"] + problem["hint"]
    assert server.entries("decision") == []
    assert server.meter.value("refused_total", code=code) == 1


def test_a_users_words_are_not_repeated(server):
    secret = "hunter2"
    bodies = [
        {"context": {"device": secret}},
        {"unit": secret * 50},
        {"request_id": f"{secret}\n"},
        {"unit": [secret]},
        {"unit": {"is": secret}},
    ]
    for body in bodies:
        status, problem = server.post(PATH, body)
        assert status == 400
        assert secret not in msgspec.json.encode(problem).decode()


def test_every_bad_member_of_a_batch_is_named_and_none_is_decided(server):
    requests = [{}, {"eligible": ["rod"]}, {"unit": ""}, {"request_id": "kept?"}]
    status, problem = server.post(BATCH, {"requests": requests})
    assert status == 400
    assert [(error["index"], error["code"]) for error in problem["errors"]] == [
        (1, "not-found"),
        (2, "invalid-input"),
    ]
    assert problem["errors"][0]["hint"] == "did you mean 'red'?"
    assert server.entries("decision") == []
    assert server.post(PATH, {"request_id": "kept?"})[0] == 200
    assert len(server.entries("decision")) == 1


def test_a_batch_holds_one_to_a_thousand_requests(server):
    assert server.post(BATCH, {"requests": []})[0] == 400
    assert server.post(BATCH, {"requests": [{}] * 1000})[0] == 200
    status, problem = server.post(BATCH, {"requests": [{}] * 1001})
    assert (status, problem["code"]) == (413, "too-large")
    assert len(server.entries("decision")) == 1000
    assert server.post(BATCH, {"request": [{}]})[1]["hint"] == "did you mean 'requests'?"
    status, problem = server.post(BATCH, {"requests": [{}, {"units": "u"}]})
    assert "requests[1]" in problem["detail"]


def test_an_unknown_bandit_is_not_found_with_the_close_match(server):
    status, problem = server.post("/v1/bandits/colors/decisions", {})
    assert (status, problem["hint"]) == (404, "did you mean 'colours'?")
    assert server.post("/v1/bandits/colors/decisions/batch", {"requests": [{}]})[0] == 404


def test_the_shares_of_arms_are_the_propensities(server):
    """2,000 first arms of a flat prior: each share within six deviations of a quarter."""
    firsts = []
    for _ in range(2):
        _, body = server.post(BATCH, {"requests": [{}] * 1000})
        firsts += [decision["deliveries"][0] for decision in body["decisions"]]
    assert all(first["propensity"] == pytest.approx(0.25) for first in firsts)
    for arm in ("red", "green", "blue", "black"):
        share = sum(first["arm"] == arm for first in firsts) / len(firsts)
        assert abs(share - 0.25) < 6 * (0.25 * 0.75 / len(firsts)) ** 0.5
