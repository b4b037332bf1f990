"""Sticky bandits: a unit is given the same decision, until something ends that."""

import asyncio
import json

import msgspec
import pytest

from tamesu.adapters.cache.memory import MemoryCache
from tamesu.adapters.cache.sqlite import SqliteCache
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.base import InvalidInput, NotFound, Status, Time, Unavailable, decode_decision, encode
from tamesu.base.times import MINUTE_US, SECOND_US
from tamesu.ports import Commit
from tamesu.serve import Service
from tamesu.serve.core import DecisionRequest
from tamesu.serve.core.wire import write
from tamesu.train import prior

TTL_US = 5 * MINUTE_US


@pytest.fixture
def sticky(declaration):
    return {**declaration, "reward": {"window": "10m"}, "sticky": {"ttl": "5m"}}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def log(gated, clock):
    return gated(MemoryEventLog(clock=clock))


@pytest.fixture
def run(memory, sticky, log, clock, tmp_path):
    """Runs `act(services)` on servers over one log, one store, one cache; made again, they find them."""
    ports, place = memory(log=log, clock=clock), tmp_path / "cache.sqlite3"

    def start(act, number=1, cache=None, **others):
        async def running():
            services = [
                Service(
                    **{
                        **ports,
                        "meter": MemoryMeter(),
                        "cache": SqliteCache(place) if cache is None else cache,
                        **others,
                    },
                    deadline_s=5.0,
                )
                for _ in range(number)
            ]
            for service in services:
                await service.start()
            try:
                if not services[0].catalogue.held():
                    await services[0].control.create(sticky)
                await act(services)
            finally:
                log.gate.set()
                for service in services:
                    await service.close()

        asyncio.run(running())

    start.ports = ports
    return start


def of(unit="u-1", **more):
    return DecisionRequest(unit=unit, **more)


def decided(log):
    return [entry.key for entry in log.entries("decision")]


def told(answer):
    return answer.decision_id, answer.deliveries


async def ask(service, request=None):
    return await service.decider.decide("colours", request or of())


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


# Many servers ---------------------------------------------------------------------------------------


def test_two_hundred_at_once_on_two_servers_are_one_decision_a_unit(run, log):
    """With request ids and without, alone and in batches."""

    async def act(services):
        requests = [
            of(f"u-{number % 5}", request_id=f"r-{number}" if number % 2 else None)
            for number in range(200)
        ]
        single = [
            ask(services[number % 2], request) for number, request in enumerate(requests[:100])
        ]
        batches = [
            service.decider.decide_many("colours", requests[100 + 50 * number : 150 + 50 * number])
            for number, service in enumerate(services)
        ]
        *answers, one, other = await asyncio.gather(*single, *batches)
        by_unit = {}
        for request, answer in zip(requests, [*answers, *one, *other], strict=True):
            by_unit.setdefault(request.unit, []).append(answer)
        ids = {unit: {a.decision_id for a in same} for unit, same in by_unit.items()}
        assert all(len(same) == 1 for same in ids.values())
        assert {*decided(log)} == set.union(*ids.values())
        value = [service.meter.value for service in services]
        new = sum(each("decisions_total", bandit="colours") for each in value)
        sticky = sum(each("sticky_total", bandit="colours") for each in value)
        assert (new, sticky) == (5, 195)
        for request, answer in zip(requests[:100], answers, strict=True):
            if request.request_id is not None:
                assert await ask(services[0], request) == answer

    run(act, number=2)


def test_different_eligible_arms_of_one_unit_at_once_each_get_what_fits(run, log):
    """They take the unit's decision from each other; nobody gets an arm that is not eligible."""
    pairs = [["red", "green"], ["blue", "black"], ["red", "black"]]

    async def act(services):
        requests = [of(eligible=pairs[number % 3]) for number in range(60)]
        answers = await asyncio.gather(
            *(ask(services[number % 2], request) for number, request in enumerate(requests))
        )
        for request, answer in zip(requests, answers, strict=True):
            assert {delivery.arm for delivery in answer.deliveries} == {*request.eligible}
        assert {answer.decision_id for answer in answers} <= {*decided(log)}

    run(act, number=2)


