"""The client's retries: safe, bounded, no sooner than asked for."""

import socket
import time

import pytest
from msgspec import convert

from tamesu.base import (
    HTTP_STATUS,
    Backpressure,
    Bug,
    Conflict,
    Declaration,
    InvalidInput,
    Unavailable,
)
from tamesu.client import Decided
from tamesu.client.failures import failure
from tamesu.client.retries import FIRST_S, LONGEST_S, Retries

DECISION = {
    "decision_id": "front.1.01a203070567769987b41df0fcb675cb",
    "snapshot": 3,
    "variant": None,
    "fallback": False,
    "sticky": False,
    "deliveries": [
        {
            "delivery_id": f"front.1.01a203070567769987b41df0fcb675cb-{position}",
            "arm": arm,
            "position": position,
            "propensity": 0.5,
        }
        for position, arm in enumerate(("a", "b"))
    ],
}
OK = (200, DECISION, {})


def busy(wait_s, status=503, code="unavailable"):
    problem = {"code": code, "detail": "the log is full", "hint": "wait", "retry_after_s": wait_s}
    return (status, problem, {"content-type": "application/problem+json", "retry-after": "1"})


@pytest.fixture
def client(scripted, connect):
    with connect(scripted.url, timeout=5) as made:
        yield made


def test_an_answer_is_a_sequence_of_deliveries(scripted, client):
    scripted.script = [OK]
    decided = client.decide("front")
    assert isinstance(decided, Decided)
    assert (decided.arm, decided.arms, decided.propensity) == ("a", ("a", "b"), 0.5)
    assert decided.propensities == (0.5, 0.5)
    assert (len(decided), decided[1].arm) == (2, "b")
    assert [delivery.position for delivery in decided] == [0, 1]


def test_the_same_request_is_sent_again_with_the_same_id(scripted, client):
    scripted.script = [busy(0), "drop", busy(0, 429, "backpressure"), OK]
    client.decide("front", unit="u")
    assert len(scripted.asked) == 4
    assert all(asked == scripted.asked[0] for asked in scripted.asked)
    path, body = scripted.asked[0]
    assert path == "/v1/bandits/front/decisions"
    assert body["unit"] == "u"
    assert len(body["request_id"]) == 32


def test_every_call_has_an_id_of_its_own_or_the_one_given(scripted, client):
    scripted.script = [OK, OK, OK]
    client.decide("front")
    client.decide("front")
    client.decide("front", request_id="mine")
    ids = [body["request_id"] for _, body in scripted.asked]
    assert len(set(ids)) == 3
    assert ids[2] == "mine"


def test_events_keep_their_ids_through_retries(scripted, client):
    scripted.script = ["drop", (202, {"accepted": 2}, {})]
    decided = convert(DECISION, Decided)
    said = [{"delivery_id": delivery.delivery_id, "type": "click"} for delivery in decided]
    assert client.track_many(said).accepted == 2
    first, again = (body["events"] for _, body in scripted.asked)
    assert first == again
    assert len({event["event_id"] for event in first}) == 2


def test_no_retry_sooner_than_the_server_asked_for(scripted, client):
    scripted.script = [busy(0.2), OK]
    began = time.monotonic()
    client.decide("front")
    assert time.monotonic() - began >= 0.2


def test_a_wait_beyond_the_timeout_is_not_begun(scripted, connect):
    scripted.script = [busy(60), OK]
    with connect(scripted.url, timeout=5) as client, pytest.raises(Unavailable) as told:
        client.decide("front")
    assert told.value.retry_after_s == 60
    assert told.value.message == "the log is full"
    assert len(scripted.asked) == 1


def test_what_is_refused_for_good_is_not_asked_again(scripted, client):
    for status, kind in ((400, InvalidInput), (404, None), (409, Conflict), (500, Bug)):
        scripted.script = [(status, {"code": "x", "detail": "no", "hint": "h", "n": 1}, {}), OK]
        scripted.asked.clear()
        with pytest.raises(kind or Exception, match="no") as told:
            client.decide("front")
        assert (told.value.hint, told.value.facts) == ("h", {"n": 1})
        assert len(scripted.asked) == 1


@pytest.mark.parametrize("kind", HTTP_STATUS)
def test_every_error_comes_back_as_itself(kind):
    told = b'{"code":"%s","detail":"d","hint":"h","bandit":"b"}' % kind.code.encode()
    error = failure(HTTP_STATUS[kind], told, None)
    assert type(error) is kind
    assert (error.message, error.hint, error.facts) == ("d", "h", {"bandit": "b"})


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff", b'{"code": 7}'])
def test_an_answer_of_somebody_else_is_told_by_its_status(body):
    assert type(failure(502, body, "7")) is Unavailable
    assert failure(429, body, "7").retry_after_s == 7
    assert type(failure(429, body, None)) is Backpressure
    assert type(failure(418, body, None)) is InvalidInput
    assert type(failure(500, body, None)) is Bug


def test_a_server_that_is_not_there_is_unavailable_within_the_timeout(connect):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        began = time.monotonic()
        with connect(url, timeout=0.3) as client:
            assert not client.ready()
            with pytest.raises(Unavailable, match=r"must answer within 0\.3 s"):
                client.bandits()
        assert time.monotonic() - began < 5


def test_a_url_that_is_none_is_refused(connect):
    for url in ("", "localhost:8000", "http://", "http://[::1", "ftp://host", "http://host:65536"):
        with pytest.raises(InvalidInput, match="url must be like"):
            connect(url)


def test_waits_end_with_the_timeout():
    assert Retries(0.0).wait_s() is None
    assert Retries(0.0).try_s() > 0
    patient = Retries(60.0)
    assert 0 <= patient.wait_s() < 1
    assert patient.wait_s(at_least_s=30) >= 30
    assert patient.wait_s(at_least_s=61) is None


def test_waits_grow_up_to_a_bound():
    patient = Retries(1e9)
    waits = [patient.wait_s() for _ in range(2_000)]
    assert max(waits[:1]) <= FIRST_S
    assert 0.9 * LONGEST_S < max(waits) <= LONGEST_S  # the chance of less is 0.9 ** 2000
    assert min(waits[100:]) < 0.1 * LONGEST_S  # full jitter


def test_the_first_try_leaves_time_for_another():
    retries = Retries(60.0)
    assert retries.try_s() <= 30
    assert 30 < retries.try_s() <= 60


def test_a_creation_whose_answer_was_lost_is_recognised(scripted, client):
    declaration = {"name": "front", "arms": ["a", "b"]}
    made = Declaration.parse(declaration).with_seed(5).plain()
    conflict = (409, {"code": "conflict", "detail": "exists", "hint": ""}, {})
    scripted.script = ["drop", conflict, (200, {"name": "front", "declaration": made}, {})]
    assert client.create(declaration)["name"] == "front"
    other = {"name": "front", "declaration": {**made, "arms": ["a", "c"]}}
    scripted.script = ["drop", conflict, (200, other, {})]
    with pytest.raises(Conflict):
        client.create(declaration)
    scripted.script = [conflict]
    with pytest.raises(Conflict):
        client.create(declaration)
