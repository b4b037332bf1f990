"""Every meter obeys the laws of its port."""

from __future__ import annotations

from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.adapters.meter.prometheus import PrometheusMeter
from tamesu.testing import MeterContract


class TestMemoryMeter(MeterContract):
    def make(self):
        return MemoryMeter()


class TestPrometheusMeter(MeterContract):
    def make(self):
        return PrometheusMeter()
