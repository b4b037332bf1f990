"""The appender: what is acknowledged is durable, and nobody waits for longer than the deadline."""

import asyncio
from functools import partial
from types import SimpleNamespace

import pytest

from tamesu.adapters.cache.memory import MemoryCache
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.clock.system import SystemClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.base import Backpressure, Draft, Unavailable
from tamesu.base.times import MINUTE_US
from tamesu.serve.core import Appender, Claims


def drafts(*names):
    return [Draft(name, "event", name.encode()) for name in names]


def keys(log):
    return [entry.key for entry in log.entries()]


async def waits_at_the_gate(log):
    log.gate.clear()
    log.entered.clear()
    await asyncio.to_thread(log.entered.wait, 10)


def scene(act):
    """Runs `act((appender, log, meter))` with a started appender, closed afterwards."""

    def test(log):
        async def run():
            meter = MemoryMeter()
            appender = Appender(
                log,
                SystemClock(),
                meter,
                Claims(MemoryCache()),
                deadline_s=act.__dict__.get("deadline_s", 5.0),
                tick_s=0.02,
                most_waiting=10,
            )
            appender.start()
            try:
                await act((appender, log, meter))
            finally:
                log.gate.set()
                await appender.close()

        asyncio.run(run())

    test.__doc__ = act.__doc__
    return test


def deadline(seconds):
    def mark(act):
        act.deadline_s = seconds
        return act

    return mark


@scene
async def test_an_answer_comes_after_the_records_are_in_the_log(stage):
    appender, log, _ = stage
    ticket = appender.submit(drafts("a", "b"))
    await ticket.future
    assert keys(log) == ["a", "b"]


@scene
async def test_whatever_waits_is_appended_as_one(stage):
    appender, log, _ = stage
    await waits_at_the_gate(log)
    log.sizes.clear()
    tickets = [appender.submit(drafts(f"k{number}")) for number in range(8)]
    log.gate.set()
    await asyncio.gather(*(ticket.future for ticket in tickets))
    assert 8 in log.sizes
    assert keys(log) == [f"k{number}" for number in range(8)]


@scene
@deadline(0.1)
async def test_a_submission_not_yet_begun_is_dropped_at_the_deadline(stage):
    """It says that nothing was recorded, and nothing is, however the log recovers."""
    appender, log, _ = stage
    await waits_at_the_gate(log)
    ticket = appender.submit(drafts("never"))
    with pytest.raises(Unavailable) as told:
        await ticket.future
    assert told.value.facts["outcome"] == "not recorded"
    log.gate.set()
    await appender.submit(drafts("later")).future
    assert keys(log) == ["later"]
    assert appender.waiting == 0


@scene
@deadline(0.1)
async def test_what_landed_while_the_process_stood_still_is_not_answered_late(stage):
    """By then others may have given up on it, and decided anew."""
    appender, log, _ = stage
    ticket = appender.submit(drafts("slow"))
    now = asyncio.get_running_loop().time
    while "slow" not in keys(log) or now() <= ticket.due:
        pass  # the loop stands still
    with pytest.raises(Unavailable) as told:
        await ticket.future
    assert told.value.facts["outcome"] == "unknown"
    assert appender.waiting == 0


@scene
@deadline(0.1)
async def test_a_submission_under_way_has_an_unknown_outcome_at_the_deadline(stage):
    """It says so, and nothing of it is counted twice when it lands after all."""
    appender, log, _ = stage
    log.gate.clear()
    log.entered.clear()
    while True:  # until the writer took the submission itself, and not a tick before it
        ticket = appender.submit(drafts("hanging"))
        await asyncio.to_thread(log.entered.wait, 10)
        if ticket.taken:
            break
        log.gate.set()
        await ticket.future
        log.gate.clear()
        log.entered.clear()
    with pytest.raises(Unavailable) as told:
        await ticket.future
    assert told.value.facts["outcome"] == "unknown"
    assert told.value.retry_after_s > 0
    log.gate.set()
    await appender.submit(drafts("next")).future
    assert appender.waiting == 0


@scene
async def test_beyond_the_bound_submissions_are_refused_and_nothing_is_taken(stage):
    appender, log, _ = stage
    await waits_at_the_gate(log)
    waiting = [appender.submit(drafts("a", "b", "c", "d", "e")) for _ in range(2)]
    with pytest.raises(Backpressure):
        appender.submit(drafts("one too many"))
    log.gate.set()
    await asyncio.gather(*(ticket.future for ticket in waiting))
    await appender.submit(drafts("room again")).future
    assert len(keys(log)) == 11


