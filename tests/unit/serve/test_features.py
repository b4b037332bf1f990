"""Features of units: kept, looked up when a decision is made, and logged as used."""

import json
import threading

import pytest

from tamesu.adapters.features.memory import MemoryFeatures
from tamesu.adapters.features.sqlite import SqliteFeatures
from tamesu.base import Unavailable, decode_decision
from tamesu.client import Client
from tamesu.serve.core.feature_rules import MOST_BYTES

PATH = "/v1/bandits/colours/decisions"
KNOWN = {"plan": "pro", "visits": 12, "score": -0.5, "new": False, "topics": ["a", 2, True]}


def contexts(server):
    return [decode_decision(entry.body).context for entry in server.entries("decision")]


def test_they_are_put_whole_found_and_deleted(server):
    path = "/v1/features/unit/user%2F7%20%C3%BC"
    assert server.get(path)[0] == 404
    told = {"entity": "unit", "key": "user/7 ü", "features": KNOWN}
    assert server.call("PUT", path, KNOWN)[:2] == (200, told)
    assert server.get(path) == (200, told)
    assert server.call("PUT", path, {"plan": "free"})[0] == 200
    assert server.get(path)[1]["features"] == {"plan": "free"}
    gone = {"entity": "unit", "key": "user/7 ü"}
    assert server.call("DELETE", path)[:2] == (200, {**gone, "deleted": True})
    assert server.call("DELETE", path)[:2] == (200, {**gone, "deleted": False})
    assert server.get(path)[0] == 404


def test_a_decision_for_the_unit_has_them_in_its_context(server):
    """Also in a batch; who has none, and requests without a unit, have none. Explain shows them."""
    assert server.call("PUT", "/v1/features/unit/u-1", KNOWN)[0] == 200
    assert server.call("PUT", "/v1/features/unit/u-3", {})[0] == 200
    asked = [{"unit": "u-1"}, {"unit": "u-2"}, {}, {"unit": "u-3"}]
    answers = [server.post(PATH, request)[1] for request in asked]
    assert server.post(f"{PATH}/batch", {"requests": [*asked, asked[0]]})[0] == 200
    expected = [KNOWN, None, None, None]
    assert contexts(server) == [*expected, *expected, KNOWN]
    told = server.get(f"/v1/decisions/{answers[0]['decision_id']}")[1]
    assert told["context"] == KNOWN
    assert told["again"]["difference"] == 0


def test_what_was_put_before_a_decision_is_used_and_what_came_after_is_not(server):
    """A retry gives the first decision, with what was known then."""
    server.call("PUT", "/v1/features/unit/u-1", {"n": 1})
    first = server.post(PATH, {"unit": "u-1", "request_id": "r-1"})[1]
    server.call("PUT", "/v1/features/unit/u-1", {"n": 2})
    assert server.post(PATH, {"unit": "u-1", "request_id": "r-1"})[1] == first
    server.post(PATH, {"unit": "u-1"})
    server.call("DELETE", "/v1/features/unit/u-1")
    server.post(PATH, {"unit": "u-1"})
    assert contexts(server) == [{"n": 1}, {"n": 2}, None]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"[1]", 400, "must be an object of names and values, got a list"),
        (b"3", 400, "got a number"),
        (b'{"a": null}', 400, "'a' has null"),
        (b'{"a": {"b": 1}}', 400, "'a' has an object"),
        (b'{"a": [[1]]}', 400, "'a' has a list"),
        (b'{"a": [1, null]}', 400, "'a' has null"),
        (b'{"a": 9007199254740993}', 400, "within"),
        (b'{"a": 123456789012345678901234567890}', 400, "within"),
        (b'{"a": 1e999}', 400, "JSON"),
        (b'{"": 1}', 400, "1 to 200 printable"),
        (b'{"a\\n": 1}', 400, "unprintable"),
        (json.dumps({"a": [0] * 65}).encode(), 400, "64 members"),
        (json.dumps({"a": "x" * MOST_BYTES}).encode(), 413, "4,096 bytes"),
        (b"", 400, "empty"),
        (b"{", 400, "JSON"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_no_context_can_have_is_refused(server, body, status, says):
    got, problem = server.call("PUT", "/v1/features/unit/u-1", raw=body)[:2]
    assert got == status
    assert says in problem["detail"]
    assert server.get("/v1/features/unit/u-1")[0] == 404


def test_the_most_that_may_be_kept_is(server):
    exact = {"a": "x" * (MOST_BYTES - 8)}
    assert server.call("PUT", "/v1/features/unit/u-1", exact)[0] == 200
    server.post(PATH, {"unit": "u-1"})
    assert contexts(server) == [exact]


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/v1/features/units/u-1", 404, "did you mean 'unit'?"),
        ("/v1/features/shop/u-1", 404, "PUT /v1/features/unit/KEY"),
        ("/v1/features/unit/" + "x" * 201, 400, ""),
        ("/v1/features/unit/a%0A", 400, ""),
        ("/v1/features/unit/%ff", 400, ""),
        ("/v1/features/unit/", 400, ""),
    ],
)
def test_what_names_no_unit_is_refused(server, path, status, says):
    for method, body in (("PUT", {"n": 1}), ("GET", None), ("DELETE", None)):
        got, problem = server.call(method, path, body)[:2]
        assert got == status
        assert says in problem["hint"]


