"""A server knows when to move the log's time, and says what keeps it from knowing."""

from __future__ import annotations

import structlog

from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.base import TICK, Unavailable
from tamesu.serve.core.ticking import Ticking


class Failing(MemoryEventLog):
    """A log that cannot be read while `fails`."""

    fails = True

    def end(self, partition):
        if self.fails:
            raise Unavailable("the disk is full")
        return super().end(partition)


def test_a_log_that_cannot_be_read_is_told_once_until_it_can():
    clock = ManualClock()
    log = Failing(clock=clock)
    log.append([TICK])
    ticking = Ticking(log, clock, 0.5)
    with structlog.testing.capture_logs() as told:
        assert all(ticking.due() for _ in range(5)), "a tick is tried all the same"
        assert len(told) == 1
        log.fails = False
        assert not ticking.due()
        log.fails = True
        assert ticking.due()
    assert len(told) == 2
