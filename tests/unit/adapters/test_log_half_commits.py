"""A writer that is killed between the sync of its commit and telling the others: what it wrote is there
for whoever recovers the file later, and for nobody else.
"""

from __future__ import annotations

import shutil
from contextlib import closing

import pytest

from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog import segments
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.base import Draft
from tamesu.base.times import HOUR_US


def drafts(text, count=1):
    return [Draft("key", "event", f"{text} {number}".encode()) for number in range(count)]


def half_commit(log, folder, lost):
    """Appends `lost`, and takes back what tells other processes of it: the index of the WAL."""
    index = folder / f"{segments.path_of(folder, 0).name}-shm"
    before = index.read_bytes()
    log.append(lost)
    with index.open("r+b") as file:
        file.write(before)


@pytest.mark.parametrize("later_us", [0, 2 * HOUR_US], ids=["same segment", "next segment"])
def test_a_commit_that_nobody_was_told_of_never_comes_back_between_others(tmp_path, later_us):
    """Whoever writes next begins where it sees the end: there, what was half done is void for ever."""
    folder, copy, clock = tmp_path / "log", tmp_path / "copy", ManualClock()
    with closing(SqliteEventLog(folder, clock)) as killed:
        killed.append(drafts("told", 3))
        half_commit(killed, folder, drafts("half done", 2))
        clock.move(later_us)
        with closing(SqliteEventLog(folder, clock)) as next_one:
            assert [receipt.offset for receipt in next_one.append(drafts("next"))] == [3]
            # What is found when all processes have been killed: the files, and no index.
            shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*-shm"))
    with closing(SqliteEventLog(copy, clock)) as recovered:
        entries = recovered.read(0, 0, 100)
        assert [entry.offset for entry in entries] == [0, 1, 2, 3]
        assert entries[-1].body == b"next 0"
        assert recovered.end(0) == 4
