"""Contexts over HTTP: what is recorded is what was used, what does not fit is refused by name."""

import json

import pytest
from msgspec.structs import replace

from tamesu.base import Draft, Unavailable, decode_decision, encode

PATH = "/v1/bandits/front/decisions"
HOME = {
    "name": "front",
    "arms": [
        {"id": "news", "features": {"fresh": 0.9}},
        {"id": "sport", "features": {"fresh": 0.1}},
        {"id": "music", "features": {"fresh": 0.5}},
    ],
    "context": {
        "device": {"type": "categorical", "values": ["ios", "web"]},
        "hour": {"type": "cyclic", "period": 24, "missing": 12},
        "age": {"type": "numeric", "range": [0, 100], "missing": 40, "clip": True},
        "member": {"type": "boolean", "missing": False},
        "taste": {"type": "vector", "size": 2, "missing": [0, 0]},
        "segment": {"type": "hashed", "buckets": 4, "missing": "none"},
    },
    "arm_features": {"fresh": {"type": "numeric", "range": [0, 1]}},
    "policy": {"belief": "linear"},
    "reward": {"window": "3s", "settle": "0s", "lateness": "1s", "anchor": "decision"},
    "seed": 7,
}
FITS = {"device": "ios", "hour": 9, "age": 30, "member": True, "taste": [0.5, -2], "segment": "s1"}


@pytest.fixture
def home(serving):
    started = serving()
    assert started.post("/v1/bandits", HOME)[0] == 201
    return started


def recorded(server):
    return [decode_decision(entry.body) for entry in server.entries("decision")]


def test_what_is_recorded_is_what_was_used(home):
    """Both of the request and of the arms; and so a decision comes out the same when it is made again."""
    status, answer = home.post(PATH, {"context": FITS})
    assert status == 200
    (record,) = recorded(home)
    assert record.context == FITS
    told = {arm["id"]: arm["features"] for arm in HOME["arms"]}
    assert [one.features for one in record.deliveries] == [told[record.deliveries[0].arm]]
    explained = home.get(f"/v1/decisions/{answer['decision_id']}")[1]
    assert explained["context"] == FITS
    assert explained["again"]["difference"] == 0


def test_what_is_missing_follows_the_schema(home):
    for context in ({"device": "web"}, {"device": "web", "age": None}):
        assert home.post(PATH, {"context": context})[0] == 200
    assert [one.context for one in recorded(home)] == [
        {"device": "web"},
        {"device": "web", "age": None},
    ]


WRONG = [
    ({}, "must have 'device'"),
    ({"device": None}, "must have 'device'"),
    ({"divice": "ios"}, "no feature 'divice'"),
    ({"device": "ios", "colour": 1}, "no feature 'colour'"),
    ({"device": "ios", "colour": None}, "no feature 'colour'"),
    ({"device": "iso"}, "feature 'device' must be one of"),
    ({"device": 1}, "feature 'device' must be one of"),
    ({"device": ["ios"]}, "feature 'device' must be one of"),
    ({"device": {"a": 1}}, "feature 'device' must be one of"),
    ({"device": "ios", "hour": "9"}, "feature 'hour' must be a number"),
    ({"device": "ios", "hour": True}, "feature 'hour' must be a number"),
    ({"device": "ios", "hour": 2**60}, "within ±2^53"),
    ({"device": "ios", "age": 10**400}, "within ±2^53"),
    ({"device": "ios", "age": [1]}, "feature 'age' must be a number"),
    ({"device": "ios", "member": 1}, "feature 'member' must be true or false"),
    ({"device": "ios", "taste": [1]}, "feature 'taste' must be a list of 2"),
    ({"device": "ios", "taste": 1}, "feature 'taste' must be a list of 2"),
    ({"device": "ios", "taste": [1, "2"]}, "feature 'taste' must be"),
    ({"device": "ios", "taste": [1, None]}, "feature 'taste' must be"),
    ({"device": "ios", "taste": [1, [2]]}, "feature 'taste' must be"),
    ({"device": "ios", "taste": [1, 10**30]}, "within ±2^53"),
    ({"device": "ios", "segment": 1.5}, "feature 'segment' must be"),
    ({"device": "ios", "segment": True}, "feature 'segment' must be"),
    ({"device": "ios", "segment": "x" * 1001}, "1,000 characters"),
]


