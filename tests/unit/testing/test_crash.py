"""The crash of the fault kit: at the n-th call of any port, before its effect or after it."""

from __future__ import annotations

import pytest

from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.base import TICK
from tamesu.testing import Crash, CrashAfter


def run(faults):
    """Three calls of two ports, under faults; what is in the log afterwards."""
    bare = MemoryEventLog(clock=ManualClock())
    log, clock = faults.wrap(bare), faults.wrap(ManualClock())
    try:
        log.append([TICK])
        clock.now()
        log.append([TICK])
    except Crash:
        return bare.end(0), "crashed"
    return bare.end(0), "done"


@pytest.mark.parametrize(
    ("n", "when", "outcome"),
    [
        (0, "before", (2, "done")),
        (1, "before", (0, "crashed")),
        (1, "after", (1, "crashed")),
        (2, "before", (1, "crashed")),
        (2, "after", (1, "crashed")),
        (3, "before", (1, "crashed")),
        (3, "after", (2, "crashed")),
        (4, "before", (2, "done")),
    ],
)
def test_it_dies_at_the_nth_call_of_all_ports_together(n, when, outcome):
    faults = CrashAfter(n, when=when)
    assert run(faults) == outcome
    assert faults.crashed is (outcome[1] == "crashed")


def test_it_says_which_calls_there_were():
    faults = CrashAfter(3)
    run(faults)
    assert faults.calls == ["MemoryEventLog.append", "ManualClock.now", "MemoryEventLog.append"]


def test_after_the_crash_nothing_has_an_effect():
    faults = CrashAfter(1)
    bare = MemoryEventLog(clock=ManualClock())
    log = faults.wrap(bare)
    for _ in range(2):
        with pytest.raises(Crash):
            log.append([TICK])
    assert bare.end(0) == 0
    assert len(faults.calls) == 1


def test_a_crash_is_not_caught_by_what_catches_errors():
    assert not issubclass(Crash, Exception)


def test_attributes_pass_through():
    log = CrashAfter(1).wrap(MemoryEventLog(3, clock=ManualClock()))
    assert log.partitions == 3
