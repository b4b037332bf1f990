"""Request ids: the same id gives the same decision, and an answered decision is in the log."""

import asyncio
import json

import pytest

from tamesu.adapters.cache.memory import MemoryCache
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.clock.system import SystemClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.base import Corrupt, Draft, Unavailable, decode_decision
from tamesu.base.times import MINUTE_US, SECOND_US
from tamesu.serve import Service
from tamesu.serve.core import Claims, DecisionRequest
from tamesu.serve.core.refill import refill
from tamesu.serve.core.wire import write

SAFE = DecisionRequest(request_id="r-1")


def scene(log, memory, declaration, act, *, deadline_s=0.1, **others):
    """Runs `act(service)` on a started service with one bandit, closed afterwards."""

    async def run():
        service = Service(**memory(log=log, **others), deadline_s=deadline_s)
        await service.start()
        try:
            if service.catalogue.find("colours") is None:
                await service.control.create(declaration)
            await act(service)
        finally:
            log.gate.set()
            await service.close()

    asyncio.run(run())


def decided(log):
    return [decode_decision(entry.body).decision_id for entry in log.entries("decision")]


def test_the_same_id_gives_the_same_answer_and_one_record(log, memory, declaration):
    async def act(service):
        first = await service.decider.decide("colours", SAFE)
        again = await service.decider.decide("colours", SAFE)
        assert first == again
        assert decided(log) == [first.decision_id]
        other = await service.decider.decide("colours", DecisionRequest(request_id="r-2"))
        assert other.decision_id != first.decision_id
        assert service.meter.value("repeats_total") == 1

    scene(log, memory, declaration, act)


def test_the_same_id_at_once_gives_one_decision(log, memory, declaration):
    async def act(service):
        answers = await asyncio.gather(
            *(service.decider.decide("colours", SAFE) for _ in range(50)),
            service.decider.decide_many("colours", [SAFE, DecisionRequest(), SAFE]),
        )
        *single, batch = answers
        ids = {answer.decision_id for answer in [*single, batch[0], batch[2]]}
        assert len(ids) == 1
        assert batch[1].decision_id not in ids
        assert sorted(decided(log)) == sorted([*ids, batch[1].decision_id])

    scene(log, memory, declaration, act)


def test_ids_of_two_bandits_do_not_meet(log, memory, declaration):
    async def act(service):
        await service.control.create({**declaration, "name": "others"})
        here = await service.decider.decide("colours", SAFE)
        there = await service.decider.decide("others", SAFE)
        assert here.decision_id != there.decision_id

    scene(log, memory, declaration, act)


def test_a_retry_after_a_failed_append_gives_that_decision_once_it_is_in_the_log(
    log, memory, declaration
):
    async def act(service):
        log.broken = True
        for _ in range(3):
            with pytest.raises(Unavailable):
                await service.decider.decide("colours", SAFE)
        log.broken = False
        answer = await service.decider.decide("colours", SAFE)
        assert decided(log) == [answer.decision_id]
        assert await service.decider.decide("colours", SAFE) == answer
        assert decided(log) == [answer.decision_id]

    scene(log, memory, declaration, act)


def test_a_retry_after_an_unknown_outcome_gives_that_decision(log, memory, declaration):
    """The append hangs past the deadline, then lands after all."""

    async def act(service):
        await asyncio.to_thread(log.shut)
        for _ in range(2):
            with pytest.raises(Unavailable):
                await service.decider.decide("colours", SAFE)
        log.gate.set()
        answer = await service.decider.decide("colours", SAFE)
        assert set(decided(log)) == {answer.decision_id}

    scene(log, memory, declaration, act)


def test_an_unanswered_decision_too_old_to_be_appended_is_made_anew(log, memory, declaration):
    """Appended now it would lie too far from its own time, and be set aside as poison."""
    clock = ManualClock()

    async def act(service):
        log.broken = True
        with pytest.raises(Unavailable):
            await service.decider.decide("colours", SAFE)
        log.broken = False
        clock.move(2 * MINUTE_US)
        answer = await service.decider.decide("colours", SAFE)
        (entry,) = log.entries("decision")
        record = decode_decision(entry.body)
        assert record.decision_id == answer.decision_id
        assert f"{clock.now() // 1000:012x}" == answer.decision_id.split(".")[2][:12]

    scene(log, memory, declaration, act, clock=clock)


def test_a_refused_submission_leaves_no_claim(log, memory, declaration):
    async def act(service):
        service.appender._most_waiting = 0
        with pytest.raises(Unavailable):
            await service.decider.decide("colours", SAFE)
        service.appender._most_waiting = 100
        answer = await service.decider.decide("colours", SAFE)
        assert decided(log) == [answer.decision_id]

    scene(log, memory, declaration, act)


def test_an_id_is_forgotten_after_ten_minutes(log, memory, declaration):
    clock = ManualClock()

    async def act(service):
        first = await service.decider.decide("colours", SAFE)
        clock.move(10 * MINUTE_US - 1)
        assert await service.decider.decide("colours", SAFE) == first
        clock.move(1)
        assert await service.decider.decide("colours", SAFE) != first

    scene(log, memory, declaration, act, clock=clock)


