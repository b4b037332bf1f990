"""What came of a decision is told: its events, its observations, what is open and what was not seen."""

import asyncio
import json

import msgspec
import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import (
    Decision,
    Declaration,
    Delivery,
    Draft,
    Event,
    Kind,
    NotFound,
    Time,
    Unavailable,
    decision_id,
    encode,
)
from tamesu.base.records import TICK
from tamesu.engine import ArchivedLog, InlineEngine
from tamesu.serve.core import records, telling
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.explain import Explainer

S, MINUTE, DAY = 1_000_000, 60_000_000, 86_400_000_000
SHOP = {
    "name": "shop",
    "arms": ["a", "b"],
    "layout": {"kind": "slate", "size": 2},
    "reward": {
        "window": "1m",
        "impression_within": "30s",
        "lateness": "10s",
        "settle": "20s",
        "late": "2d",
    },
    "seed": 7,
}


class House:
    """A bandit, what decides and tracks by hand, and a trainer that learns when asked."""

    def __init__(self, partitions=1, **changed):
        self.clock, self.ids = ManualClock(), SeededIds()
        self.log = MemoryEventLog(partitions, clock=self.clock)
        self.store, self.archive = MemoryStore(), MemoryArchive()
        self.declaration = Declaration.parse({**SHOP, **changed})
        self.store.declare(self.declaration, self.clock.now())
        self.engine = InlineEngine(self.log, self.store, self.archive, self.clock)
        self.archived = lambda: ArchivedLog(self.store, self.archive)
        self._events = 0

    def decide(self):
        """A decision with two deliveries, recorded now; gives its id."""
        identity = decision_id("shop", 1, self.ids.uuid7(self.clock.now()))
        deliveries = (Delivery(0, "a", 0.5, 0.5), Delivery(1, "b", 1.0, 0.5))
        record = Decision(decision_id=identity, snapshot=0, deliveries=deliveries)
        self.log.append([Draft(identity, Kind.DECISION.value, encode(record))])
        return identity

    def track(self, identity, kind, *, position=0, ago=None, event_id=None):
        self._events += 1
        time = None if ago is None else Time(self.clock.now() - ago)
        record = Event(
            event_id=event_id or f"e{self._events}",
            delivery_id=f"{identity}-{position}",
            type=kind,
            time=time,
        )
        self.log.append([Draft(identity, Kind.EVENT.value, encode(record))])

    def wait(self, us):
        """Time goes on, and the trainer learns."""
        self.clock.move(us)
        self.log.append([TICK] * self.log.partitions)
        self.engine.catch_up()

    def explain(self, identity):
        held = Catalogue(self.store)
        held.start()
        try:
            explainer = Explainer(
                log=self.log,
                store=self.store,
                catalogue=held,
                clock=self.clock,
                archived=self.archived,
            )
            told = asyncio.run(explainer.explain(identity))
        finally:
            held.close()
        return json.loads(msgspec.json.encode(told))


@pytest.fixture
def house():
    return House()


def classes(told):
    return [(one["type"], one["class"]) for one in told["events"]]


def rewards(delivery):
    return [
        (one["outcome"], one["reward"], one["previous_reward"]) for one in delivery["observations"]
    ]


def test_before_the_trainer_has_read_it_that_is_said(house):
    identity = house.decide()
    house.track(identity, "click")
    told = house.explain(identity)
    assert told["learnt_until"] is None
    assert classes(told) == [("click", "held")]
    assert told["events"][0]["why"] == "the trainer has not read it yet"
    assert [one["observed_at"] for one in told["deliveries"]] == [None, None]
    house.engine.catch_up()
    house.track(identity, "impression")
    told = house.explain(identity)
    assert classes(told) == [("click", "held"), ("impression", "held")]
    assert "waits for an impression" in told["events"][0]["why"]


def test_a_delivery_goes_through_its_stages_and_each_says_until_when(house):
    decided = house.clock.now()
    identity = house.decide()
    house.wait(1 * S)
    first, second = house.explain(identity)["deliveries"]
    assert (first["stage"], second["stage"]) == ("awaited", "awaited")
    assert first["observed_at"] == Time(decided + 40 * S).text()
    house.track(identity, "impression")
    shown = house.clock.now()
    house.wait(1 * S)
    first = house.explain(identity)["deliveries"][0]
    assert (first["stage"], first["anchor"]) == ("settling", Time(shown).text())
    assert first["observed_at"] == Time(shown + 20 * S).text()
    assert first["ends"] == {"click": Time(shown + 60 * S).text()}
    house.wait(20 * S)
    first = house.explain(identity)["deliveries"][0]
    assert (first["stage"], rewards(first)) == ("correcting", [("observed", 0, None)])
    assert first["final_at"] == Time(shown + 70 * S).text()
    house.track(identity, "click")
    house.wait(60 * S)
    told = house.explain(identity)
    first, second = told["deliveries"]
    assert rewards(first) == [("observed", 0, None), ("observed", 1, 0)]
    assert (first["stage"], second["stage"]) == ("final", "final")
    assert rewards(second) == [("unshown", None, None)]
    assert told["corrected_until"] == Time(decided + 2 * DAY).text()
    assert told["in_time_until"] == Time(decided + 100 * S).text()


