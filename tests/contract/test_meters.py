"""Every meter obeys the laws of its port."""

from __future__ import annotations

import pytest

from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.adapters.meter.prometheus import PrometheusMeter
from tamesu.testing import MeterContract, SharedMeterContract


class TestMemoryMeter(MeterContract):
    def make(self):
        return MemoryMeter()


class TestPrometheusMeter(MeterContract):
    def make(self):
        return PrometheusMeter()


class TestPrometheusMeterInAFolder(MeterContract):
    """One that shares obeys the laws of any meter."""

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path):
        self.place = tmp_path
        self.made = []
        yield
        for meter in self.made:
            meter.close()

    def make(self):
        place = self.place / str(len(self.made))
        self.made.append(PrometheusMeter(place, "server", write_s=0.01))
        return self.made[-1]


class TestSharedPrometheusMeter(SharedMeterContract):
    @pytest.fixture(autouse=True)
    def _ends(self):
        self.made = []
        yield
        for meter in self.made:
            meter.close()

    def make(self, place, process):
        self.made.append(PrometheusMeter(place, process, write_s=3_600))
        return self.made[-1]

    def kill(self, meter):
        """What the kernel does: it closes the files."""
        meter._circle.close()
