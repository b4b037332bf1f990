"""Tracked events go in the background; each is acknowledged, or comes back."""

import contextlib
import threading
import time

import httpx2
import pytest

from tamesu.base import Backpressure, InvalidInput, Unavailable, Unsent
from tamesu.client import Batching, Decided, Delivered, load_events, save_events

ID = "front.1.01a203070567769987b41df0fcb675cb"
LATER = Batching(size=1000, every_s=3600.0)
DOWN = (503, {"code": "unavailable", "detail": "the log is full", "retry_after_s": 0}, {})


def taken(said):
    """Every event of the call is acknowledged."""
    return 202, {"accepted": len(said["events"])}, {}


def refusing(**refused):
    """Acknowledges all but the events of these types, each of which is refused with a code."""

    def answer(said):
        results = [
            {"index": index, "accepted": True}
            if event["type"] not in refused
            else {
                "index": index,
                "accepted": False,
                "code": refused[event["type"]],
                "detail": "no",
                "hint": "",
            }
            for index, event in enumerate(said["events"])
        ]
        return 202, {"accepted": sum(r["accepted"] for r in results), "results": results}, {}

    return answer


@pytest.fixture
def sent(scripted):
    """What the server was sent, call by call."""
    scripted.otherwise = taken
    return lambda: [said["events"] for path, said in scripted.asked if "events" in path]


@pytest.fixture
def opened(scripted, connect):
    """Makes clients of the scripted server, closed at the end whatever waits."""
    made = []

    def make(timeout=5.0, batching=LATER):
        made.append(connect(scripted.url, timeout=timeout, batching=batching))
        return made[-1]

    yield make
    for client in made:
        with contextlib.suppress(Unsent):
            client.close(0.0)


def tracked(client, count, kind="click"):
    for place in range(count):
        client.track(f"{ID}-{place}", kind, event_id=f"{kind}-{place}")


def ids(events):
    return [event["event_id"] for event in events]


def test_tracking_does_not_wait_for_a_server(opened, scripted):
    scripted.otherwise = "hang"
    client = opened(batching=Batching(size=1))
    tracked(client, 3)
    assert client.waiting == 3


def test_events_go_when_enough_of_them_wait(opened, sent, until):
    client = opened(batching=Batching(size=3, every_s=3600.0))
    tracked(client, 7)
    assert until(lambda: sum(map(len, sent())) >= 3)
    client.flush()
    assert [event for call in sent() for event in ids(call)] == [f"click-{n}" for n in range(7)]


def test_events_go_when_the_oldest_has_waited(opened, sent, until):
    client = opened(batching=Batching(size=1000, every_s=0.01))
    tracked(client, 1)
    assert until(lambda: sent() and not client.waiting)


def test_flush_sends_what_waits_and_waits_for_it(opened, sent):
    client = opened()
    client.flush()
    assert sent() == []
    tracked(client, 2)
    client.flush()
    assert [ids(call) for call in sent()] == [["click-0", "click-1"]]
    assert client.waiting == 0
    client.flush()
    assert len(sent()) == 1


def test_closing_sends_what_waits(opened, sent):
    client = opened()
    tracked(client, 1500)
    client.close()
    assert [len(call) for call in sent()] == [1000, 500]
    client.close()


def test_the_same_events_are_sent_until_they_are_acknowledged(opened, sent, scripted):
    scripted.script = [DOWN, "drop", DOWN]
    client = opened()
    client.track(f"{ID}-0", "click")
    client.track(f"{ID}-0", "click")
    client.flush()
    assert len(sent()) == 4
    assert all(call == sent()[0] for call in sent())
    assert len(set(ids(sent()[0]))) == 2


def test_no_room_is_an_error_and_takes_nothing(opened, sent, scripted):
    scripted.otherwise = DOWN
    client = opened(batching=Batching(size=2, every_s=0.0, most=3))
    tracked(client, 3)
    with pytest.raises(Backpressure, match="at most 3 events"):
        client.track(f"{ID}-0", "late")
    assert client.waiting == 3
    scripted.otherwise = taken
    client.flush()
    tracked(client, 3)
    client.flush()
    assert "late" not in {event["type"] for call in sent() for event in call}