def test_each_event_is_told_with_its_place_its_times_its_class_and_why(house):
    identity = house.decide()
    house.clock.move(2 * S)
    house.track(identity, "impression", ago=1 * S)
    house.track(identity, "click", ago=0, event_id="same")
    house.track(identity, "click", event_id="same")
    house.wait(30 * S)
    told = house.explain(identity)
    assert classes(told) == [
        ("impression", "impression"),
        ("click", "joined"),
        ("click", "duplicate"),
    ]
    shown, click, _ = told["events"]
    assert (shown["partition"], shown["offset"], shown["position"]) == (0, 1, 0)
    assert shown["received"] > shown["time"] == shown["said"]
    assert click["why"].endswith("it is in the first observation")
    assert all(one["why"] for one in told["events"])


def test_an_observation_says_which_kept_snapshot_knows_of_it(house):
    identity = house.decide()
    house.track(identity, "impression")
    house.wait(1 * S)
    house.wait(20 * S)
    (row,) = house.explain(identity)["deliveries"][0]["observations"]
    assert (row["state"], row["learnt_by"]) == ("made", 1)
    house.wait(40 * S)
    (unshown,) = house.explain(identity)["deliveries"][1]["observations"]
    assert (unshown["state"], unshown["learnt_by"]) == ("made", None)


def test_a_late_event_is_expected_then_found_then_made(house):
    identity = house.decide()
    house.track(identity, "impression")
    house.wait(100 * S)
    house.track(identity, "click", ago=50 * S)
    house.wait(1 * S)
    told = house.explain(identity)
    assert classes(told)[-1] == ("click", "late")
    assert told["events"][-1]["why"] == "it came too late; correction 1 is to take it in"
    row = told["deliveries"][0]["observations"][-1]
    assert (row["late"], row["state"], row["reward"], row["previous_reward"]) == (
        True,
        "expected",
        1,
        0,
    )
    house.wait(5 * MINUTE)
    house.engine.tend()
    row = house.explain(identity)["deliveries"][0]["observations"][-1]
    assert row["state"] == "found"
    house.wait(5 * S)
    told = house.explain(identity)
    assert classes(told)[-1] == ("click", "corrected")
    assert told["events"][-1]["row"] == 1
    row = told["deliveries"][0]["observations"][-1]
    assert row["state"] == "made"
    assert row["learnt_by"] is not None


