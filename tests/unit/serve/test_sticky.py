"""Sticky bandits: a unit is given the same decision, until something ends that."""

import asyncio
import json

import msgspec
import pytest
from sticking import TTL_US, Servers, ask, decided, of, told

from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.base import InvalidInput, NotFound, Status, Time, decode_decision, encode
from tamesu.base.times import SECOND_US
from tamesu.ports import Commit
from tamesu.serve.core import DecisionRequest
from tamesu.serve.core.wire import write
from tamesu.train import prior


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def log(gated, clock):
    return gated(MemoryEventLog(clock=clock))


@pytest.fixture
def run(memory, declaration, log, clock, tmp_path):
    return Servers(memory(log=log, clock=clock), declaration, tmp_path / "cache.sqlite3")


def test_a_unit_is_given_the_same_decision(run, log):
    """Marked, recorded once, and counted as what it is."""

    async def act(services):
        (service,) = services
        first = await ask(service)
        assert not first.sticky
        for request in (of(), of(request_id="r-1"), of(request_id="r-2")):
            again = await ask(service, request)
            assert told(again) == told(first)
            assert again.sticky
            assert json.loads(write(again))["sticky"] is True
        other = await ask(service, of("u-2"))
        assert told(other) != told(first)
        assert decided(log) == [first.decision_id, other.decision_id]
        value = service.meter.value
        assert value("decisions_total", bandit="colours") == 2
        assert value("sticky_total", bandit="colours") == 3
        assert value("repeats_total", bandit="colours") == 0

    run(act)


def test_it_ends_with_its_time_to_live(run, clock):
    """To the microsecond, and however often it was given in between."""

    async def act(services):
        (service,) = services
        first = await ask(service)
        clock.move(TTL_US - 1)
        assert told(await ask(service)) == told(first)
        clock.move(1)
        second = await ask(service)
        assert told(second) != told(first)
        assert not second.sticky
        clock.move(TTL_US - 1)
        assert told(await ask(service)) == told(second)

    run(act)


def test_a_retry_gives_the_same_answer_though_the_unit_has_another_by_now(run, clock, log):
    """The one that was made for it, and the one that was given again."""

    async def act(services):
        (service,) = services
        first = await ask(service, of(request_id="r-1"))
        again = await ask(service, of(request_id="r-2"))
        assert again.sticky
        assert told(again) == told(first)
        clock.move(TTL_US)
        assert await ask(service, of(request_id="r-1")) == first
        assert await ask(service, of(request_id="r-2")) == again
        second = await ask(service, of(request_id="r-3"))
        assert told(second) != told(first)
        assert await ask(service, of(request_id="r-1")) == first
        assert await ask(service, of(request_id="r-2")) == again
        assert decided(log) == [first.decision_id, second.decision_id]

    run(act)


def test_a_request_must_say_whom_it_is_for(run, log):
    async def act(services):
        (service,) = services
        with pytest.raises(InvalidInput, match="'colours' is sticky") as refused:
            await ask(service, DecisionRequest(request_id="r-1"))
        assert refused.value.facts["field"] == "unit"
        with pytest.raises(InvalidInput, match=r"requests\[1\]"):
            await service.decider.decide_many("colours", [of(), DecisionRequest()])
        with pytest.raises(InvalidInput, match="200 printable"):
            await ask(service, of("\n"))
        assert decided(log) == []

    run(act)


def test_a_decision_with_an_arm_that_is_not_eligible_gives_way(run, log):
    """To one among the arms of that request, which stands from then on while its own arms are."""

    async def act(services):
        (service,) = services
        first = await ask(service)
        mine = [delivery.arm for delivery in first.deliveries]
        others = sorted({"red", "green", "blue", "black"} - {*mine})
        assert told(await ask(service, of(eligible=mine))) == told(first)
        second = await ask(service, of(eligible=[mine[0], *others]))
        assert not second.sticky
        assert told(second) != told(first)
        third = await ask(service)
        assert third.sticky
        assert told(third) == told(second)
        assert decided(log) == [first.decision_id, second.decision_id]

    run(act)