def test_what_is_refused_for_good_comes_back_and_its_neighbours_arrive(opened, scripted):
    scripted.otherwise = refusing(odd="invalid-input")
    client = opened()
    tracked(client, 2)
    tracked(client, 2, "odd")
    with pytest.raises(Unsent, match="2 refused, the first because no") as told:
        client.flush()
    assert ids(told.value.events) == ["odd-0", "odd-1"]
    assert [(r["index"], r["code"]) for r in told.value.refusals] == [
        (0, "invalid-input"),
        (1, "invalid-input"),
    ]
    client.flush()
    assert client.waiting == 0


def test_the_refused_take_room_until_they_are_handed_back(opened, scripted, until):
    scripted.otherwise = refusing(odd="not-found")
    client = opened(batching=Batching(size=1, every_s=0.0, most=2))
    tracked(client, 2, "odd")
    assert until(lambda: not client.waiting)
    with pytest.raises(Backpressure, match="2 of them refused") as told:
        tracked(client, 1)
    assert told.value.hint.startswith("flush()")
    with pytest.raises(Unsent):
        client.flush()
    scripted.otherwise = taken
    tracked(client, 1)
    client.flush()


def test_what_a_server_cannot_take_now_is_sent_again_alone(opened, sent, scripted):
    scripted.script = [refusing(slow="unavailable"), refusing(slow="backpressure")]
    client = opened()
    tracked(client, 1)
    tracked(client, 2, "slow")
    client.flush()
    assert [ids(call) for call in sent()] == [
        ["click-0", "slow-0", "slow-1"],
        ["slow-0", "slow-1"],
        ["slow-0", "slow-1"],
    ]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((403, {"code": "denied", "detail": "no key"}, {}), "denied"),
        ((404, b"<html>", {}), "not-found"),
        ((302, b"", {"location": "/login"}), "bug"),
        ((200, b"<html>", {}), "bug"),
        ((202, {"accepted": 1}, {}), "bug"),
        ((202, {"accepted": 2, "results": [{"index": 7, "code": "x"}]}, {}), "bug"),
    ],
)
def test_a_call_refused_as_a_whole_comes_back_whole(opened, scripted, answer, code):
    scripted.otherwise = answer
    client = opened()
    tracked(client, 3)
    with pytest.raises(Unsent) as told:
        client.flush()
    assert ids(told.value.events) == ["click-0", "click-1", "click-2"]
    assert {refused["code"] for refused in told.value.refusals} == {code}


def test_flushing_in_vain_loses_nothing(opened, sent, scripted):
    scripted.otherwise = DOWN
    client = opened()
    tracked(client, 2)
    with pytest.raises(Unavailable, match=r"within 0\.1 s, 2 are not yet"):
        client.flush(0.1)
    assert client.waiting == 2
    scripted.otherwise = taken
    client.flush()
    assert ids(sent()[-1]) == ["click-0", "click-1"]


@pytest.mark.parametrize("trouble", [DOWN, "drop", "hang"], ids=["down", "drops", "hangs"])
def test_closing_in_vain_hands_everything_back_in_time(opened, scripted, trouble):
    scripted.otherwise = trouble
    client = opened()
    tracked(client, 3)
    began = time.monotonic()
    with pytest.raises(Unsent, match="3 not acknowledged in time") as told:
        client.close(0.3)
    assert time.monotonic() - began < 10
    assert ids(told.value.events) == ["click-0", "click-1", "click-2"]
    assert told.value.refusals == []
    assert client.waiting == 0


def test_what_came_back_can_be_saved_and_sent_again(opened, sent, scripted, tmp_path):
    scripted.otherwise = DOWN
    client = opened()
    tracked(client, 2)
    with pytest.raises(Unsent) as told:
        client.close(0.1)
    for part in (told.value.events[:1], told.value.events[1:]):
        save_events(tmp_path / "unsent.jsonl", part)
    scripted.otherwise = taken
    scripted.asked.clear()
    assert opened().track_many(load_events(tmp_path / "unsent.jsonl")).accepted == 2
    again = sent()[0]
    assert ids(again) == ["click-0", "click-1"]
    assert all("time" in event for event in again), "when it happened is known no more"


