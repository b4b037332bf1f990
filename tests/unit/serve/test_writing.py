"""Appends, one by one: what went wrong is given, and told without a flood."""

from structlog.testing import capture_logs

from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.base import TICK, Time, Unavailable
from tamesu.serve.core.writing import Writing


class Disk(MemoryEventLog):
    """A log that fails with what it is told to fail with."""

    problem = None

    def append(self, drafts):
        if self.problem is not None:
            raise self.problem
        return super().append(drafts)


def test_a_log_that_fails_is_told_of_once_and_once_more_when_it_works():
    clock = ManualClock(Time(1_700_000_000_000_000))
    log = Disk(clock=clock)
    writing = Writing(log, clock, MemoryMeter())
    with capture_logs() as messages:
        log.problem = Unavailable("the disk is full")
        for _ in range(50):
            assert writing.append([TICK]).message == "the disk is full"
        log.problem = OSError("odd")
        assert isinstance(writing.append([TICK]), Unavailable)
        log.problem = None
        assert writing.append([TICK]) is None
        assert writing.append([TICK]) is None
    told = [(each["event"], each.get("code"), each.get("failed")) for each in messages]
    assert told == [
        ("appends fail", "unavailable", None),
        ("appends fail", "OSError", None),
        ("appends succeed again", None, 51),
    ]


def test_the_logs_moment_is_known_after_an_append_and_the_clock_is_compared_with_it():
    clock = ManualClock(Time(1_700_000_000_000_000))
    writing = Writing(MemoryEventLog(clock=clock), clock, MemoryMeter())
    assert (writing.received_ms, writing.skew_ms) == (0, 0)
    writing.append([TICK])
    assert (writing.received_ms, writing.skew_ms) == (1_700_000_000_000, 0)
    clock.move(-3_600_000_000)
    writing.append([TICK])
    assert (writing.received_ms, writing.skew_ms) == (1_700_000_000_000, -3_600_000)
