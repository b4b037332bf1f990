"""Sticky bandits of many servers: one decision a unit, whoever is killed and whatever the cache does."""

import asyncio

import pytest
from sticking import TTL_US, Servers, ask, decided, of, told

from tamesu.adapters.cache.memory import MemoryCache
from tamesu.adapters.cache.sqlite import SqliteCache
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.base import Time, Unavailable
from tamesu.base.times import SECOND_US


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def log(gated, clock):
    return gated(MemoryEventLog(clock=clock))


@pytest.fixture
def run(memory, declaration, log, clock, tmp_path):
    return Servers(memory(log=log, clock=clock), declaration, tmp_path / "cache.sqlite3")


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
