"""The faults of the kit do what they say and nothing else."""

from __future__ import annotations

import threading

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import Draft, Observations
from tamesu.testing import Crash, CrashAfter, Duplicate, Pause, Reorder, Torn, single

DRAFTS = [Draft(f"key-{number:02d}", "event", bytes([number])) for number in range(20)]


@pytest.fixture
def bare():
    return MemoryEventLog(clock=ManualClock())


def written(log):
    return [Draft(*entry[3:]) for entry in log.read(0, 0, 1_000)]


def rows(count):
    return Observations.concatenate([single(position=place) for place in range(count)])


# Torn ---------------------------------------------------------------------------------------------


def test_a_torn_append_leaves_its_first_half(bare):
    fault = Torn(2)
    log = fault.wrap(bare)
    log.append(DRAFTS[:3])
    with pytest.raises(Crash):
        log.append(DRAFTS[3:8])
    assert written(bare) == DRAFTS[:5]
    assert fault.crashed
    assert fault.writes == ["MemoryEventLog.append"] * 2


def test_a_torn_file_has_its_first_half():
    archive = MemoryArchive()
    with pytest.raises(Crash):
        Torn(1).wrap(archive).write("1-0-9", rows(5))
    (whole,) = archive._kept.values()
    assert whole.position.tolist() == [0, 1]


def test_what_has_no_half_is_not_torn(bare):
    fault = Torn(1)
    log, store = fault.wrap(bare), fault.wrap(MemoryStore())
    log.append(DRAFTS[:1])
    log.append([])
    store.progress()
    assert log.read(0, 0, 9)
    assert fault.writes == []


def test_after_a_torn_write_nothing_has_an_effect(bare):
    fault = Torn(1)
    log = fault.wrap(bare)
    for drafts in (DRAFTS[:4], DRAFTS, DRAFTS[:1], []):
        with pytest.raises(Crash):
            log.append(drafts)
    assert bare.end(0) == 2


def test_zero_tears_nothing_and_counts(bare):
    fault = Torn(0)
    fault.wrap(bare).append(DRAFTS)
    assert written(bare) == DRAFTS
    assert len(fault.writes) == 1


# Duplicate ----------------------------------------------------------------------------------------


def test_duplicates_follow_their_originals_and_receipts_are_the_originals(bare):
    fault = Duplicate(seed=3, share=0.5)
    receipts = fault.wrap(bare).append(DRAFTS)
    assert 0 < fault.repeats < len(DRAFTS)
    assert list(dict.fromkeys(written(bare))) == DRAFTS
    assert len(written(bare)) == len(DRAFTS) + fault.repeats
    assert written(bare) == sorted(written(bare))
    for draft, receipt in zip(DRAFTS, receipts, strict=True):
        assert Draft(*bare.read(0, receipt.offset, 1)[0][3:]) == draft
        assert written(bare).index(draft) == receipt.offset


@pytest.mark.parametrize(("share", "times"), [(0.0, 1), (1.0, 2)])
def test_the_share_says_how_many_come_twice(bare, share, times):
    Duplicate(seed=1, share=share).wrap(bare).append(DRAFTS)
    assert written(bare) == [draft for draft in DRAFTS for _ in range(times)]


# Reorder ------------------------------------------------------------------------------------------


def test_reordering_moves_records_and_keeps_their_receipts_true(bare):
    fault = Reorder(seed=3)
    receipts = fault.wrap(bare).append(DRAFTS)
    assert fault.moved > len(DRAFTS) // 2
    assert written(bare) != DRAFTS
    assert sorted(written(bare)) == DRAFTS
    for draft, receipt in zip(DRAFTS, receipts, strict=True):
        assert Draft(*bare.read(0, receipt.offset, 1)[0][3:]) == draft


def test_appends_do_not_overtake_each_other(bare):
    log = Reorder(seed=4).wrap(bare)
    log.append(DRAFTS[:10])
    log.append(DRAFTS[10:])
    assert sorted(written(bare)[:10]) == DRAFTS[:10]


@pytest.mark.parametrize("fault", [Duplicate, Reorder])
def test_the_same_seed_does_the_same(fault):
    logs = [MemoryEventLog(clock=ManualClock()) for _ in range(3)]
    for log, seed in zip(logs, (5, 5, 6), strict=True):
        fault(seed).wrap(log).append(DRAFTS)
    assert written(logs[0]) == written(logs[1]) != written(logs[2])


# Pause --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "when", "seen"),
    [
        (1, "before", [0]),
        (1, "after", [3]),
        (2, "before", [3]),
        (2, "after", [8]),
        (3, "after", []),
    ],
)
def test_the_world_goes_on_at_the_nth_call(bare, n, when, seen):
    ends = []
    fault = Pause(n, lambda: ends.append(bare.end(0)), when)
    log = fault.wrap(bare)
    log.append(DRAFTS[:3])
    log.append(DRAFTS[3:8])
    assert ends == seen
    assert fault.paused is bool(seen)
    assert written(bare) == DRAFTS[:8]


def test_a_pause_that_waits_is_a_gate(bare):
    entered, gate = threading.Event(), threading.Event()

    def wait():
        entered.set()
        assert gate.wait(30)

    writer = threading.Thread(target=Pause(1, wait).wrap(bare).append, args=(DRAFTS,))
    writer.start()
    assert entered.wait(30)
    assert bare.end(0) == 0
    gate.set()
    writer.join()
    assert written(bare) == DRAFTS


# All ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [CrashAfter(0), Torn(0), Duplicate(1, 0.0), Reorder(1), Pause(0, lambda: None)],
    ids=lambda fault: type(fault).__name__,
)
def test_attributes_and_other_calls_pass_through(fault):
    log = fault.wrap(MemoryEventLog(3, clock=ManualClock()))
    assert log.partitions == 3
    assert log.append([]) == []
    (receipt,) = log.append(DRAFTS[:1])
    assert log.end(receipt.partition) == 1
    with pytest.raises(AttributeError):
        log.nothing_like_it()


def test_faults_may_be_wrapped_around_each_other(bare):
    crash, again = CrashAfter(2), Duplicate(1, 1.0)
    log = again.wrap(crash.wrap(bare))
    log.append(DRAFTS[:1])
    with pytest.raises(Crash):
        log.append(DRAFTS[1:])
    assert written(bare) == DRAFTS[:1] * 2
