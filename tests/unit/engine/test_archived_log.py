"""What the archive holds of a log reads as the log does, and keys are found in it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import Corrupt, Entry, Time
from tamesu.engine import ArchivedLog

LEASE_US = 5_000_000


def entry(offset, partition=0, received=None):
    key = f"key-{offset % 7}"
    return Entry(partition, offset, received or 1_000 + offset, key, "event", b"%d" % offset)


class World:
    """A store and an archive, in which records are put as an archivist does."""

    def __init__(self, archive, partitions=1):
        self.store, self.archive = MemoryStore(), archive
        self.lease = self.store.lease("archivist", Time(0), LEASE_US)
        self.ends = [0] * partitions

    def put(self, *entries):
        """One file of these entries."""
        first, last = entries[0], entries[-1]
        file = self.archive.write_records(f"1-{first.offset}-{last.offset}", entries)
        self.ends[first.partition] = file.end
        self.store.arrange(self.lease, [file], [], self.ends)
        return file

    def merge(self, *files):
        """These files as one; the bytes of the others go."""
        made = self.archive.merge(f"2-{files[0].first}-{files[-1].end}", files)
        self.store.arrange(self.lease, [made], files)
        self.archive.remove([file.name for file in files])


@pytest.fixture(params=["memory", "parquet"])
def world(request, tmp_path):
    return World(MemoryArchive() if request.param == "memory" else ParquetArchive(tmp_path))


@given(
    cuts=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    step=st.integers(1, 3),
    most=st.integers(1, 12),
    offset=st.integers(0, 40),
)
@settings(deadline=None)
def test_it_reads_as_the_log_does(cuts, step, most, offset):
    """From any offset, in pieces of any size, over gaps and over the ends of files."""
    world = World(MemoryArchive())
    entries = [entry(number * step) for number in range(sum(cuts))]
    rest = list(entries)
    for cut in cuts:
        world.put(*rest[:cut])
        del rest[:cut]
    log = ArchivedLog(world.store, world.archive)
    wanted = [one for one in entries if one.offset >= offset]
    assert list(log.read(0, offset, most)) == wanted[:most]
    assert (log.start(0), log.end(0)) == (0, entries[-1].offset + 1)
    read, place = [], 0
    while found := log.read(0, place, most):
        read += found
        place = found[-1].offset + 1
    assert read == entries


def test_nothing_is_archived_at_first(world):
    log = ArchivedLog(world.store, world.archive)
    assert (log.partitions, log.start(0), log.end(0), list(log.read(0, 0, 9))) == (0, 0, 0, [])
    assert list(log.find({"key-1"}, Time(0))) == []


def test_what_is_archived_later_is_read_too(world):
    log = ArchivedLog(world.store, world.archive)
    world.put(entry(0), entry(1))
    assert [one.offset for one in log.read(0, 1, 9)] == [1]
    world.put(entry(2))
    assert [one.offset for one in log.read(0, 1, 9)] == [1, 2]


def test_files_that_were_merged_meanwhile_are_read_as_one(world):
    """Before they were opened, and in the middle of reading."""
    files = [world.put(entry(number)) for number in range(4)]
    log = ArchivedLog(world.store, world.archive)
    assert [one.offset for one in log.read(0, 0, 1)] == [0]
    world.merge(*files)
    assert [one.offset for one in log.read(0, 1, 9)] == [1, 2, 3]
    assert [one.offset for one in ArchivedLog(world.store, world.archive).read(0, 0, 9)] == [
        0,
        1,
        2,
        3,
    ]


def test_a_file_that_is_missing_is_told(world):
    file = world.put(entry(0))
    world.archive.remove([file.name])
    with pytest.raises(Corrupt):
        ArchivedLog(world.store, world.archive).read(0, 0, 1)


def test_keys_are_found_in_every_partition_in_log_order(world):
    world.ends = [0, 0]
    world.put(*(entry(number) for number in range(10)))
    world.put(*(entry(number) for number in range(10, 20)))
    world.put(*(entry(number, partition=1) for number in range(10)))
    log = ArchivedLog(world.store, world.archive)
    found = [one for part in log.find({"key-1", "key-3", "none"}, Time(0)) for one in part]
    assert [(one.partition, one.offset) for one in found] == [
        *((0, offset) for offset in range(20) if offset % 7 in (1, 3)),
        *((1, offset) for offset in range(10) if offset % 7 in (1, 3)),
    ]


def test_files_of_another_time_are_not_looked_into(world):
    """Neither those that are older than what is looked for, nor those that begin after it."""
    files = [world.put(entry(number * 7, received=1_000 * number)) for number in range(1, 6)]
    world.archive.remove([files[0].name, files[4].name])
    log = ArchivedLog(world.store, world.archive)
    found = log.find({"key-0"}, since=Time(2_000_000), until=Time(3_500_000))
    assert [one.offset for part in found for one in part] == [14, 21, 28]
