"""Request ids on many servers: one decision each, whoever of them is killed in the middle."""

import asyncio

import pytest

from tamesu.adapters.cache.memory import MemoryCache
from tamesu.adapters.cache.sqlite import SqliteCache
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.clock.system import SystemClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.base import Decision, Delivery, Draft, Unavailable, decode_decision, encode
from tamesu.base.times import MINUTE_US, SECOND_US
from tamesu.ports import Claim
from tamesu.serve import Service
from tamesu.serve.core import Claims, DecisionRequest
from tamesu.serve.core.claims import LASTS_US
from tamesu.serve.core.doubts import Doubts
from tamesu.serve.core.refill import refill

SAFE = DecisionRequest(request_id="r-1")


def decided(log):
    return [decode_decision(entry.body).decision_id for entry in log.entries("decision")]


@pytest.fixture
def shared(tmp_path):
    """A cache for each server that asks, all of them one."""
    made = []

    def make():
        made.append(SqliteCache(tmp_path / "cache.sqlite3"))
        return made[-1]

    yield make
    for cache in made:
        cache.close()


def servers(log, memory, declaration, shared, act, *, number=3, deadline_s=5.0, **others):
    """Runs `act(services)` on several servers over one log, one store and one cache."""

    async def run():
        ports = memory(log=log, **others)
        services = [
            Service(**{**ports, "meter": MemoryMeter(), "cache": shared()}, deadline_s=deadline_s)
            for _ in range(number)
        ]
        for service in services:
            await service.start()
        try:
            await services[0].control.create(declaration)
            await act(services)
        finally:
            log.gate.set()
            for service in services:
                await service.close()

    asyncio.run(run())


def orphaned(declaration, shared, now, request_id="r-1"):
    """A claim whose server was killed after it made it; gives the record."""
    identity = f"{declaration['name']}.1.{now // 1000:012x}70008000000000000000"
    deliveries = (Delivery(0, "red", 0.25, 0.5), Delivery(1, "blue", 0.25, 0.5))
    record = encode(
        Decision(decision_id=identity, snapshot=0, deliveries=deliveries, request_id=request_id)
    )
    assert shared().claim([(f"colours/{request_id}", record, now + LASTS_US)], now) == [None]
    return identity, Draft(identity, "decision", record)


def test_the_same_ids_on_all_servers_at_once_give_one_decision_each(
    log, memory, declaration, shared
):
    requests = [DecisionRequest(request_id=f"r-{number}") for number in range(20)]

    async def act(services):
        asked = [
            service.decider.decide("colours", request)
            for request in requests
            for service in services
            for _ in range(5)
        ]
        batches = [service.decider.decide_many("colours", requests) for service in services]
        answers = await asyncio.gather(*asked, *batches)
        for number in range(20):
            mine = answers[15 * number : 15 * number + 15]
            mine += [batch[number] for batch in answers[300:]]
            assert len({answer.decision_id for answer in mine}) == 1
        assert set(decided(log)) == {answer.decision_id for answer in answers[:300]}
        again = [await services[-1].decider.decide("colours", request) for request in requests]
        assert again == answers[300]

    servers(log, memory, declaration, shared, act)


def test_a_claim_of_a_server_that_was_killed_is_answered_and_recorded(
    log, memory, declaration, shared
):
    """Killed before the append: whoever is asked next appends it, while it is fresh."""
    clock = SystemClock()
    identity, _ = orphaned(declaration, shared, clock.now())

    async def act(services):
        answers = [await service.decider.decide("colours", SAFE) for service in services]
        assert {answer.decision_id for answer in answers} == {identity}
        assert decided(log) == [identity]

    servers(log, memory, declaration, shared, act)


def test_an_old_claim_that_the_log_has_is_answered_and_not_appended_again(
    memory, declaration, shared, gated
):
    """Killed between the append and the confirmation, and asked for again after 30 s."""
    clock = ManualClock()
    log = gated(MemoryEventLog(clock=clock))
    identity, draft = orphaned(declaration, shared, clock.now())
    log.append([draft])
    clock.move(MINUTE_US)

    async def act(services):
        asked = [service.decider.decide("colours", SAFE) for service in services * 10]
        assert {answer.decision_id for answer in await asyncio.gather(*asked)} == {identity}
        assert decided(log) == [identity]

    servers(log, memory, declaration, shared, act, clock=clock)


def test_an_old_claim_that_the_log_does_not_have_is_decided_anew_by_one(
    memory, declaration, shared, gated
):
    """Killed before the append, and asked for again by many, on all servers, after 30 s."""
    clock = ManualClock()
    log = gated(MemoryEventLog(clock=clock))
    identity, _ = orphaned(declaration, shared, clock.now())
    clock.move(MINUTE_US)

    async def act(services):
        asked = [service.decider.decide("colours", SAFE) for service in services * 20]
        batch = [SAFE, DecisionRequest(), DecisionRequest(request_id="new"), SAFE]
        *answers, mixed = await asyncio.gather(
            *asked, services[0].decider.decide_many("colours", batch)
        )
        (answer,) = {each.decision_id for each in [*answers, mixed[0], mixed[3]]}
        assert answer != identity
        assert set(decided(log)) == {each.decision_id for each in [*answers, *mixed]}
        assert identity not in decided(log)

    servers(log, memory, declaration, shared, act, clock=clock)


