"""The client's retries: safe, bounded, no sooner than asked for."""

import contextlib
import socket
import threading
import time
from email.utils import formatdate

import pytest
from msgspec import convert

from tamesu.base import (
    HTTP_STATUS,
    Backpressure,
    Bug,
    Conflict,
    Declaration,
    InvalidInput,
    NotFound,
    Outdated,
    Unavailable,
)
from tamesu.client import Decided
from tamesu.client.exchange import Unanswered, attempt
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


def test_a_time_that_is_left_is_told_to_the_millisecond():
    asking = attempt("GET", "/", None, Retries(0.499949))
    next(asking)
    with pytest.raises(Unavailable, match=r"must answer within 0\.5 s"):
        asking.send(Unanswered(url="http://host", cause=OSError(), is_sent=False))


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


def test_a_try_that_hangs_leaves_time_for_another(scripted, connect):
    scripted.script = ["hang", OK]
    with connect(scripted.url, timeout=2) as client:
        assert client.decide("front").arm == "a"
    assert scripted.asked[0] == scripted.asked[1]


@pytest.mark.parametrize(
    ("told", "wait_s"),
    [("7", 7), ("", 0), (None, 0), ("soon", 0), ("-1", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
def test_retry_after_is_seconds_or_a_date(told, wait_s):
    assert failure(503, b"", told).retry_after_s == wait_s


def test_retry_after_a_date_to_come():
    assert 3000 < failure(503, b"", formatdate(time.time() + 3600)).retry_after_s < 3700


def test_an_answer_is_not_waited_for_byte_by_byte(connect):
    """A server that sends a little now and then does not hold a call beyond its time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def drip():
            listener.settimeout(0.05)
            while not ended.is_set():
                try:
                    caller, _ = listener.accept()
                except TimeoutError:
                    continue
                with caller, contextlib.suppress(OSError):
                    caller.recv(65536)
                    caller.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
                    while not ended.wait(0.02):
                        caller.sendall(b" ")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            with connect(url, timeout=0.5) as client, pytest.raises(Unavailable):
                client.bandits()
        finally:
            ended.set()
            thread.join()


@pytest.mark.parametrize(
    "answer", [(302, b"", {"location": "/login"}), (200, b"<html>", {}), (200, [1], {})]
)
def test_an_answer_that_is_none_of_tamesu_is_a_bug_and_not_an_answer(scripted, client, answer):
    scripted.script = [answer, answer]
    with pytest.raises(Bug, match="not as Tamesu does"):
        client.decide("front")
    with pytest.raises(Bug, match="not as Tamesu does"):
        client.report("front")


def command(status, **more):
    return (202 if status == "pending" else 200, {"command": 4, "status": status, **more}, {})


def test_a_command_is_waited_for(scripted, client):
    scripted.script = [command("pending"), command("pending"), command("applied", added=1)]
    assert client.add_arm("front", "c", metadata={"x": 1})["added"] == 1
    assert scripted.asked == [
        ("/v1/bandits/front/arms", {"add": [{"id": "c", "metadata": {"x": 1}}]}),
        ("/v1/commands/4", None),
        ("/v1/commands/4", None),
    ]


def test_a_command_that_was_refused_meanwhile_is_an_error(scripted, client):
    told = {"code": "conflict", "detail": "too few", "hint": "add some"}
    scripted.script = [command("pending"), command("refused", error=told)]
    with pytest.raises(Conflict, match="too few") as refused:
        client.retire_arm("front", "c")
    assert (refused.value.hint, refused.value.facts) == ("add some", {"command": 4})


def test_a_command_that_takes_too_long_is_pending(scripted, connect):
    scripted.otherwise = command("pending")
    with connect(scripted.url, timeout=1.5) as client:
        assert client.sync_arms("front", ["c"])["status"] == "pending"
    assert scripted.asked[0] == ("/v1/bandits/front/arms", {"sync": ["c"]})


def test_a_change_says_the_bandits_status_however_it_was_waited_for(scripted, client):
    scripted.script = [command("pending"), command("applied", bandit_status="frozen")]
    assert client.freeze("front")["status"] == "frozen"
    scripted.script = [command("frozen")]
    assert client.freeze("front")["status"] == "frozen"
    assert scripted.asked[0] == ("/v1/bandits/front/freeze", None)


def test_an_update_says_for_which_declaration_it_is_made(scripted, client):
    declaration = {"name": "front", "arms": ["a"]}
    made = (200, {"number": 8, "declaration": {"name": "front"}}, {})
    scripted.script = [command("pending"), command("applied", number=8), made]
    told = client.update(declaration, 7, warm=True)
    assert (told["status"], told["number"], told["declaration"]) == (
        "learning",
        8,
        {"name": "front"},
    )
    assert scripted.heads[0] == ("PUT", '"7"')
    assert scripted.asked[0] == ("/v1/bandits/front?warm=true", declaration)


def test_an_update_whose_answer_was_lost_is_recognised(scripted, client):
    declaration = {"name": "front", "arms": ["a", "b"]}
    made = Declaration.parse(declaration).with_seed(5).plain()
    outdated = (412, {"code": "outdated", "detail": "it is 8", "hint": ""}, {})
    scripted.script = ["drop", outdated, (200, {"number": 8, "declaration": made}, {})]
    assert client.update(declaration, 7)["number"] == 8
    for now in (
        {"number": 9, "declaration": made},
        {"number": 8, "declaration": {**made, "arms": ["a", "c"]}},
    ):
        scripted.script = ["drop", outdated, (200, now, {})]
        with pytest.raises(Outdated, match="it is 8"):
            client.update(declaration, 7)
    scripted.script = [outdated]
    with pytest.raises(Outdated):
        client.update(declaration, 7)


def test_a_deletion_or_a_resumption_whose_answer_was_lost_is_recognised(scripted, client):
    gone = {"code": "not-found", "detail": "was deleted", "deleted": "2026-11-22T10:00:00Z"}
    scripted.script = ["drop", (404, gone, {})]
    assert client.delete("front")["status"] == "deleted"
    never = {"code": "not-found", "detail": "no bandit"}
    for script in (["drop", (404, never, {})], [(404, gone, {})]):
        scripted.script = script
        with pytest.raises(NotFound):
            client.delete("front")
    conflict = (409, {"code": "conflict", "detail": "it learns"}, {})
    scripted.script = ["drop", conflict, (200, {"status": "learning"}, {})]
    assert client.resume("front")["status"] == "learning"
    scripted.script = [conflict]
    with pytest.raises(Conflict):
        client.resume("front")


def test_errors_of_later_parts_name_their_members_by_their_place_in_all(scripted, client):
    refused = {"code": "invalid-input", "detail": "no", "errors": [{"index": 3, "detail": "no"}]}
    scripted.script = [(202, {"accepted": 1000}, {}), (400, refused, {})]
    said = [{"delivery_id": "x", "type": "click"}] * 1500
    with pytest.raises(InvalidInput) as told:
        client.track_many(said)
    assert told.value.facts["errors"][0]["index"] == 1003
    assert told.value.facts["acknowledged"] == 1000
