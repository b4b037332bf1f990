"""Events over HTTP: judged by their delivery id and the declaration it names, nothing else."""

import pytest

from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.clock.system import SystemClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.base import Time, decode_event
from tamesu.base.times import MINUTE_US

PATH = "/v1/events"


@pytest.fixture
def delivery(server):
    """The id of the first delivery of a decision."""
    _, answer = server.post("/v1/bandits/colours/decisions", {})
    return answer["deliveries"][0]["delivery_id"]


def track(server, *events, query=""):
    return server.post(PATH + query, {"events": list(events)})


def recorded(server):
    return [decode_event(entry.body) for entry in server.entries("event")]


def test_what_is_acknowledged_is_in_the_log(server, delivery):
    moment = "2026-11-22T10:00:00.123456+01:00"
    status, body = track(
        server,
        {"delivery_id": delivery, "type": "impression", "event_id": "e-1"},
        {"delivery_id": delivery, "type": "click", "value": 2.5, "time": moment, "event_id": "e-2"},
    )
    assert (status, body) == (202, {"accepted": 2})
    first, second = recorded(server)
    assert (first.event_id, first.type, first.value, first.time) == (
        "e-1",
        "impression",
        None,
        None,
    )
    assert (second.value, second.time) == (2.5, Time.parse(moment))
    assert {entry.key for entry in server.entries("event")} == {delivery.rsplit("-", 1)[0]}
    assert server.meter.value("events_total", bandit="colours") == 2


def test_without_an_id_the_same_facts_have_the_same_id(server, delivery):
    click = {"delivery_id": delivery, "type": "click"}
    others = [
        {**click, "type": "impression"},
        {**click, "value": 1},
        {**click, "value": 2},
        {**click, "time": "2026-11-22T10:00:00Z"},
        {**click, "delivery_id": f"{delivery[:-1]}1"},
    ]
    assert track(server, click, click, *others)[0] == 202
    ids = [event.event_id for event in recorded(server)]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 6


@pytest.mark.parametrize(
    "twice",
    [
        '"type": "click", "type": "buy"',
        '"type": "click", "time": "2026-11-22T10:00:00Z", "value": 1, "value": 2',
        '"type": "click", "event_id": "\\u003a", "event_id": "e"',
    ],
)
def test_a_key_that_stands_twice_is_refused_and_nothing_of_its_batch_is_kept(
    server, delivery, twice
):
    """Decoders differ in which of them counts; a partial batch is none, for nobody knows what it says."""
    body = f'{{"events": [{{"delivery_id": "{delivery}", "type": "impression"}}, '
    body += f'{{"delivery_id": "{delivery}", {twice}}}]}}'
    for query in ("", "?partial=true"):
        status, told = server.post(PATH + query, raw=body.encode())
        assert (status, told["code"]) == (400, "invalid-input")
        assert "stands twice" in told["detail"]
    assert recorded(server) == []


def test_colons_elsewhere_are_no_keys(server, delivery):
    said = '"type": "click", "event_id": "\\u003a:", "value": null, "time": "2026-11-22T10:00:00Z"'
    body = f'{{"events": [{{"delivery_id": "{delivery}", {said}}}]}}'
    assert server.post(PATH, raw=body.encode())[0] == 202
    assert [event.event_id for event in recorded(server)] == ["::"]


def test_an_event_of_a_decision_nobody_knows_is_accepted(server, delivery):
    """Whether it was ever decided is the join's to say."""
    bandit, number, uuid = delivery.rsplit("-", 1)[0].split(".")
    unknown = f"{bandit}.{number}.{uuid[:-4]}0000-1"
    assert track(server, {"delivery_id": unknown, "type": "click"})[0] == 202


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "clik"}, "did you mean 'click'?"),
        ({"type": ""}, "takes no events of type ''"),
        ({"value": 2.0**31 + 1}, "2^31"),
        ({"value": "2"}, "value"),
        ({"value": True}, "value"),
        ({"time": "yesterday"}, "RFC 3339"),
        ({"time": "2026-11-22T10:00:00"}, "RFC 3339"),
        ({"time": 1}, "time"),
        ({"event_id": ""}, "event_id must have"),
        ({"event_id": "x" * 201}, "event_id must have"),
        ({"delivery_id": "nonsense"}, "must look like"),
        ({"delivery_id": 1}, "delivery_id"),
        ({"weight": 1}, "unknown field 'weight'"),
    ],
)
def test_a_bad_event_is_refused_by_name_and_its_batch_with_it(server, delivery, change, said):
    good = {"delivery_id": delivery, "type": "click"}
    status, problem = track(server, good, {**good, **change})
    assert status == 400
    (error,) = problem["errors"]
    assert error["index"] == 1
    assert said in error["detail"] + error["hint"]
    assert recorded(server) == []


