"""Every store of features obeys the laws of its port."""

from __future__ import annotations

from tamesu.adapters.features.memory import MemoryFeatures
from tamesu.adapters.features.sqlite import SqliteFeatures
from tamesu.testing import FeaturesContract


class TestMemoryFeatures(FeaturesContract):
    shared = False

    def make(self, _place):
        return MemoryFeatures()


class TestSqliteFeatures(FeaturesContract):
    def make(self, place):
        return SqliteFeatures(place / "features.sqlite3")