@pytest.mark.parametrize(("context", "says"), WRONG, ids=lambda value: str(value)[:40])
def test_each_wrong_context_is_refused_by_name(home, context, says):
    """And no value stands in the message; of a batch each wrong member is named."""
    status, problem = home.post(PATH, {"context": context})
    assert status == 400
    assert says in problem["detail"]
    assert "iso" not in problem["detail"].replace("'device'", "")
    body = {"requests": [{"context": FITS}, {"context": context}]}
    status, problem = home.post(f"{PATH}/batch", body)
    assert status == 400
    assert [one["index"] for one in problem["errors"]] == [1]
    assert recorded(home) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"context": {"device": "ios", "age": NaN}}', 400),
        (b'{"context": {"device": "ios", "age": Infinity}}', 400),
        (b'{"context": {"device": "ios", "age": -1e400}}', 400),
        (b'{"context": {"device": "ios", "age": 1' + b"0" * 400 + b"}}", 400),
        (b'{"context": {"device": "ios", "taste": ' + b"[" * 40 + b"]" * 40 + b"}}", 413),
        (b'{"context": {"device": "\\ud800"}}', 400),
        (b'{"context": [1, 2]}', 400),
        (b'{"context": "ios"}', 400),
    ],
)
def test_what_is_no_json_of_a_context_is_refused(home, body, status):
    assert home.post(PATH, raw=body)[0] == status
    assert recorded(home) == []


def test_the_request_comes_before_its_unit_and_only_what_is_asked_for_is_recorded(home):
    known = {"device": "web", "age": 50, "plan": "pro"}
    assert home.call("PUT", "/v1/features/unit/u-1", known)[0] == 200
    assert home.post(PATH, {"unit": "u-1"})[0] == 200
    assert home.post(PATH, {"unit": "u-1", "context": {"age": 20, "hour": 3}})[0] == 200
    assert [one.context for one in recorded(home)] == [
        {"device": "web", "age": 50},
        {"device": "web", "age": 20, "hour": 3},
    ]


def test_what_is_kept_of_a_unit_and_does_not_fit_is_said_to_be_kept(home):
    home.call("PUT", "/v1/features/unit/u-1", {"device": "tv"})
    status, problem = home.post(PATH, {"unit": "u-1"})
    assert status == 400
    assert "as it is kept of the unit" in problem["detail"]
    assert "/v1/features/unit/" in problem["hint"]
    assert home.post(PATH, {"unit": "u-1", "context": {"device": "ios"}})[0] == 200


class Down:
    """Features that cannot be read."""

    def empty(self):
        return False

    def find(self, entity, keys):
        raise Unavailable("no disk")


def test_where_the_features_of_a_unit_cannot_be_looked_up_what_needs_them_falls_back(serving):
    server = serving(features=Down())
    server.post("/v1/bandits", HOME)
    status, answer = server.post(PATH, {"unit": "u-1", "context": {"age": 3}})
    assert (status, answer["fallback"]) == (200, True)
    assert server.post(PATH, {"unit": "u-1", "context": {"device": "ios"}})[1]["fallback"] is False
    assert server.post(PATH, {"context": {"age": 3}})[0] == 400
    assert [one.context for one in recorded(server)] == [{"age": 3}, {"device": "ios"}]
    explained = server.get(f"/v1/decisions/{answer['decision_id']}")[1]
    assert explained["again"]["same"] is True


def test_a_policy_that_needs_no_context_decides_without_what_cannot_be_looked_up(serving):
    server = serving(features=Down())
    server.post("/v1/bandits", {**HOME, "policy": {"belief": "beta"}})
    answer = server.post(PATH, {"unit": "u-1", "context": {"age": 3}})[1]
    assert answer["fallback"] is False
    explained = server.get(f"/v1/decisions/{answer['decision_id']}")[1]
    assert explained["again"]["difference"] == 0