def test_an_id_of_no_bandit_no_declaration_or_no_position_is_refused(server, delivery):
    _, number, rest = delivery.split(".")
    cases = {
        f"colors.{number}.{rest}": "did you mean 'colours'?",
        f"colours.7.{rest}": "no declaration number 7",
        f"{delivery[:-1]}2": "position must lie below 2",
    }
    events = [{"delivery_id": bad, "type": "click"} for bad in cases]
    status, problem = track(server, *events)
    assert status == 400
    said = [error["detail"] + error["hint"] for error in problem["errors"]]
    for words, error in zip(cases.values(), said, strict=True):
        assert words in error


def test_a_decision_of_the_future_is_refused(server, delivery):
    """More than the clock skew ahead; else a forged id would be held for ever."""
    now = SystemClock().now()

    def decided_at(moment):
        bandit, number, uuid = delivery.split(".")
        return f"{bandit}.{number}.{moment // 1000:012x}{uuid[12:]}"

    near, far = decided_at(now + MINUTE_US // 2), decided_at(now + 2 * MINUTE_US)
    assert track(server, {"delivery_id": near, "type": "click"})[0] == 202
    status, problem = track(server, {"delivery_id": far, "type": "click"})
    assert status == 400
    assert "future" in problem["detail"]


def test_every_bad_member_is_named_also_those_of_a_wrong_shape(server, delivery):
    good = {"delivery_id": delivery, "type": "click"}
    status, problem = track(server, good, {"typ": "click"}, {**good, "type": "clik"}, 7, good)
    assert status == 400
    assert [error["index"] for error in problem["errors"]] == [1, 2, 3]
    assert recorded(server) == []


def test_a_partial_batch_takes_the_good_and_answers_for_each(server, delivery):
    good = {"delivery_id": delivery, "type": "click"}
    status, body = track(server, {"typ": 1}, good, {**good, "value": "x"}, query="?partial=true")
    assert status == 202
    assert body["accepted"] == 1
    assert [result["accepted"] for result in body["results"]] == [False, True, False]
    assert [result["index"] for result in body["results"]] == [0, 1, 2]
    assert body["results"][1]["event_id"]
    assert body["results"][2]["detail"]
    assert len(recorded(server)) == 1
    status, body = track(server, {**good, "type": "clik"}, query="?partial=true")
    assert (status, body["accepted"]) == (200, 0)
    assert track(server, {**good, "type": "clik"}, query="?partial=false")[0] == 400
    assert track(server, good, query="?partly=true")[1]["hint"] == "did you mean 'partial'?"
    assert track(server, good, query="?partial=maybe")[0] == 400


def test_a_batch_holds_one_to_a_thousand_events(server, delivery):
    good = {"delivery_id": delivery, "type": "click"}
    assert track(server)[0] == 400
    assert track(server, *[good] * 1000) == (202, {"accepted": 1000})
    status, problem = track(server, *[good] * 1001)
    assert (status, problem["code"]) == (413, "too-large")
    assert len(recorded(server)) == 1000


@pytest.mark.parametrize("body", [{}, {"event": []}, {"events": {}}, {"events": [], "more": 1}, []])
def test_a_body_of_another_shape_is_refused(server, body):
    status, problem = server.post(PATH, body)
    assert (status, problem["code"]) == (400, "invalid-input")


def test_a_bandit_created_by_another_server_is_known(serving, declaration):
    """Two servers over one store: the second never heard of the creation."""
    first = serving()
    second = serving(store=first.ports["store"])
    assert first.post("/v1/bandits", declaration)[0] == 201
    _, answer = first.post("/v1/bandits/colours/decisions", {})
    event = {"delivery_id": answer["deliveries"][1]["delivery_id"], "type": "click"}
    assert track(second, event)[0] == 202
    assert second.post("/v1/bandits/colours/decisions", {})[0] == 200


def test_a_clock_that_stepped_back_makes_no_decision_one_of_the_future(serving, declaration):
    """Also for a server that was started under it: the log knows better, and says so at an append."""
    clock = ManualClock(SystemClock().now())
    log = MemoryEventLog(clock=clock)
    server = serving(clock=clock, log=log)
    server.post("/v1/bandits", declaration)
    _, answer = server.post("/v1/bandits/colours/decisions", {})
    event = {"delivery_id": answer["deliveries"][0]["delivery_id"], "type": "impression"}
    clock.move(-60 * MINUTE_US)
    assert track(server, event)[0] == 202
    later = serving(clock=clock, log=log, store=server.ports["store"])
    later.post("/v1/bandits/colours/decisions", {})
    assert track(later, event)[0] == 202