def test_a_decision_with_an_arm_that_was_retired_gives_way(run, training, log):
    class Server:
        ports = run.ports

    async def act(services):
        (service,) = services
        first = await ask(service)
        gone = first.deliveries[0].arm
        trainer = await asyncio.to_thread(training, Server)
        await service.arms.change("colours", {"retire": [gone]})
        await asyncio.to_thread(trainer.stop)
        second = await ask(service)
        assert not second.sticky
        assert gone not in {delivery.arm for delivery in second.deliveries}
        assert told(await ask(service)) == told(second)
        with pytest.raises(NotFound, match="retired"):
            await ask(service, of(eligible=[gone, second.deliveries[0].arm]))

    run(act)


@pytest.mark.parametrize("status", [Status.FROZEN, Status.ROLLED_BACK, Status.LEARNING])
def test_a_command_of_the_bandits_life_ends_it(run, status):
    """Also a freeze and a resume of which no server saw what lay between."""

    async def act(services):
        (service,) = services
        first = await ask(service)
        hot = service.catalogue.find("colours")
        made = prior("colours", 1, hot.policy, hot.declared.created).snapshot
        store = run.ports["store"]
        lease = store.lease("test", Time(0), SECOND_US)

        def commit(version, since):
            snapshot = msgspec.structs.replace(made, version=version, status=status, since=since)
            store.commit(Commit(lease=lease, checkpoint=b"", counts={}, snapshots=[snapshot]))

        commit(1, 0)
        await asyncio.to_thread(service.catalogue.refresh)
        assert told(await ask(service)) == told(first)
        commit(2, 2)
        await asyncio.to_thread(service.catalogue.refresh)
        second = await ask(service)
        assert not second.sticky
        assert told(second) != told(first)
        commit(3, 2)
        await asyncio.to_thread(service.catalogue.refresh)
        assert told(await ask(service)) == told(second)

    run(act)


def test_the_record_is_that_of_the_first_request(run, log):
    """Its own request id and unit; who asked later is in no record."""

    async def act(services):
        first = await ask(services[0], of(request_id="r-1"))
        await ask(services[0], of(request_id="r-2"))
        (entry,) = log.entries("decision")
        record = decode_decision(entry.body)
        assert (record.request_id, record.unit) == ("r-1", "u-1")
        assert encode(record) == entry.body
        assert record.decision_id == first.decision_id

    run(act)


@pytest.mark.parametrize("layout", ["slate", "per_position"])
def test_people_end_it_by_what_they_do_to_the_bandit(serving, training, declaration, layout):
    """Over HTTP, by a real trainer: frozen, resumed, rolled back, declared anew."""
    declared = {**declaration, "reward": {"window": "2h"}, "sticky": {"ttl": "1h"}}
    declared["layout"] = {"kind": layout, "size": 2}
    path = "/v1/bandits/colours"
    server = serving()
    assert server.post("/v1/bandits", declared)[0] == 201
    training(server)

    def given():
        status, answer = server.post(f"{path}/decisions", {"unit": "u-1"})
        assert status == 200
        return answer

    def ended():
        answer = given()
        assert not answer["sticky"]
        again = given()
        assert again["sticky"]
        assert again["decision_id"] == answer["decision_id"]

    ended()
    for action, body in (("freeze", None), ("resume", None), ("rollback", {"version": 0})):
        assert server.post(f"{path}/{action}", body)[0] == 200
        ended()
    assert server.post(f"{path}/resume")[0] == 200
    ended()
    number = server.get(path)[1]["number"]
    changed = {**server.get(path)[1]["declaration"], "description": "as before"}
    status, said, _ = server.call("PUT", path, changed, headers={"if-match": f'"{number}"'})
    assert status == 200, said
    ended()
