"""Every law of `EventLogContract` can fail, each alone."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.base import TICK
from tamesu.ports import Receipt
from tamesu.testing import EventLogContract
from tamesu.testing.workload import named


class EndsAtOne(MemoryEventLog):
    def end(self, partition):
        return max(super().end(partition), 1)


class TicksWhenIdle(MemoryEventLog):
    def append(self, drafts):
        return super().append(drafts or [TICK])[: len(drafts)]


class LosesAccents(MemoryEventLog):
    def append(self, drafts):
        keys = [draft.key.encode("ascii", "ignore").decode() for draft in drafts]
        pairs = zip(drafts, keys, strict=True)
        return super().append([draft._replace(key=key) for draft, key in pairs])


class Scatters(MemoryEventLog):
    turn = 0

    def _partition(self, key):
        self.turn += key.startswith("key-")
        return (super()._partition(key) + self.turn) % self.partitions


class DropsRepeats(MemoryEventLog):
    def append(self, drafts):
        last = self._entries[0][-1:]
        if len(drafts) == 1 and last and last[0][3:] == drafts[0]:
            return [Receipt(*last[0][:3])]
        return super().append(drafts)


class CutsBodies(MemoryEventLog):
    def append(self, drafts):
        return super().append([draft._replace(body=draft.body[:1000]) for draft in drafts])


class StampsSeconds(MemoryEventLog):
    def append(self, drafts):
        receipts = super().append(drafts)
        return [r._replace(received=r.received // 1000 * 1000) for r in receipts]


class FollowsTheClockBack(MemoryEventLog):
    def append(self, drafts):
        now, empty = self._clock.now() // 1_000, not self._entries[0]
        receipts = super().append(drafts)
        return receipts if empty else [r._replace(received=now) for r in receipts]


class ReadsOneAtLeast(MemoryEventLog):
    def read(self, partition, offset, most):
        return super().read(partition, offset, max(most, 1))


class TakesTheEndToo(MemoryEventLog):
    def entries_of(self, partition, keys, start, end):
        return super().entries_of(partition, keys, start, end + 1)


class LosesOneAtUpkeep(MemoryEventLog):
    def upkeep(self):
        self._entries[0][-1:] = []


class TurnsOtherThreadsRound(MemoryEventLog):
    first = None

    def append(self, drafts):
        self.first = self.first or threading.get_ident()
        if self.first == threading.get_ident():
            return super().append(drafts)
        return super().append(drafts[::-1])


class HidesTheNewest(MemoryEventLog):
    def read(self, partition, offset, most):
        newest = most == 1 and offset == self.end(partition) - 1
        return [] if newest else super().read(partition, offset, most)


class SharesWhileOpen(MemoryEventLog):
    shared = ()

    def __init__(self, partitions=1, *, clock):
        super().__init__(partitions, clock=clock)
        type(self).shared = [*self.shared, self._entries]
        self._entries = self.shared[0]

    def close(self):
        if not self._closed:
            type(self).shared = self.shared[1:] and self.shared[:-1]
        self._closed = True


class OutlivesItself(MemoryEventLog):
    kept = {}  # noqa: RUF012 - shared by all, which is what is broken here

    def __init__(self, partitions=1, *, clock):
        super().__init__(partitions, clock=clock)
        self._entries = self.kept.pop(self.place, self._entries)

    def close(self):
        self.kept[self.place] = self._entries
        self._closed = True


class NeverCloses(MemoryEventLog):
    def close(self):
        pass


class KeepsForEver(MemoryEventLog):
    def retire(self, partition, before, older_than_ms):
        return 0


class RetiresOneTooMany(MemoryEventLog):
    def retire(self, partition, before, older_than_ms):
        return super().retire(partition, before + 1 if before else 0, older_than_ms)


class RetiresTheMomentToo(MemoryEventLog):
    def retire(self, partition, before, older_than_ms):
        return super().retire(partition, before, older_than_ms + 1 if older_than_ms else 0)


class StartsOverWhenEmpty(MemoryEventLog):
    def retire(self, partition, before, older_than_ms):
        gone = super().retire(partition, before, older_than_ms)
        if not self._entries[partition]:
            self._starts[partition] = 0
        return gone


class SaysItAgain(MemoryEventLog):
    said = 0

    def retire(self, partition, before, older_than_ms):
        self.said = super().retire(partition, before, older_than_ms) or self.said
        return self.said


class GivesNothingForWhatWent(MemoryEventLog):
    def read(self, partition, offset, most):
        gone = offset < self.start(partition)
        return [] if gone else super().read(partition, offset, most)


BROKEN = {
    "test_a_new_log_is_empty": EndsAtOne,
    "test_no_drafts_have_no_effect": TicksWhenIdle,
    "test_what_is_appended_is_read_back": LosesAccents,
    "test_records_of_one_key_lie_in_one_partition": Scatters,
    "test_the_same_draft_again_is_a_new_entry": DropsRepeats,
    "test_a_large_body_is_kept": CutsBodies,
    "test_received_is_the_clocks_millisecond": StampsSeconds,
    "test_received_never_falls": FollowsTheClockBack,
    "test_reading_starts_where_it_is_told_and_stops_at_most": ReadsOneAtLeast,
    "test_the_entries_of_keys_are_those_read_and_picked": TakesTheEndToo,
    "test_upkeep_changes_nothing": LosesOneAtUpkeep,
    "test_appends_from_threads_do_not_interleave": TurnsOtherThreadsRound,
    "test_what_was_read_once_is_never_read_otherwise": HidesTheNewest,
    "test_another_process_reads_the_same": SharesWhileOpen,
    "test_a_log_made_anew_holds_what_was_appended": OutlivesItself,
    "test_a_closed_log_refuses": NeverCloses,
    "test_what_is_old_and_done_with_goes": KeepsForEver,
    "test_nothing_at_or_after_the_offset_goes": RetiresOneTooMany,
    "test_nothing_received_at_or_after_the_moment_goes": RetiresTheMomentToo,
    "test_a_log_goes_on_after_what_went": StartsOverWhenEmpty,
    "test_retiring_nothing_changes_nothing": SaysItAgain,
    "test_reading_what_went_goes_on_at_the_start": GivesNothingForWhatWent,
}
ELSEWHERE = {
    "test_a_killed_writer_loses_nothing_it_was_told_is_there": "forgetful:ForgetfulEventLog",
    "test_appends_from_processes_do_not_interleave": "forgetful:TurnsRoundAmongOthers",
}


class InMemory(EventLogContract):
    durable = False

    def make(self, place, clock):
        self.broken.place = place
        return self.broken(self.partitions, clock=clock)


class InFiles(EventLogContract):
    def make(self, place, clock):
        return self.broken(place, clock)


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_the_law_fails_on_what_breaks_it_and_no_other_does(law, caught_on):
    suite = InMemory()
    suite.broken = type(BROKEN[law].__name__, (BROKEN[law],), {})  # shares nothing with other laws
    suite.partitions = 3 if BROKEN[law] is Scatters else 1
    caught_on(suite, law)


@pytest.mark.parametrize("law", sorted(ELSEWHERE))
def test_the_law_of_processes_fails_on_what_breaks_it_and_no_other_does(
    law, caught_on, monkeypatch
):
    suite = InFiles()
    here = str(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", here)
    monkeypatch.syspath_prepend(here)
    suite.elsewhere = ELSEWHERE[law]
    suite.broken = named(ELSEWHERE[law])
    caught_on(suite, law)


def test_every_law_was_broken(laws_of):
    assert laws_of(EventLogContract) == {*BROKEN, *ELSEWHERE}