def test_a_unit_of_a_server_that_was_killed_after_its_claim_is_answered_and_recorded(
    run, log, clock
):
    """Fresh, it is appended by whoever is asked; old, the log is asked, and one decides anew."""

    async def before(services):
        log.broken = True
        with pytest.raises(Unavailable):
            await ask(services[0], of("fresh"))
        log.broken = False
        answers = [await ask(service, of("fresh")) for service in services]
        assert len({answer.decision_id for answer in answers}) == 1
        assert decided(log) == [answers[0].decision_id]
        log.broken = True
        for request in (of("old"), of("old", request_id="r-1")):
            with pytest.raises(Unavailable):
                await ask(services[0], request)
        log.broken = False

    async def after(services):
        recorded = len(decided(log))
        requests = [of("old"), of("old", request_id="r-1"), of("old", request_id="r-2")] * 10
        answers = await asyncio.gather(
            *(ask(services[number % 2], request) for number, request in enumerate(requests))
        )
        assert len({answer.decision_id for answer in answers}) == 1
        assert {*decided(log)[recorded:]} == {answers[0].decision_id}

    run(before, number=2)
    clock.move(31 * SECOND_US)

    async def between(services):
        for service in services:
            with pytest.raises(Unavailable, match="may still record it"):
                await ask(service, of("old"))

    run(between, number=2)
    clock.move(9 * SECOND_US)
    run(after, number=2)


def test_a_batch_with_a_member_in_doubt_records_nothing_until_it_is_settled(run, log, clock):
    """Refused, none of it was recorded; later all of it is, once."""
    batch = [of("doubt"), of("new", request_id="r-9"), of("plain")]

    async def before(services):
        log.broken = True
        with pytest.raises(Unavailable):
            await ask(services[0], of("doubt"))
        log.broken = False

    async def after(services):
        (service,) = services
        with pytest.raises(Unavailable, match="may still record it"):
            await service.decider.decide_many("colours", batch)
        assert decided(log) == []
        clock.move(9 * SECOND_US)
        answers = await service.decider.decide_many("colours", batch)
        assert decided(log) == [answer.decision_id for answer in answers]

    run(before)
    clock.move(31 * SECOND_US)
    run(after)


# The cache ------------------------------------------------------------------------------------------


class Down:
    """A cache that can fail in all ways at once."""

    def __init__(self):
        self.cache = MemoryCache()
        self.down = False

    def __getattr__(self, name):
        if self.down:
            raise Unavailable("no room")
        return getattr(self.cache, name)


def test_a_cache_that_is_down_costs_the_promise_and_not_the_decision(run, log):
    cache = Down()

    async def act(services):
        (service,) = services
        first = await ask(service)
        cache.down = True
        answers = [await ask(service), await ask(service, of(request_id="r-1"))]
        assert all(answer.unclaimed and not answer.sticky for answer in answers)
        assert decided(log) == [each.decision_id for each in [first, *answers]]
        assert service.meter.value("unclaimed_total", bandit="colours") == 2

    run(act, cache=cache)


def test_units_are_brought_back_from_the_log(run, log, clock):
    """The newest decision of each, while it lasts, by its own declaration's time to live."""
    told_of = {}

    async def before(services):
        (service,) = services
        await ask(service, of("gone"))
        clock.move(TTL_US)
        first = await ask(service, of("moved"))
        mine = {delivery.arm for delivery in first.deliveries}
        others = sorted({"red", "green", "blue", "black"} - mine)
        told_of["moved"] = await ask(service, of("moved", eligible=others))
        told_of["stays"] = await ask(service, of("stays", request_id="r-1"))

    async def after(services):
        (service,) = services
        recorded = decided(log)
        for unit, answer in told_of.items():
            again = await ask(service, of(unit))
            assert again.sticky
            assert told(again) == told(answer)
        assert await ask(service, of("stays", request_id="r-1")) == told_of["stays"]
        assert decided(log) == recorded
        assert not (await ask(service, of("gone"))).sticky
        clock.move(TTL_US)
        assert not (await ask(service, of("stays"))).sticky

    run(before, cache=MemoryCache())
    run(after, cache=MemoryCache())


def test_a_cache_that_is_removed_while_servers_run_is_filled_again(run, log, tmp_path, until):
    async def act(services):
        first = [await ask(services[0], of(f"u-{n}", request_id=f"r-{n}")) for n in range(3)]
        for file in tmp_path.glob("cache.sqlite3*"):
            file.unlink()
        looking = SqliteCache(tmp_path / "cache.sqlite3")
        await asyncio.to_thread(until, looking.filled)
        looking.close()
        for number, answer in enumerate(first):
            for service in services:
                assert told(await ask(service, of(f"u-{number}"))) == told(answer)
                assert await ask(service, of(f"u-{number}", request_id=f"r-{number}")) == answer
        assert decided(log) == [answer.decision_id for answer in first]

    run(act, number=2)


def test_a_claim_that_is_no_decisions_goes(run, clock):
    cache = MemoryCache()

    async def act(services):
        (service,) = services
        first = await ask(service)
        key = next(key for key in cache._claims if key.endswith("/u-1"))
        cache.drop([(key, cache.find([key], clock.now())[0].value)])
        cache.claim([(key, b"no record", Time(clock.now() + SECOND_US))], clock.now())
        second = await ask(service)
        assert not second.sticky
        assert told(second) != told(first)
        assert told(await ask(service)) == told(second)

    run(act, cache=cache)


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
