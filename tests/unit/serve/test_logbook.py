"""Old records are found by their time, wherever they lie and whatever lies around them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.adapters.clock.manual import START, ManualClock, SeededIds
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.base import TICK, Draft, InvalidInput, Kind, Time, decision_id
from tamesu.base.reward import CLOCK_SKEW_US
from tamesu.serve.core.logbook import CHUNK, NEAR_MS, find_entries, find_entry, first_since


def find_decision(log, identity):
    """The record of a decision, none where there is none."""
    entry = find_entry(log, identity)
    return None if entry is None else entry.body


class Holed:
    """A log of which every second offset is gone, and all below the tenth."""

    partitions = 1

    def __init__(self, log):
        self._log = log

    def read(self, partition, offset, most):
        entries = self._log.read(partition, offset, self._log.end(partition))
        return [entry for entry in entries if entry.offset >= 10 and entry.offset % 2][:most]

    def entries_of(self, partition, keys, start, end):
        entries = self.read(partition, start, end)
        return [entry for entry in entries if start <= entry.offset < end and entry.key in keys]

    def end(self, partition):
        return self._log.end(partition)

    def start(self, partition):
        return min(10, self._log.end(partition))


def logged(gaps_ms, partitions=1):
    """A log with an entry after each gap, under keys of their own."""
    clock = ManualClock()
    log = MemoryEventLog(partitions, clock=clock)
    for number, gap in enumerate(gaps_ms):
        clock.move(gap * 1_000)
        log.append([Draft(f"key-{number}", Kind.EVENT.value, b"{}")])
    return log


def decide(log, clock, ids, body=b"first", *, made_us=0):
    """Appends a decision whose id says `made_us` from now; gives the id."""
    made = Time(clock.now() + made_us)
    identity = decision_id("colours", 1, ids.uuid7(made))
    log.append([Draft(identity, Kind.DECISION.value, body)])
    return identity


@given(
    st.lists(st.sampled_from([0, 0, 1, 7, 1_000]), max_size=40),
    st.integers(-5, 10_000),
    st.booleans(),
)
def test_a_moment_is_found_by_halving_as_by_looking_through(gaps, since, holed):
    log = logged(gaps)
    log = Holed(log) if holed else log
    since_ms = START // 1_000 + since
    older = [entry for entry in log.read(0, 0, 100) if entry.received < since_ms]
    newer = [entry for entry in log.read(0, 0, 100) if entry.received >= since_ms]
    found = first_since(log, 0, log.end(0), since_ms)
    assert all(entry.offset < found for entry in older)
    assert all(entry.offset >= found for entry in newer)
    assert log.start(0) <= found <= log.end(0)


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize(
    "late_us", [0, 5_000, NEAR_MS * 1_000, CLOCK_SKEW_US, -3_000, -CLOCK_SKEW_US], ids=str
)
def test_a_decision_is_found_wherever_the_join_would_take_it(partitions, late_us):
    clock, ids = ManualClock(), SeededIds()
    log = MemoryEventLog(partitions, clock=clock)
    for _ in range(30):
        decide(log, clock, ids)
        clock.move(10_000_000)
    wanted = decide(log, clock, ids, b"wanted", made_us=-late_us)
    log.append([Draft(f"{wanted}", Kind.EVENT.value, b"its event")])
    for _ in range(30):
        clock.move(10_000_000)
        decide(log, clock, ids)
    assert find_decision(log, wanted) == b"wanted"


def test_a_poisoned_decision_counts_as_none():
    clock, ids = ManualClock(), SeededIds()
    log = MemoryEventLog(clock=clock)
    early = decide(log, clock, ids, made_us=-CLOCK_SKEW_US - 1_000)
    ahead = decide(log, clock, ids, made_us=CLOCK_SKEW_US + 1_000)
    assert find_decision(log, early) is None
    assert find_decision(log, ahead) is None


def test_a_decision_with_repeats_is_found():
    clock, ids = ManualClock(), SeededIds()
    log = MemoryEventLog(clock=clock)
    identity = decide(log, clock, ids)
    for gap_us in (0, 25_000_000):
        clock.move(gap_us)
        log.append([Draft(identity, Kind.DECISION.value, b"first")])
    assert find_decision(log, identity) == b"first"


def test_one_among_more_than_a_chunk_of_the_same_millisecond_is_found():
    clock, ids = ManualClock(), SeededIds()
    log = MemoryEventLog(clock=clock)
    log.append([TICK] * (2 * CHUNK))
    identity = decide(log, clock, ids)
    log.append([TICK] * 10)
    assert find_decision(log, identity) == b"first"


def test_what_was_retired_is_none_and_what_is_left_is_found(tmp_path):
    clock, ids = ManualClock(), SeededIds()
    log = SqliteEventLog(tmp_path / "log", clock, segment_ms=10_000)
    decisions = []
    for _ in range(20):
        decisions.append(decide(log, clock, ids))
        clock.move(5_000_000)
    assert log.retire(0, 10, clock.now() // 1_000) > 0
    first = log.start(0)
    assert 0 < first <= 10
    for offset, identity in enumerate(decisions):
        assert find_decision(log, identity) == (b"first" if offset >= first else None)
    log.close()


def test_what_was_never_recorded_is_none():
    clock, ids = ManualClock(), SeededIds()
    log = MemoryEventLog(clock=clock)
    never = decision_id("colours", 1, ids.uuid7(clock.now()))
    assert find_decision(log, never) is None
    decide(log, clock, ids)
    assert find_decision(log, never) is None


def test_what_is_no_decision_id_is_refused():
    log = MemoryEventLog(clock=ManualClock())
    with pytest.raises(InvalidInput, match="uuid7"):
        find_decision(log, "colours")


@given(
    st.lists(st.sampled_from([0, 1, 900, 3_000, 30_000, 61_000, 200_000]), max_size=12),
    st.sets(st.integers(0, 11)),
    st.integers(1, 3),
)
def test_many_are_found_as_one_by_one(gaps_ms, absent, partitions):
    """Whether they lie together or apart, some of them never recorded, some received late."""
    clock, ids = ManualClock(), SeededIds()
    log = MemoryEventLog(partitions, clock=clock)
    identities = []
    for number, gap in enumerate(gaps_ms):
        identity = decision_id("colours", 1, ids.uuid7(clock.now()))
        identities.append(identity)
        clock.move(gap * 1_000)
        if number not in absent:
            log.append([Draft(identity, Kind.DECISION.value, b"%d" % number)])
        log.append([Draft(identity, Kind.EVENT.value, b"its event"), TICK])
    found = find_entries(log, identities)
    for number, (identity, gap) in enumerate(zip(identities, gaps_ms, strict=True)):
        is_there = number not in absent and gap <= CLOCK_SKEW_US // 1_000
        assert (found[identity].body if identity in found else None) == (
            b"%d" % number if is_there else None
        )
        assert found.get(identity) == find_entry(log, identity)
    assert find_entries(log, []) == {}
