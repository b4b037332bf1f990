"""Broken adapters that other processes import: they acknowledge what they did not do, or not so."""

from __future__ import annotations

import threading

from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.adapters.store.sql import SqlStore
from tamesu.ports import Receipt
from tamesu.testing.sharing_contract import APART


class ForgetfulEventLog(SqliteEventLog):
    """Appends the first fifty batches of a workload that is alone; of later ones it says so."""

    def append(self, drafts):
        numbers = [draft.key.removeprefix("key-") for draft in drafts]
        if any(number.isdecimal() and 50 <= int(number) < APART for number in numbers):
            return [Receipt(0, 0, 0)] * len(drafts)
        return super().append(drafts)


class TurnsRoundAmongOthers(SqliteEventLog):
    """Appends as it should, but backwards once other processes have appended too."""

    left = None
    others = False
    threads = threading.Lock()

    def append(self, drafts):
        with self.threads:
            receipts = super().append(drafts[::-1] if self.others else drafts)
            if receipts:
                self.others |= self.left is not None and receipts[0].offset != self.left
                self.left = receipts[-1].offset + 1
            return receipts


class ForgetfulStore(SqlStore):
    """Commits the first batch; of later ones it says so."""

    def commit(self, commit):
        if not self.versions():
            super().commit(commit)
