"""Every cache obeys the laws of its port."""

from __future__ import annotations

from tamesu.adapters.cache.memory import MemoryCache
from tamesu.adapters.cache.sqlite import SqliteCache
from tamesu.testing import CacheContract


class TestMemoryCache(CacheContract):
    shared = False

    def make(self, _place):
        return MemoryCache()


class TestSqliteCache(CacheContract):
    def make(self, place):
        return SqliteCache(place / "cache.sqlite3")
