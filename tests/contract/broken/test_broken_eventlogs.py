"""Every law of `EventLogContract` can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.base import TICK
from tamesu.testing import EventLogContract


class EndsAtOne(MemoryEventLog):
    def end(self, partition):
        return max(super().end(partition), 1)


class TicksWhenIdle(MemoryEventLog):
    def append(self, drafts):
        return super().append(drafts or [TICK])[: len(drafts)]


class LosesALastByte(MemoryEventLog):
    def append(self, drafts):
        return super().append([draft._replace(body=draft.body[:-1]) for draft in drafts])


class Scatters(MemoryEventLog):
    turn = 0

    def _partition(self, key):
        self.turn += 1
        return self.turn % self.partitions


class DropsRepeats(MemoryEventLog):
    def append(self, drafts):
        return super().append(list(dict.fromkeys(drafts)))


class CutsBodies(MemoryEventLog):
    def append(self, drafts):
        return super().append([draft._replace(body=draft.body[:1000]) for draft in drafts])


class StampsSeconds(MemoryEventLog):
    def append(self, drafts):
        receipts = super().append(drafts)
        return [r._replace(received=r.received // 1000 * 1000) for r in receipts]


class FollowsTheClockBack(MemoryEventLog):
    def append(self, drafts):
        now = self._clock.now() // 1_000
        return [receipt._replace(received=now) for receipt in super().append(drafts)]


class ReadsAfterTheOffset(MemoryEventLog):
    def read(self, partition, offset, most):
        return super().read(partition, offset + 1 if offset else 0, most)


class LosesOneAtUpkeep(MemoryEventLog):
    def upkeep(self):
        self._entries[0][-1:] = []


class TurnsAppendsRound(MemoryEventLog):
    def append(self, drafts):
        return super().append(drafts[::-1])[::-1]


class ReadsLate(MemoryEventLog):
    def read(self, partition, offset, most):
        return super().read(partition, offset, min(most, max(self.end(partition) - 1 - offset, 0)))


class SharesOneLog(MemoryEventLog):
    shared = None

    def __init__(self, partitions=1, *, clock):
        super().__init__(partitions, clock=clock)
        type(self).shared = self._entries = self.shared or self._entries

    def close(self):
        self._closed = True


class NeverCloses(MemoryEventLog):
    def close(self):
        pass


BROKEN = {
    "test_a_new_log_is_empty": EndsAtOne,
    "test_no_drafts_have_no_effect": TicksWhenIdle,
    "test_what_is_appended_is_read_back": LosesALastByte,
    "test_records_of_one_key_lie_in_one_partition": Scatters,
    "test_the_same_draft_again_is_a_new_entry": DropsRepeats,
    "test_a_large_body_is_kept": CutsBodies,
    "test_received_is_the_clocks_millisecond": StampsSeconds,
    "test_received_never_falls": FollowsTheClockBack,
    "test_reading_starts_where_it_is_told_and_stops_at_most": ReadsAfterTheOffset,
    "test_upkeep_changes_nothing": LosesOneAtUpkeep,
    "test_appends_from_threads_do_not_interleave": TurnsAppendsRound,
    "test_what_was_read_once_is_never_read_otherwise": ReadsLate,
    "test_another_process_reads_the_same": SharesOneLog,
    "test_a_log_made_anew_holds_what_was_appended": SharesOneLog,
    "test_a_closed_log_refuses": NeverCloses,
}
KILLED = "test_a_killed_writer_loses_nothing_it_was_told_is_there"


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_the_law_fails_on_what_breaks_it(law, must_fail):
    class Bound(EventLogContract):
        durable = False
        broken = type(BROKEN[law].__name__, (BROKEN[law],), {})  # shares nothing with other laws

        def make(self, _place, clock):
            return self.broken(3 if BROKEN[law] is Scatters else 1, clock=clock)

    must_fail(Bound(), law)


def test_the_law_of_the_killed_writer_fails_on_what_breaks_it(must_fail, monkeypatch):
    class Bound(EventLogContract):
        elsewhere = "forgetful:ForgetfulEventLog"

        def make(self, place, clock):
            return SqliteEventLog(place, clock)

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    must_fail(Bound(), KILLED)


def test_every_law_was_broken(laws_of):
    assert laws_of(EventLogContract) == {*BROKEN, KILLED}
