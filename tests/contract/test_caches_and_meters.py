"""Every cache, meter, clock and id source obeys the laws of its port."""

from __future__ import annotations

from tamesu.adapters.cache.memory import MemoryCache
from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.adapters.clock.system import SystemClock, SystemIds
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.adapters.meter.prometheus import PrometheusMeter
from tamesu.testing import CacheContract, ClockContract, IdSourceContract, MeterContract


class TestMemoryCache(CacheContract):
    def make(self, _place):
        return MemoryCache()


class TestMemoryMeter(MeterContract):
    def make(self):
        return MemoryMeter()


class TestPrometheusMeter(MeterContract):
    def make(self):
        return PrometheusMeter()


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
