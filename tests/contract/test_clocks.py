"""Every clock and id source obeys the laws of its port."""

from __future__ import annotations

from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.adapters.clock.system import SystemClock, SystemIds
from tamesu.testing import ClockContract, IdSourceContract


class TestSystemClock(ClockContract):
    def make(self):
        return SystemClock()


class TestManualClock(ClockContract):
    def make(self):
        return ManualClock()


class TestSystemIds(IdSourceContract):
    def make(self):
        return SystemIds()


class TestSeededIds(IdSourceContract):
    def make(self):
        return SeededIds(7)