def retire(house):
    """Archives all and lets the log forget it."""
    house.engine.tend()
    assert house.store.archived() == tuple(house.log.end(p) for p in range(house.log.partitions))
    for partition in range(house.log.partitions):
        house.log.retire(partition, house.log.end(partition), house.clock.now() // 1000 + 1)
        assert house.log.start(partition) == house.log.end(partition)


@pytest.mark.parametrize("partitions", [1, 3])
def test_what_the_log_has_forgotten_is_found_in_the_archive(partitions):
    house = House(partitions)
    identities = [house.decide() for _ in range(6)]
    for identity in identities:
        house.track(identity, "impression")
    house.wait(30 * S)
    for identity in identities:
        house.track(identity, "click")
    house.wait(2 * DAY)
    before = [house.explain(identity) for identity in identities]
    retire(house)
    assert [house.explain(identity) for identity in identities] == before
    assert all(not told["not_looked_at"] for told in before)
    assert classes(before[0]) == [("impression", "impression"), ("click", "joined")]


def test_half_in_the_archive_and_half_in_the_log_is_one_story(house):
    identity = house.decide()
    house.track(identity, "impression")
    house.wait(61 * S)
    house.engine.tend()
    house.track(identity, "click", ago=30 * S)
    house.wait(1 * S)
    assert house.store.archived()[0] < house.log.end(0)
    assert classes(house.explain(identity)) == [("impression", "impression"), ("click", "joined")]


def test_without_an_archive_a_decision_that_is_retired_is_said_to_be_so(house):
    identity = house.decide()
    house.wait(2 * MINUTE)
    retire(house)
    house.archived = None
    house.clock.move(MINUTE)
    house.decide()
    with pytest.raises(NotFound) as caught:
        house.explain(identity)
    assert caught.value.facts["reason"] == "retired"
    house.archived = lambda: ArchivedLog(house.store, house.archive)
    never = identity[:-1] + ("0" if identity[-1] != "0" else "1")
    with pytest.raises(NotFound) as caught:
        house.explain(never)
    assert caught.value.facts["reason"] == "not-recorded"


def test_what_was_not_looked_at_is_said(house, monkeypatch):
    identity = house.decide()
    house.track(identity, "impression")
    for _ in range(20):
        house.decide()
    house.track(identity, "click")
    house.engine.catch_up()
    monkeypatch.setattr(records, "MOST_READ", 10)
    told = house.explain(identity)
    assert classes(told) == [("impression", "impression")]
    (gap,) = told["not_looked_at"]
    assert "10 records of the log were read" in gap["why"]
    assert gap["until"] == told["corrected_until"]


def test_a_search_of_very_many_files_ends_and_that_is_said(house, monkeypatch):
    identity = house.decide()
    for _ in range(4):
        house.wait(12 * 3600 * S)
        house.engine.tend()
    monkeypatch.setattr(records, "MOST_FILES", 2)
    told = house.explain(identity)
    (gap,) = told["not_looked_at"]
    assert "files of the archive were searched" in gap["why"]


def test_a_decision_with_very_many_records_is_told_up_to_a_limit(house, monkeypatch):
    identity = house.decide()
    for _ in range(9):
        house.track(identity, "click")
    house.engine.catch_up()
    monkeypatch.setattr(records, "MOST_FOUND", 4)
    told = house.explain(identity)
    assert len(told["events"]) == 3
    (gap,) = told["not_looked_at"]
    assert gap["why"] == "it has more than 4 records"


def test_an_archive_that_cannot_be_read_leaves_what_the_log_has(house):
    identity = house.decide()
    house.track(identity, "impression")
    house.wait(2 * MINUTE)
    house.engine.tend()

    def broken():
        raise Unavailable("the disk is gone")

    house.archived = broken
    told = house.explain(identity)
    assert classes(told) == [("impression", "impression")]
    (gap,) = told["not_looked_at"]
    assert "the disk is gone" in gap["why"]


def test_a_decision_that_was_set_aside_says_why(house):
    identity = decision_id("shop", 1, house.ids.uuid7(house.clock.now()))
    record = Decision(decision_id=identity, snapshot=0, deliveries=(Delivery(-1, "a", 1.0, 0.5),))
    house.log.append([Draft(identity, Kind.DECISION.value, encode(record))])
    house.wait(1 * S)
    with pytest.raises(NotFound, match="was set aside: a position outside") as caught:
        house.explain(identity)
    assert caught.value.facts["reason"] == "set-aside"


def test_poison_and_repeats_beside_a_decision_are_told(house):
    identity = house.decide()
    entry = house.log.read(0, 0, 1)[0]
    house.log.append([Draft(identity, entry.kind, entry.body), Draft(identity, "event", b"{")])
    house.wait(1 * S)
    told = house.explain(identity)
    assert told["recorded_again"] == 1
    assert [(one["offset"], one["kind"]) for one in told["set_aside"]] == [(2, "event")]
    strange = encode(Event(event_id="x", delivery_id="nonsense", type="click"))
    for body in (b"{", b"[" * 3000, b"\xff", strange):
        house.log.append([Draft(identity, "event", body)])
        unread = house.explain(identity)["events"][-1]
        assert (unread["class"], unread["position"]) == ("held", None)


def test_very_many_events_are_counted_not_listed(house, monkeypatch):
    monkeypatch.setattr(telling, "MOST_EVENTS", 3)
    identity = house.decide()
    for _ in range(5):
        house.track(identity, "click")
    house.wait(1 * S)
    told = house.explain(identity)
    assert (len(told["events"]), told["events_omitted"]) == (3, 2)


def test_decisions_of_an_older_declaration_and_of_a_deleted_bandit_are_explained(house):
    identity = house.decide()
    house.track(identity, "impression")
    house.wait(21 * S)
    wider = house.declaration.plain()
    wider["arms"] = ["a", "b", "c"]
    body = {"declaration": wider, "number": 1, "warm": False}
    house.store.ask("shop", "declare", body, house.clock.now())
    house.wait(1 * S)
    assert house.store.declarations()["shop"].number == 2
    told = house.explain(identity)
    assert (told["declaration"], told["deliveries"][0]["stage"]) == (1, "correcting")
    assert told["again"]["deliveries"]
    house.store.ask("shop", "delete", {}, house.clock.now())
    house.wait(1 * S)
    told = house.explain(identity)
    assert told["declaration"] == 1
    assert not any(one["active"] for one in told["deliveries"])
