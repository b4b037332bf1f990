"""What a client sends is what it was given, or it says why not."""

import math
from datetime import date

import numpy as np
import pytest

from tamesu.base import InvalidInput
from tamesu.client.batching import Batching
from tamesu.client.decided import Decided

DELIVERY = "front.1.01a203070567769987b41df0fcb675cb-0"


@pytest.fixture
def client(scripted, connect):
    with connect(scripted.url, timeout=5) as made:
        yield made


@pytest.mark.parametrize(
    "send",
    [
        lambda client, number: client.track(DELIVERY, "click", value=number),
        lambda client, number: client.decide("front", context={"age": [1.0, number]}),
        lambda client, number: client.create({"name": "front", "reward": {"default": number}}),
    ],
    ids=["value", "context", "declaration"],
)
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, np.float32("inf")], ids=repr)
def test_a_number_that_is_not_finite_is_refused_and_not_sent_as_none(
    scripted, client, send, number
):
    with pytest.raises(InvalidInput, match="must be finite"):
        send(client, number)
    assert scripted.asked == []


@pytest.mark.parametrize("number", [np.float64(2.0), np.float32(2.0), np.int64(2)])
def test_a_number_of_numpy_is_a_number(scripted, client, number):
    scripted.script = [(202, {"accepted": 1}, {})]
    client.track(DELIVERY, "click", value=number)
    client.flush()
    assert scripted.asked[0][1]["events"][0]["value"] == 2


@pytest.mark.parametrize("unit", ["\ud800", object(), 1j])
def test_what_json_cannot_say_is_refused(scripted, client, unit):
    with pytest.raises(InvalidInput, match="plain data"):
        client.decide("front", unit=unit)
    assert scripted.asked == []


@pytest.mark.parametrize("requests", [-1, ["unit"], [None]], ids=str)
def test_requests_that_are_none_are_refused(scripted, client, requests):
    with pytest.raises(InvalidInput, match="request"):
        client.decide_many("front", requests)
    with pytest.raises(InvalidInput, match=r"^an event must be a mapping"):
        client.track_many(["click"])
    assert scripted.asked == []


@pytest.mark.parametrize("timeout", [0, -1.0, math.nan, math.inf, None, "10"])
def test_a_timeout_that_is_none_is_refused(connect, timeout):
    with pytest.raises(InvalidInput, match="timeout must be a positive number"):
        connect("http://localhost:8000", timeout=timeout)


def test_a_name_that_no_bandit_can_have_is_asked_for_all_the_same(scripted, client):
    """The server knows its bandits, and says so."""
    client.bandit("\udcff/日")
    assert scripted.asked == [("/v1/bandits/%3F%2F%E6%97%A5", None)]


def test_a_name_of_dots_does_not_lead_out_of_its_path(scripted, client):
    for name in (".", "..", "...", "..a"):
        client.bandit(name)
    paths = [path for path, _ in scripted.asked]
    assert paths == [f"/v1/bandits/{name}" for name in ("%2E", "%2E%2E", "%2E%2E%2E", "..a")]


@pytest.mark.parametrize("name", ["x" * 200_000, "日" * 10_000])
def test_a_name_that_no_request_could_hold_is_refused(scripted, client, name):
    for call in (client.bandit, client.explain):
        with pytest.raises(InvalidInput, match="names in a path may take 32,768 characters"):
            call(name)
    assert scripted.asked == []


def test_an_address_that_leaves_no_room_for_a_path_is_refused(connect):
    with pytest.raises(InvalidInput, match="url must be like"):
        connect("http://localhost:8000/" + "x" * 60_000)