def test_a_record_whose_context_does_not_fit_is_explained_without_being_made_again(home):
    answer = home.post(PATH, {"context": FITS})[1]
    (entry,) = home.entries("decision")
    identity = answer["decision_id"][:-4] + "ffff"
    forged = replace(decode_decision(entry.body), decision_id=identity, context={"device": "tv"})
    home.log.append([Draft(identity, "decision", encode(forged))])
    status, told = home.get(f"/v1/decisions/{identity}")
    assert (status, told["again"]["same"]) == (200, None)
    assert "does not fit" in told["again"]["why"]


def test_a_context_is_checked_though_nothing_is_learnt_from_it(serving):
    server = serving()
    plain = {**HOME, "policy": {"belief": "beta"}}
    assert server.post("/v1/bandits", plain)[0] == 201
    assert server.post(PATH, {"context": {"device": "tv"}})[0] == 400
    assert server.post(PATH, {"context": {"device": "ios"}})[0] == 200
    (record,) = recorded(server)
    assert (record.context, record.deliveries[0].features) == ({"device": "ios"}, None)


def test_what_was_observed_in_a_context_is_learnt_served_and_explained(home, training, until):
    """Each device likes another arm: after some clicks each is given its own."""
    liked = {"ios": "news", "web": "sport"}
    context = {"ios": {"device": "ios"}, "web": {"device": "web"}}
    requests = [{"context": context[name]} for name in ("ios", "web") for _ in range(150)]
    decisions = home.post(f"{PATH}/batch", {"requests": requests})[1]["decisions"]
    events = [
        {"delivery_id": one["deliveries"][0]["delivery_id"], "type": "click"}
        for request, one in zip(requests, decisions, strict=True)
        if one["deliveries"][0]["arm"] == liked[request["context"]["device"]]
    ]
    assert home.post("/v1/events", {"events": events})[0] == 202
    training(home)
    until(lambda: home.get("/v1/bandits/front/report")[1]["observations"] == 300)
    for name, arm in liked.items():
        served = home.post(f"{PATH}/batch", {"requests": [{"context": context[name]}] * 50})[1]
        arms = [one["deliveries"][0]["arm"] for one in served["decisions"]]
        assert arms.count(arm) > 25
        told = home.get(f"/v1/decisions/{served['decisions'][0]['decision_id']}")[1]
        assert told["again"]["same"] is True
        assert max(told["arms"], key=lambda one: one["mean"])["arm"] == arm
    assert json.dumps(home.get("/v1/bandits/front/report")[1])


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        (PATH, '{"context": {"device": "ios", "age": 3, "device": "web"}}', "device"),
        (PATH, '{"context": {"device": "ios"}, "context": {"device": "web"}}', "context"),
        (PATH, '{"unit": "a", "context": {"device": "ios", "hour": 1, "hour": 1}}', "hour"),
        (PATH, '{"context": {"device": "ios", "taste": [0, 1], "\\u0061ge": 1, "age": 2}}', "age"),
        (
            f"{PATH}/batch",
            '{"requests": [{"context": {"device": "ios"}}, {"context": {"device": "ios", "age": 1, "age": 2}}]}',
            "age",
        ),
        (PATH, '{"unit": "\\u003a", "context": {"device": "ios", "age": 1, "age": 2}}', "age"),
        (
            PATH,
            '{"request_id": "\\u003A", "context": {"device": "ios", "age": 1, "age": 2}}',
            "age",
        ),
        ("/v1/bandits", '{"name": "other", "arms": ["a"], "seed": 1, "seed": 2}', "seed"),
    ],
)
def test_a_key_that_stands_twice_is_refused_by_name(home, path, body, key):
    """Decoders differ in which of them counts; so nobody knows what was meant."""
    status, told = home.post(path, raw=body.encode())
    assert status == 400
    assert told["detail"] == f"a key may stand once in an object, '{key}' stands twice"
    assert recorded(home) == []


@pytest.mark.parametrize(
    "body",
    [
        '{"context": {"device": "ios", "segment": "a:b:c"}}',
        '{"unit": "user:1", "request_id": "r:1", "context": {"device": "ios", "age": null}}',
        '{"unit": "user\\u003a1", "context": {"device": "ios"}}',
        '{"unit": null, "eligible": null, "context": {"device": "ios", "segment": "{\\"age\\": 1, \\"age\\": 2}"}}',
    ],
)
def test_colons_elsewhere_are_no_keys(home, body):
    assert home.post(PATH, raw=body.encode())[0] == 200