class Troubled:
    """Features in memory that can fail, and hang until they are let go."""

    def __init__(self):
        self.kept = MemoryFeatures()
        self.kept.put("unit", "u-1", {"n": 1})
        self.error = None
        self.gate = threading.Event()
        self.gate.set()
        self.finds = 0

    def find(self, entity, keys):
        self.finds += 1
        assert self.gate.wait(30)
        if self.error:
            raise self.error
        return self.kept.find(entity, keys)

    def __getattr__(self, name):
        if self.error:
            raise self.error
        return getattr(self.kept, name)


@pytest.mark.parametrize(
    "trouble", [Unavailable("no disk"), KeyError("a driver's own"), "slow"], ids=str
)
def test_a_decision_goes_on_without_where_they_cannot_be_looked_up(
    serving, declaration, until, trouble
):
    """Counted, and the store is left alone for a while; then they are there again."""
    features = Troubled()
    server = serving(features=features)
    server.post("/v1/bandits", declaration)
    if trouble == "slow":
        features.gate.clear()
    else:
        features.error = trouble
    for _ in range(20):
        status, answer = server.post(PATH, {"unit": "u-1"})
        assert (status, answer["fallback"]) == (200, False)
    server.post(f"{PATH}/batch", {"requests": [{"unit": "u-1"}, {"unit": "u-2"}, {}]})
    assert contexts(server) == [None] * 23
    assert server.meter.value("features_missed_total", bandit="colours") == 22
    assert features.finds <= 3
    if trouble != "slow":
        status = server.call("GET", "/v1/features/unit/u-1")[0]
        assert status in (500, 503)
    features.error = None
    features.gate.set()
    until(lambda: server.post(PATH, {"unit": "u-1"}) and contexts(server)[-1] == {"n": 1})


def test_a_server_that_took_none_finds_those_of_others(serving, declaration, tmp_path, until):
    """Shared, and there after all servers were stopped."""
    path = tmp_path / "features.sqlite3"
    first = serving(features=SqliteFeatures(path))
    first.post("/v1/bandits", declaration)
    second = serving(**{**first.ports, "features": SqliteFeatures(path)})
    second.post(PATH, {"unit": "u-1"})
    assert first.call("PUT", "/v1/features/unit/u-1", KNOWN)[0] == 200
    until(lambda: second.post(PATH, {"unit": "u-1"}) and contexts(second)[-1] == KNOWN)
    first.stop()
    second.stop()
    third = serving(**{**first.ports, "features": SqliteFeatures(path)})
    assert third.get("/v1/features/unit/u-1")[1]["features"] == KNOWN
    third.post(PATH, {"unit": "u-1"})
    assert contexts(third)[-1] == KNOWN


def test_where_nothing_is_kept_nothing_is_looked_up(serving, declaration, until):
    features = Troubled()
    features.kept.delete("unit", "u-1")
    server = serving(features=features)
    server.post("/v1/bandits", declaration)
    for _ in range(5):
        assert server.post(PATH, {"unit": "u-1"})[0] == 200
    assert features.finds == 0
    features.kept.put("unit", "u-1", {"n": 1})
    until(lambda: server.post(PATH, {"unit": "u-1"}) and contexts(server)[-1] == {"n": 1})
    features.kept.delete("unit", "u-1")
    until(lambda: not server.service.units.there)


def test_the_client_says_the_same(server):
    with Client(server.url) as client:
        assert client.put_features("user/7", KNOWN) == KNOWN
        assert client.features("user/7") == KNOWN
        client.decide("colours", unit="user/7")
        assert client.delete_features("user/7") is True
        assert client.delete_features("user/7") is False
        assert client.put_features("..", KNOWN) == client.features("..") == KNOWN
    assert contexts(server) == [KNOWN]
