"""Both clients while servers are killed and started again: nothing tracked is lost."""

import asyncio
import signal
import threading

import pytest

from tamesu.base import Unsent, decode_decision, decode_event
from tamesu.client import AsyncClient, Batching, Client, load_events, save_events

DECLARATION = {
    "name": "front",
    "arms": ["a", "b", "c"],
    "reward": {"anchor": "impression", "window": "1m"},
    "seed": 3,
}


def recorded(place):
    return [decode_event(entry.body).event_id for entry in place.entries("event")]


def test_a_server_killed_while_events_are_flushed_loses_none(place, until):
    """Killed as soon as events reach its log, time after time, and started again."""
    server = place.start()
    batching = Batching(size=50, every_s=0.0, most=100_000)
    with Client(place.url, timeout=30, batching=batching) as client:
        client.create(DECLARATION)
        decided = client.decide("front")
        done = threading.Event()

        def work():
            for number in range(5_000):
                client.track(decided, "click", event_id=f"e-{number}")
            done.set()

        worker = threading.Thread(target=work)
        worker.start()
        for kill in range(2):
            until(lambda kill=kill: len(recorded(place)) > 500 * kill)
            assert server.end(signal.SIGKILL) == -signal.SIGKILL
            server = place.start()
        worker.join()
        client.flush(60)
        assert client.waiting == 0
        assert server.end(signal.SIGTERM) == 0
    assert done.is_set()
    assert set(recorded(place)) == {f"e-{number}" for number in range(5_000)}


def test_what_a_server_that_is_gone_did_not_take_comes_back_and_goes_to_the_next(place, tmp_path):
    server = place.start()
    client = Client(place.url, timeout=10, batching=Batching(size=50, every_s=0.0))
    client.create(DECLARATION)
    decided = client.decide("front")
    client.track(decided, "impression", event_id="first")
    client.flush()
    server.end(signal.SIGKILL)
    for number in range(1_000):
        client.track(decided, "click", event_id=f"e-{number}")
    with pytest.raises(Unsent) as told:
        client.close(0.5)
    assert len(told.value.events) == 1_000
    save_events(tmp_path / "unsent.jsonl", told.value.events)
    place.start()
    with Client(place.url) as client:
        assert client.track_many(load_events(tmp_path / "unsent.jsonl")).accepted == 1_000
    assert recorded(place) == ["first", *(f"e-{number}" for number in range(1_000))]


def test_tasks_decide_and_track_through_kills_and_each_answer_is_in_the_log(place):
    async def person(client, number, kills):
        told = []
        turn = 0
        while not kills.is_set() or turn < 20:
            turn += 1
            decided = await client.decide("front", request_id=f"r-{number}-{turn}")
            client.track(decided, "click", event_id=f"e-{number}-{turn}")
            told.append(decided.decision_id)
        return told

    async def main():
        server = await asyncio.to_thread(place.start)
        kills = asyncio.Event()
        batching = Batching(size=20, every_s=0.05, most=100_000)
        async with AsyncClient(place.url, timeout=60, batching=batching) as client:
            await client.create(DECLARATION)
            people = [asyncio.create_task(person(client, n, kills)) for n in range(8)]
            for _ in range(2):
                await client.decide("front")
                await asyncio.to_thread(server.end, signal.SIGKILL)
                server = await asyncio.to_thread(place.start)
            kills.set()
            told = [await task for task in people]
            await client.flush()
        await asyncio.to_thread(server.end, signal.SIGTERM)
        return told

    told = asyncio.run(main())
    turns = {f"e-{n}-{turn + 1}" for n, mine in enumerate(told) for turn in range(len(mine))}
    assert len(turns) >= 160
    assert set(recorded(place)) == turns
    decisions = [decode_decision(entry.body) for entry in place.entries("decision")]
    answered = {identity for mine in told for identity in mine}
    assert answered <= {decision.decision_id for decision in decisions}
    of_requests = {}
    for decision in decisions:
        if decision.request_id.startswith("r-"):
            of_requests.setdefault(decision.request_id, set()).add(decision.decision_id)
    assert {len(ids) for ids in of_requests.values()} == {1}
