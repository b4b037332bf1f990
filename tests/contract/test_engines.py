"""Both engines obey the laws of an engine."""

from __future__ import annotations

import threading

from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.base import Time
from tamesu.engine import InlineEngine, ProcessEngine
from tamesu.testing.engine_contract import EngineContract


class TestInlineEngine(EngineContract):
    def drive(self, log, store, archive, clock, journal=()):
        engine = InlineEngine(log, store, archive, clock)
        for _ in journal:
            engine.step()
        engine.catch_up()


class TestProcessEngine(EngineContract):
    """The real loop, in this thread: whenever it wants to wait, more is written, or it ends."""

    def drive(self, log, store, archive, clock, journal=()):
        stop = threading.Event()
        waiting = _WaitingClock(clock, journal, stop)
        meter = MemoryMeter()
        ProcessEngine(log, store, archive, waiting, meter, holder="trainer", succeeds=True).run(
            stop
        )


class _WaitingClock:
    def __init__(self, clock, journal, stop):
        self._clock, self._journal, self._stop = clock, iter(journal), stop

    def now(self) -> Time:
        return self._clock.now()

    def sleep(self, duration_us: int) -> None:
        self._clock.sleep(duration_us)
        if next(self._journal, _END) is _END:
            self._stop.set()


_END = object()
