"""Every store obeys the laws of its port."""

from __future__ import annotations

from tamesu.adapters.store.memory import MemoryStore
from tamesu.adapters.store.sql import SqlStore
from tamesu.testing import StoreContract


class TestMemoryStore(StoreContract):
    durable = False

    def make(self, _place):
        return MemoryStore()


class TestSqlStoreOnSqlite(StoreContract):
    elsewhere = "tamesu.adapters.store.sql:SqlStore"

    def make(self, place):
        return SqlStore(place)