def test_a_server_started_anew_remembers_the_last_ten_minutes(log, memory, declaration):
    """Its cache is empty; the log is not."""
    ports = memory(log=log)
    store = ports["store"]
    answers = []

    async def before(service):
        answers.append(await service.decider.decide("colours", SAFE))
        batch = [DecisionRequest(request_id=f"b-{number}") for number in range(30)]
        answers.extend(await service.decider.decide_many("colours", batch))
        await service.decider.decide("colours", DecisionRequest())

    async def after(service):
        records = len(decided(log))
        assert await service.decider.decide("colours", SAFE) == answers[0]
        again = await service.decider.decide("colours", DecisionRequest(request_id="b-17"))
        assert again == answers[18]
        assert len(decided(log)) == records

    scene(log, memory, declaration, before, store=store)
    scene(log, memory, declaration, after, store=store)


def test_older_ids_are_not_brought_back():
    """Entries of more than ten minutes ago are not even read."""
    clock = ManualClock()
    log = MemoryEventLog(clock=clock)

    def decision(number):
        identity = f"colours.1.{clock.now() // 1000:012x}7{number:03x}8000000000000000"
        body = {"decision_id": identity, "request_id": f"r-{number}", "deliveries": []}
        return Draft(identity, "decision", json.dumps({**body, "snapshot": 0}).encode())

    for number in range(40):
        log.append([decision(number), Draft("", "tick", b'{"v":1}')])
        clock.move(MINUTE_US)
    cache = MemoryCache()
    assert refill(Claims(cache), log, clock.now(), {}) == 9
    assert len(cache) == 9
    kept, forgotten = cache.find(["colours/r-31", "colours/r-30"], clock.now())
    assert kept.confirmed
    assert forgotten is None


# A cache that is down -------------------------------------------------------------------------------


class Down:
    """A cache that can be broken in all ways at once, and one that hangs on to its past."""

    def __init__(self, error):
        self.cache = MemoryCache()
        self.error = error
        self.asked = 0

    def __getattr__(self, name):
        if self.error is not None:
            self.asked += 1
            raise self.error
        return getattr(self.cache, name)


@pytest.mark.parametrize(
    "error", [Unavailable("no room"), Corrupt("torn"), OSError("a driver's own")], ids=repr
)
def test_a_cache_that_is_down_costs_the_promise_and_not_the_decision(
    log, memory, declaration, until, error
):
    """The answer says so, it is counted, and it ends once the cache is back."""
    cache = Down(error)

    async def act(service):
        first = await service.decider.decide("colours", SAFE)
        second, other = await service.decider.decide_many("colours", [SAFE, DecisionRequest()])
        assert first.unclaimed
        assert second.unclaimed
        assert not other.unclaimed
        answers = [first, second, other]
        assert decided(log) == [answer.decision_id for answer in answers]
        assert len(set(decided(log))) == 3
        assert service.meter.value("unclaimed_total") == 2
        assert cache.asked <= 3, "a cache that failed is left alone for a while"
        assert b'"unclaimed":true' in write(first)
        cache.error = None

        def back():
            answer = asyncio.run_coroutine_threadsafe(
                service.decider.decide("colours", SAFE), loop
            ).result()
            return None if answer.unclaimed else answer

        loop = asyncio.get_running_loop()
        answer = await asyncio.to_thread(until, back)
        assert await service.decider.decide("colours", SAFE) == answer
        assert b"unclaimed" not in write(answer)

    scene(log, memory, declaration, act, cache=cache, deadline_s=5.0)


@pytest.mark.parametrize("value", [b"", b"\xff", b"{}", b'{"decision_id": "x"}'], ids=repr)
def test_a_claim_that_is_no_decisions_stands_in_nobodys_way(log, memory, declaration, value):
    """Whoever put it there: it goes, and the request is decided and claimed like its neighbours."""
    cache = MemoryCache()
    now = SystemClock().now()
    cache.claim([("colours/r-1", value, now + 10 * MINUTE_US)], now)

    async def act(service):
        broken, sound = await service.decider.decide_many(
            "colours", [SAFE, DecisionRequest(request_id="r-2")]
        )
        assert not broken.unclaimed
        assert not sound.unclaimed
        assert decided(log) == [broken.decision_id, sound.decision_id]
        assert await service.decider.decide("colours", SAFE) == broken

    scene(log, memory, declaration, act, cache=cache, deadline_s=5.0)


def test_a_defect_of_claiming_does_not_end_the_writer(log, memory, declaration):
    async def act(service):
        claim = service.appender._claims.claim
        service.appender._claims.claim = lambda *_: {}["a defect"]
        with pytest.raises(Unavailable, match="failed with KeyError"):
            await service.decider.decide("colours", SAFE)
        service.appender._claims.claim = claim
        assert await service.decider.decide("colours", SAFE)

    scene(log, memory, declaration, act, deadline_s=5.0)


# Time -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("requests", [[DecisionRequest()] * 3, [SAFE]], ids=["plain", "claimed"])
def test_what_took_too_long_to_decide_is_refused_and_not_recorded_as_poison(
    memory, declaration, gated, requests
):
    """Appended it would lie too far from the time in its own id."""
    clock = ManualClock()
    log = gated(MemoryEventLog(clock=clock))

    async def act(service):
        choose = service.decider._choose

        def slowly(*arguments):
            decision = choose(*arguments)
            clock.move(20 * SECOND_US)
            return decision

        service.decider._choose = slowly
        with pytest.raises(Unavailable, match="within 30 s") as told:
            await service.decider.decide_many("colours", requests * 2)
        assert told.value.facts["outcome"] == "not recorded"
        assert decided(log) == []
        service.decider._choose = choose
        answers = await service.decider.decide_many("colours", requests)
        assert set(decided(log)) == {answer.decision_id for answer in answers}

    scene(log, memory, declaration, act, clock=clock)