def test_a_claim_that_may_still_be_recorded_is_not_decided_anew(memory, declaration, shared, gated):
    """Its append began within 30 s, on a server that is slow; nobody may give up on it before 40 s."""
    clock = ManualClock()
    log = gated(MemoryEventLog(clock=clock))
    identity, draft = orphaned(declaration, shared, clock.now())
    clock.move(31 * SECOND_US)

    async def act(services):
        for service in services:
            with pytest.raises(Unavailable, match="may still record it") as refused:
                await service.decider.decide("colours", SAFE)
            assert refused.value.retry_after_s == pytest.approx(9)
        log.append([draft])
        answers = [await service.decider.decide("colours", SAFE) for service in services]
        assert {answer.decision_id for answer in answers} == {identity}
        assert decided(log) == [identity]

    servers(log, memory, declaration, shared, act, clock=clock)


def test_a_claim_that_was_never_recorded_is_given_up_after_40_s(memory, declaration, shared, gated):
    clock = ManualClock()
    log = gated(MemoryEventLog(clock=clock))
    identity, _ = orphaned(declaration, shared, clock.now())
    clock.move(40 * SECOND_US)

    async def act(services):
        answers = [await service.decider.decide("colours", SAFE) for service in services]
        assert [answer.decision_id for answer in answers] == decided(log) * 3
        assert decided(log) != [identity]

    servers(log, memory, declaration, shared, act, clock=clock)


def test_what_stands_is_a_decision_only_where_the_log_has_it(declaration, shared):
    """Confirmed, or found there; not what may still come, what is damaged, or nothing."""
    clock = ManualClock()
    log = MemoryEventLog(clock=clock)
    cache = shared()
    doubts = Doubts(Claims(cache), log, clock, patience_s=5.0)
    made = []
    for name in ("sure", "there", "open"):
        made.append(orphaned(declaration, shared, clock.now(), name))
        clock.move(SECOND_US)
    cache.confirm([("colours/sure", made[0][1].body)])
    log.append([made[1][1]])
    cache.claim([("colours/damaged", b"no record", clock.now() + LASTS_US)], clock.now())

    async def known(name):
        found = await doubts.recorded(f"colours/{name}")
        return None if found is None else found.request_id

    async def act():
        names = ("sure", "there", "open", "damaged", "never")
        assert [await known(name) for name in names] == ["sure", "there", None, None, None]

    asyncio.run(act())


def test_a_doubt_that_the_log_cannot_settle_is_no_answer(memory, declaration, shared, gated):
    """503, and the claim stays as it was; once the log answers again, it is settled."""
    clock = ManualClock()
    log = gated(MemoryEventLog(clock=clock))
    identity, draft = orphaned(declaration, shared, clock.now())
    log.append([draft])
    clock.move(MINUTE_US)

    async def act(services):
        log.unreadable = True
        for service in services:
            with pytest.raises(Unavailable, match="cannot be read"):
                await service.decider.decide("colours", SAFE)
        log.unreadable = False
        answers = [await service.decider.decide("colours", SAFE) for service in services]
        assert {answer.decision_id for answer in answers} == {identity}

    servers(log, memory, declaration, shared, act, clock=clock)


def test_what_is_known_to_be_in_the_log_is_answered_while_the_log_is_down(
    log, memory, declaration, shared
):
    async def act(services):
        first = await services[0].decider.decide("colours", SAFE)
        log.broken = True
        again = await asyncio.gather(*(each.decider.decide("colours", SAFE) for each in services))
        assert again == [first] * 3
        with pytest.raises(Unavailable):
            await services[1].decider.decide("colours", DecisionRequest(request_id="new"))

    servers(log, memory, declaration, shared, act)


def test_a_damaged_cache_is_made_anew_before_anybody_is_told(
    log, memory, declaration, shared, tmp_path
):
    """What was claimed before may be forgotten; what comes then is claimed."""

    async def act(services):
        first = await services[0].decider.decide("colours", SAFE)
        for end in ("", "-wal"):
            (tmp_path / f"cache.sqlite3{end}").write_bytes(b"no database at all" * 5_000)
        answers = [await each.decider.decide("colours", SAFE) for each in services * 2]
        assert not any(answer.unclaimed for answer in answers)
        (answer,) = {answer.decision_id for answer in answers[3:]}
        known = {first.decision_id, answer}  # who holds pages of the damaged file may still know it
        assert {answer.decision_id for answer in answers} <= known
        assert set(decided(log)) == known

    servers(log, memory, declaration, shared, act)


def test_a_filled_cache_is_not_filled_again(log, memory, declaration, shared):
    """The servers after the first start at once; one on a cache that was lost fills it anew."""
    clock = SystemClock()
    claims = Claims(shared())
    log.append([Draft("", "tick", b"{}")])
    assert refill(claims, log, clock.now(), {}) == 0
    identity, draft = orphaned(declaration, MemoryCache, clock.now())
    log.append([draft])
    assert refill(Claims(shared()), log, clock.now(), {}) == 0
    lost = MemoryCache()
    assert refill(Claims(lost), log, clock.now(), {}) == 1
    assert lost.find(["colours/r-1"], clock.now()) == [Claim(draft.body, True)]
    assert identity.encode() in draft.body
