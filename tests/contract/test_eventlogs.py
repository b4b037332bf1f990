"""Every event log obeys the laws of its port."""

from __future__ import annotations

from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.testing import EventLogContract


class TestMemoryEventLog(EventLogContract):
    durable = False

    def make(self, _place, clock):
        return MemoryEventLog(clock=clock)


class TestMemoryEventLogOfThreePartitions(EventLogContract):
    durable = False

    def make(self, _place, clock):
        return MemoryEventLog(3, clock=clock)


class TestSqliteEventLog(EventLogContract):
    elsewhere = "tamesu.adapters.eventlog.sqlite:SqliteEventLog"

    def make(self, place, clock):
        return SqliteEventLog(place, clock)