def test_an_error_inside_does_not_hide_what_was_not_sent(scripted, connect):
    scripted.otherwise = DOWN

    def fail():
        with connect(scripted.url, batching=Batching(patience_s=0.1)) as client:
            tracked(client, 1)
            raise KeyError("mine")

    with pytest.raises(Unsent) as told:
        fail()
    assert isinstance(told.value.__context__, KeyError)


def test_a_closed_client_says_so(opened, scripted):
    client = opened()
    client.close()
    if client.__class__.__name__ == "Client":  # the loop of the other is closed with it
        for call in (client.bandits, lambda: tracked(client, 1), lambda: client.decide("front")):
            with pytest.raises(InvalidInput, match="must be open"):
                call()
    assert scripted.asked == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": "front.1.7-0"},
        {"subject": 5},
        {"type": None},
        {"type": 5},
        {"value": "much"},
        {"value": True},
        {"value": float("nan")},
        {"time": "yesterday"},
        {"event_id": 7},
    ],
    ids=str,
)
def test_what_no_server_would_take_is_refused_by_the_call(opened, wrong):
    client = opened()
    with pytest.raises(InvalidInput):
        client.track(**{"subject": f"{ID}-0", "type": "click", **wrong})
    assert client.waiting == 0


def test_a_short_deadline_of_decisions_does_not_hurry_events(opened, scripted, until):
    """Else a slow server would be sent the same again and again."""
    scripted.script = ["hang"]
    client = opened(timeout=0.05, batching=Batching(size=1))
    tracked(client, 1)
    assert until(lambda: scripted.asked)
    with pytest.raises(Unavailable):
        client.flush(0.3)
    assert len(scripted.asked) == 1


def test_what_nobody_foresaw_is_logged_and_tried_again(opened, sent, monkeypatch, until, caplog):
    """Sending broke off with an error of no network: the next event finds somebody to send all."""
    broken = []

    def break_off(*_, **__):
        broken.append(True)
        raise LookupError("unknown encoding: idna")

    with monkeypatch.context() as patch:
        patch.setattr(httpx2.Client, "stream", break_off)
        patch.setattr(httpx2.AsyncClient, "request", break_off)
        client = opened(batching=Batching(size=1))
        tracked(client, 1)
        until(lambda: "not foreseen" in caplog.text)
    assert client.waiting == 1
    client.track(f"{ID}-0", "click", event_id="next")
    client.flush()
    assert [event for call in sent() for event in ids(call)] == ["click-0", "next"]


def test_many_threads_track_and_each_event_arrives_once(opened, sent):
    client = opened(batching=Batching(size=100, every_s=0.01))

    def work(number):
        for turn in range(300):
            client.track(f"{ID}-0", "click", event_id=f"{number}-{turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.flush()
    arrived = [event for call in sent() for event in ids(call)]
    assert len(arrived) == len(set(arrived)) == 1800
    for number in range(6):
        own = [int(e.split("-")[1]) for e in arrived if e.startswith(f"{number}-")]
        assert own == sorted(own)


def test_a_call_is_no_larger_than_a_server_takes(opened, sent):
    client = opened()
    for number in range(1_000):
        client.track(f"{ID}-0", "click", event_id=f"{number:04}" + "日" * 500)
    client.flush()
    assert len(sent()) == 2
    assert sum(map(len, sent())) == 1_000


def test_each_delivery_of_a_decision_has_an_event_of_its_own(opened, sent):
    deliveries = tuple(Delivered(f"{ID}-{n}", arm, n, 0.5) for n, arm in enumerate("ab"))
    decided = Decided(decision_id=ID, snapshot=0, deliveries=deliveries)
    client = opened()
    client.track(decided, "impression")
    client.track(decided, "click", event_id="e")
    client.track(decided[1], "click", value=2, event_id="f")
    client.flush()
    impressions, clicks, last = sent()[0][:2], sent()[0][2:4], sent()[0][4:]
    assert len(set(ids(impressions))) == 2
    assert ids(clicks) == ["e-0", "e-1"]
    for events in (impressions, clicks):
        assert [event["delivery_id"] for event in events] == [f"{ID}-0", f"{ID}-1"]
    assert last == [
        {"delivery_id": f"{ID}-1", "type": "click", "value": 2, "event_id": "f"},
    ]
