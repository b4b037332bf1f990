"""Every archive obeys the laws of its port."""

from __future__ import annotations

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.testing import ArchiveContract


class TestMemoryArchive(ArchiveContract):
    durable = False

    def make(self, _place):
        return MemoryArchive()

    def path(self, _place, _file):
        return None


class TestParquetArchive(ArchiveContract):
    def make(self, place):
        return ParquetArchive(place)

    def path(self, place, file):
        return place / file.name
