"""More than can be written: refused by name, counted, and nothing that was answered is lost."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tamesu.base import decode_decision, decode_event

PATH = "/v1/bandits/colours/decisions"
BATCH = 1_000
WAITING = 20  # batches of so many fill the queue
CALLS = 30


@pytest.fixture
def slow(serving, declaration, log):
    """A server whose callers wait as long as it takes for the log."""
    server = serving({"deadline_s": 60.0}, log=log)
    assert server.post("/v1/bandits", declaration)[0] == 201
    return server


@pytest.fixture
def hasty(serving, declaration, log):
    """A server whose callers wait for a moment."""
    server = serving({"deadline_s": 0.3}, log=log)
    assert server.post("/v1/bandits", declaration)[0] == 201
    return server


def flooded(server, calls):
    """Each of `calls`, (path, body), made at once; status, body and headers in their order."""
    with ThreadPoolExecutor(len(calls)) as pool:
        asked = [pool.submit(server.call, "POST", path, body) for path, body in calls]
        return [each.result() for each in asked]


def test_a_full_queue_refuses_with_429_and_what_it_took_is_recorded(slow, log, until):
    """20,000 records wait while the log stands still; whoever comes then is told to come later."""
    log.shut()
    requests = [{"request_id": None, "unit": f"u-{number}"} for number in range(BATCH)]
    calls = [(f"{PATH}/batch", {"requests": requests})] * CALLS
    opened = threading.Thread(target=lambda: (until(refused_enough), log.gate.set()))

    def refused_enough():
        return slow.meter.value("refused_total", code="backpressure") >= CALLS - WAITING

    opened.start()
    told = flooded(slow, calls)
    opened.join()
    statuses = Counter(status for status, _, _ in told)
    assert statuses == {200: WAITING, 429: CALLS - WAITING}
    for status, problem, headers in told:
        if status == 429:
            assert problem["code"] == "backpressure"
            assert int(headers["retry-after"]) >= 1
            assert "20,000" in problem["detail"]
    answered = [
        decision["decision_id"]
        for status, body, _ in told
        if status == 200
        for decision in body["decisions"]
    ]
    assert sorted(answered) == sorted(entry.key for entry in log.entries("decision"))
    assert slow.meter.value("decisions_total", bandit="colours") == WAITING * BATCH
    assert slow.service.appender.waiting == 0
    assert slow.post(PATH, {})[0] == 200


def test_events_are_refused_with_429_alike(slow, log, until):
    decision = slow.post(PATH, {})[1]
    delivery = decision["deliveries"][0]["delivery_id"]
    log.shut()
    calls = [
        (
            "/v1/events",
            {
                "events": [
                    {"delivery_id": delivery, "type": "click", "event_id": f"{call}-{number}"}
                    for number in range(BATCH)
                ]
            },
        )
        for call in range(WAITING + 4)
    ]
    opened = threading.Thread(target=lambda: (until(refused_enough), log.gate.set()))

    def refused_enough():
        return slow.meter.value("refused_total", code="backpressure") >= 4

    opened.start()
    told = flooded(slow, calls)
    opened.join()
    assert Counter(status for status, _, _ in told) == {202: WAITING, 429: 4}
    there = Counter(decode_event(entry.body).event_id for entry in log.entries("event"))
    accepted = {
        f"{call}-{number}"
        for call, (status, _, _) in enumerate(told)
        if status == 202
        for number in range(BATCH)
    }
    assert there == Counter(accepted)
    assert slow.meter.value("events_total", bandit="colours") == WAITING * BATCH


def test_a_log_that_stands_still_refuses_with_503_and_says_what_became_of_it(hasty, log):
    """What was not recorded is not; of what is unknown a retry with its id tells."""
    log.shut()
    calls = [(PATH, {"request_id": f"r-{number}"}) for number in range(40)]
    told = flooded(hasty, calls)
    for status, problem, headers in told:
        assert (status, problem["code"]) == (503, "unavailable")
        assert int(headers["retry-after"]) >= 1
        assert problem["outcome"] in ("unknown", "not recorded")
    assert hasty.meter.value("refused_total", code="unavailable") == 40
    assert hasty.meter.value("decisions_total", bandit="colours") == 0
    log.gate.set()
    again = flooded(hasty, calls)
    assert [status for status, _, _ in again] == [200] * 40
    recorded = Counter()
    for entry in log.entries("decision"):
        decision = decode_decision(entry.body)
        recorded[decision.request_id, decision.decision_id] += 1
    answered = {
        (body["request_id"], answer["decision_id"])
        for (_, body), (_, answer, _) in zip(calls, again, strict=True)
    }
    assert set(recorded) == answered, "one decision a request id, and each that was answered"


def test_others_are_answered_while_one_callers_batches_are_refused(slow, log, until):
    """The queue is full of records, and what needs none of them goes on."""
    log.shut()
    slow.service.appender._most_waiting = 0
    assert slow.post(PATH, {})[0] == 429
    assert slow.get("/health/live")[0] == 200
    assert slow.get("/v1/bandits/colours")[0] == 200
    assert slow.get("/metrics")[0] == 200
    slow.service.appender._most_waiting = 100
    log.gate.set()
    assert slow.post(PATH, {})[0] == 200
