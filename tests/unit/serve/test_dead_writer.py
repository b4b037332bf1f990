"""A server whose log writer died can record nothing: it ends, so that another takes its place."""

import asyncio

import pytest

from tamesu.adapters.clock.system import SystemClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.base import Bug
from tamesu.serve import Service
from tamesu.serve.http import listen, run
from tamesu.watch import Seat


class Deadly(MemoryEventLog):
    """A log whose driver ends the thread that calls it."""

    def append(self, drafts):
        raise SystemExit


# That thread's death is what the test is about.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_server_ends_by_itself_and_says_why(memory):
    service = Service(**memory(log=Deadly(clock=SystemClock())))
    with pytest.raises(Bug, match="can record nothing"):
        asyncio.run(asyncio.wait_for(run(service, listen("127.0.0.1", 0), Seat.take()), 30))
    assert service.appender.closing
