"""Every cache obeys the laws of its port."""

from __future__ import annotations

from tamesu.adapters.cache.memory import MemoryCache
from tamesu.testing import CacheContract


class TestMemoryCache(CacheContract):
    def make(self, _place):
        return MemoryCache()