@scene
async def test_a_log_that_fails_refuses_and_a_log_that_recovers_takes(stage):
    appender, log, _ = stage
    log.broken = True
    ticket = appender.submit(drafts("lost"))
    with pytest.raises(Unavailable, match="disk is full"):
        await ticket.future
    log.broken = False
    await appender.submit(drafts("kept")).future
    assert keys(log) == ["kept"]


@scene
async def test_ticks_come_where_nobody_writes(stage):
    appender, log, meter = stage
    for _ in range(4):
        log.entered.clear()
        assert await asyncio.to_thread(log.entered.wait, 10)
    assert meter.value("ticks_total") >= 3
    assert [entry.kind for entry in log.read(0, 0, 3)] == ["tick"] * 3
    assert appender.silence_s < 5


def test_closing_appends_all_that_waits(log):
    async def run():
        appender = Appender(log, SystemClock(), MemoryMeter(), Claims(MemoryCache()), tick_s=0.02)
        appender.start()
        await waits_at_the_gate(log)
        tickets = [appender.submit(drafts(f"k{number}")) for number in range(100)]
        closing = asyncio.create_task(appender.close())
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="shutting down"):
            appender.submit(drafts("too late"))
        log.gate.set()
        assert await closing
        assert all(ticket.future.done() for ticket in tickets)

    asyncio.run(run())
    assert keys(log) == [f"k{number}" for number in range(100)]


def test_closing_gives_up_on_a_log_that_hangs(log):
    async def run():
        appender = Appender(
            log, SystemClock(), MemoryMeter(), Claims(MemoryCache()), tick_s=0.02, deadline_s=60
        )
        appender.start()
        await waits_at_the_gate(log)
        ticket = appender.submit(drafts("stuck"))
        assert not await appender.close(patience_s=0.05)
        with pytest.raises(Unavailable):
            await ticket.future
        log.gate.set()

    asyncio.run(run())


def beside_others(act):
    """Runs `act(stage)` with an appender on a log that others write, by a still clock."""

    def test(gated, monkeypatch, until):
        clock = ManualClock()
        log = gated(MemoryEventLog(clock=clock))
        probes = []
        end = log.end
        log.end = lambda partition: probes.append(partition) or end(partition)

        stage = SimpleNamespace(
            log=log,
            clock=clock,
            probes=probes,
            until=until,
            probe_s=partial(monkeypatch.setattr, "tamesu.serve.core.ticking.PROBE_S"),
        )

        async def run():
            meter = MemoryMeter()
            appender = Appender(log, clock, meter, Claims(MemoryCache()), tick_s=0.01)
            appender.start()
            try:
                await asyncio.to_thread(act, stage)
            finally:
                await appender.close()

        asyncio.run(run())

    test.__doc__ = act.__doc__
    return test


def ticks(log):
    return [entry for entry in log.read(0, 0, 1_000) if entry.kind == "tick"]


@beside_others
def test_a_server_is_quiet_where_others_write_and_ticks_where_they_stop(stage):
    """It is the log's newest record that counts, whoever wrote it."""
    stage.probe_s(3_600.0)
    stage.log.append(drafts("another server's"))
    before = len(ticks(stage.log))
    stage.probes.clear()
    stage.until(lambda: len(stage.probes) >= 20)
    assert len(ticks(stage.log)) <= before + 1, "one may have been under way"
    before = len(ticks(stage.log))
    stage.clock.move(MINUTE_US)
    stage.until(lambda: len(ticks(stage.log)) > before)
    assert ticks(stage.log)[-1].received == stage.clock.now() // 1_000


@beside_others
def test_a_server_ticks_now_and_then_though_others_write(stage):
    """So it knows that it can: readiness asks for that."""
    stage.probe_s(0.05)
    for number in range(3):
        before = len(ticks(stage.log))
        stage.log.append(drafts(f"another server's {number}"))
        stage.until(lambda before=before: len(ticks(stage.log)) > before)


@beside_others
def test_a_clock_that_steps_back_stops_no_ticks(stage):
    """The newest record then lies in the future for an hour."""
    stage.probe_s(0.05)
    stage.log.append(drafts("before"))
    stage.clock.move(-60 * MINUTE_US)
    before = len(ticks(stage.log))
    stage.until(lambda: len(ticks(stage.log)) > before + 2)


@beside_others
def test_a_log_that_cannot_be_read_is_tried_by_writing(stage):
    """Whether it takes records is what a tick finds out."""
    stage.probe_s(3_600.0)
    stage.log.append(drafts("another server's"))
    stage.log.unreadable = True
    sizes = len(stage.log.sizes)
    stage.until(lambda: len(stage.log.sizes) > sizes + 3)