@pytest.mark.parametrize("time", [1_700_000_000, 1.5, True, date(2026, 1, 1), b"2026", ("2026",)])
@pytest.mark.parametrize(
    "send",
    [
        lambda client, event: client.track(event["delivery_id"], event["type"], time=event["time"]),
        lambda client, event: client.track_many([event]),
    ],
    ids=["track", "track_many"],
)
def test_what_is_no_time_is_refused_before_it_is_sent(scripted, client, send, time):
    """In the background nobody would hear of it."""
    event = {"delivery_id": DELIVERY, "type": "click", "time": time}
    with pytest.raises(InvalidInput, match=f"a time must be .* got {type(time).__name__}"):
        send(client, event)
    assert scripted.asked == []


@pytest.mark.parametrize(
    "change",
    [
        lambda client: client.sync_arms("front", "spring", force=True),
        lambda client: client.sync_arms("front", {"id": "spring"}),
        lambda client: client.change_arms("front", add="spring"),
        lambda client: client.change_arms("front", retire="spring"),
        lambda client: client.change_arms("front", retire=5),
    ],
    ids=["sync", "mapping", "add", "retire", "number"],
)
def test_one_arm_is_not_taken_for_its_letters(scripted, client, change):
    """Forced, that would retire every arm."""
    with pytest.raises(InvalidInput, match="must hold several arms"):
        change(client)
    assert scripted.asked == []


@pytest.mark.parametrize("name", [None, 5, b"front", ""], ids=repr)
def test_a_name_or_an_id_that_is_no_text_is_refused(scripted, client, name):
    for call in (client.decide, client.report, client.explain):
        with pytest.raises(InvalidInput, match="must be text"):
            call(name)
    assert scripted.asked == []


def test_a_decision_in_the_place_of_its_id_is_refused_with_what_to_write(client):
    decided = Decided(decision_id="front.1.x", snapshot=0, deliveries=())
    with pytest.raises(InvalidInput, match=r"d\.decision_id"):
        client.explain(decided)


URL = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("call", "given", "says"),
    [
        ("create", [5], "a declaration must be a mapping, or the path"),
        ("create", [None], "got NoneType"),
        ("create", [[{"name": "a"}]], "got list"),
        ("update", [5, 1], "a declaration must be a mapping, or the path"),
        ("update", [{"arms": ["a"]}, 1], "must name its bandit"),
        ("update", [{"name": "a", "arms": ["a"]}, "1"], "number must be a whole number"),
        ("rollback", ["a", "1"], "version must be a whole number"),
        ("rollback", ["a", -1], "version must be a whole number"),
        ("pin", ["a", True], "version must be a whole number"),
        ("snapshots", ["a", None], "limit must be a whole number"),
        ("snapshots", [5], "must be text, got int"),
        ("freeze", [None], "must be text, got NoneType"),
        ("command", ["1"], "number must be a whole number"),
        ("track_many", [None], "events must hold one mapping each, got NoneType"),
        ("track_many", [{"delivery_id": "d", "type": "click"}], "got dict"),
        ("track_many", ["click"], "got str"),
        ("track_many", [[5]], "an event must be a mapping"),
        ("decide_many", ["a", None], "requests must be a number, or hold one mapping each"),
        ("decide_many", ["a", {"unit": "u"}], "got dict"),
        ("decide_many", ["a", 2.5], "got float"),
    ],
    ids=repr,
)
def test_what_is_of_a_wrong_type_is_said_before_anything_is_sent(connect, call, given, says):
    """Nobody listens there: whatever were sent would end otherwise."""
    with connect(URL, timeout=0.2) as client, pytest.raises(InvalidInput) as told:
        getattr(client, call)(*given)
    assert says in told.value.message


@pytest.mark.parametrize("batching", [5, "fast", {"size": 5}, Batching], ids=repr)
def test_a_batching_that_is_none_is_refused(connect, batching):
    with pytest.raises(InvalidInput, match="batching must be a Batching, got"):
        connect(URL, batching=batching)


@pytest.mark.parametrize("field", ["size", "every_s", "most", "patience_s"])
@pytest.mark.parametrize("value", ["5", None, True])
def test_numbers_of_a_batching_are_numbers(field, value):
    with pytest.raises(InvalidInput, match=f"{field} of a batching must be a number"):
        Batching(**{field: value})
