"""Segments: found by everybody, read as one log, dropped from the beginning, and what can be wrong."""

from __future__ import annotations

import contextlib
import shutil

import pytest

from tamesu.adapters import sqlite
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog import segments, writer
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.base import Corrupt, Draft
from tamesu.base.times import HOUR_US

NEVER_MS = 1 << 52


def drafts(count=1, size=100):
    return [Draft("key", "event", bytes(size)) for _ in range(count)]


def offsets(log):
    return [entry.offset for entry in log.read(0, 0, 10_000)]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "log"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def make(folder, clock):
    """Logs on one folder, as processes have them; closed at the end."""
    with contextlib.ExitStack() as opened:

        def made(**options):
            log = SqliteEventLog(folder, clock, **options)
            return opened.enter_context(contextlib.closing(log))

        yield made


@pytest.fixture
def old(make, clock):
    """A log of three segments, of offsets 0 to 3, 4 to 7 and 8 to 9."""
    log = make()
    for _ in range(2):
        log.append(drafts(4))
        clock.move(2 * HOUR_US)
    log.append(drafts(2))
    return log


def test_a_segment_is_named_by_its_first_offset_and_follows_after_an_hour(old, make, folder):
    assert segments.found(folder) == [0, 4, 8]
    assert offsets(old) == offsets(make()) == list(range(10))
    assert [entry.offset for entry in old.read(0, 3, 3)] == [3, 4, 5]
    assert [entry.offset for entry in old.read(0, 7, 1)] == [7]
    assert old.read(0, 10, 5) == old.read(0, 1_000, 5) == []
    assert old.end(0) == 10


def test_a_segment_follows_when_the_last_one_is_full(make, folder):
    log = make(segment_bytes=1 << 20)
    for _ in range(40):
        log.append(drafts(1, 100_000))
    firsts = segments.found(folder)
    assert len(firsts) > 2
    for first in firsts:
        assert segments.path_of(folder, first).stat().st_size < 2 << 20
    assert offsets(log) == list(range(40))


def test_whoever_has_a_log_open_finds_the_next_segment(make, clock, folder):
    one, other, reader = make(), make(), make()
    one.append(drafts())
    other.append(drafts())
    assert reader.end(0) == 2
    clock.move(2 * HOUR_US)
    one.append(drafts())
    assert segments.found(folder) == [0, 2]
    assert reader.end(0) == 3
    assert other.append(drafts())[0].offset == 3
    assert one.append(drafts())[0].offset == 4
    assert segments.found(folder) == [0, 2]
    assert offsets(reader) == list(range(5))
    # Beyond what it knew, across a segment that it did not know.
    stale = make()
    assert stale.end(0) == 5
    for _ in range(3):
        clock.move(2 * HOUR_US)
        one.append(drafts())
    assert stale.read(0, 100, 5) == []
    assert [entry.offset for entry in stale.read(0, 6, 5)] == [6, 7]


def test_a_writer_killed_before_its_first_insert_leaves_an_empty_segment_and_no_harm(
    make, clock, folder
):
    log = make()
    before = log.append(drafts(3))[-1]
    segments.make(folder, 3)
    assert log.end(0) == 3
    assert offsets(log) == [0, 1, 2]
    clock.move(-HOUR_US)
    for each in (make(), log):
        receipt = each.append(drafts())[0]
        assert receipt.received == before.received
    assert offsets(log) == list(range(5))
    assert segments.found(folder) == [0, 3]


def test_a_successor_whose_maker_died_is_durable_before_anything_stands_in_it(
    make, folder, monkeypatch
):
    """Its maker may have been killed before the folder was synced, and a power cut take the name."""
    make().append(drafts(3))
    segments.make(folder, 3)
    log, synced = make(), []
    monkeypatch.setattr(writer, "sync_folder", lambda at: synced.append((at, log.end(0))))
    log.append(drafts())
    log.append(drafts())
    assert synced == [(folder, 3)]


def test_what_killed_processes_left_behind_goes(old, make, clock, folder):
    segments.path_of(folder, 0).unlink()
    draft = folder / ".00000000000000000099.sqlite3.1-2.new"
    draft.touch()
    (folder / "00000000000000000000.sqlite3-wal").touch()
    log = make()
    assert log.retire(0, 8, NEVER_MS) == 4
    assert not list(folder.glob("00000000000000000000*"))
    assert not list(folder.glob("00000000000000000004*"))
    clock.move(2 * HOUR_US)
    log.append(drafts())
    assert not draft.exists()


# Retiring -----------------------------------------------------------------------------------------


def test_whole_segments_go_and_the_newest_stays(old, folder):
    received = [entry.received for entry in old.read(0, 0, 10)]
    assert old.retire(0, 3, NEVER_MS) == 0
    assert old.retire(0, 7, NEVER_MS) == 4
    assert old.start(0) == 4
    assert old.retire(0, 10, received[4]) == 0
    assert old.retire(0, 10, received[4] + 1) == 4
    assert old.retire(0, 10, NEVER_MS) == 0
    assert old.start(0) == 8
    assert offsets(old) == [8, 9]
    assert segments.found(folder) == [8]


def test_the_last_entries_stay_while_the_newest_segment_is_empty(make, clock, folder):
    log = make()
    before = log.append(drafts(3))[-1]
    segments.make(folder, 3)
    assert log.retire(0, 3, NEVER_MS) == 0
    clock.move(-HOUR_US)
    assert make().append(drafts())[0] == (0, 3, before.received)
    assert log.retire(0, 3, NEVER_MS) == 3


def test_whoever_had_a_retired_segment_open_goes_on_after_it(old, make, clock):
    reader, writer = make(), make()
    assert offsets(reader) == list(range(10))
    writer.append(drafts())
    clock.move(2 * HOUR_US)
    old.append(drafts())
    assert old.retire(0, 11, NEVER_MS) == 11
    assert offsets(reader) == [11]
    assert reader.start(0) == 11
    assert writer.append(drafts())[0].offset == 12
    assert reader.retire(0, 11, NEVER_MS) == 0


# What can be wrong --------------------------------------------------------------------------------


def test_a_segment_missing_in_the_middle_is_corrupt_and_comes_back(old, make, folder, tmp_path):
    path = segments.path_of(folder, 4)
    old.close()
    path.rename(tmp_path / "away")
    log = make()
    assert len(log.read(0, 0, 4)) == 4
    with pytest.raises(
        Corrupt, match=r"ends at offset 4 and the next one starts at 8\n.*bring back"
    ):
        log.read(0, 0, 10)
    assert [entry.offset for entry in log.read(0, 8, 10)] == [8, 9]
    assert log.append(drafts())[0].offset == 10
    (tmp_path / "away").rename(path)
    assert offsets(log) == list(range(11))


def test_a_segment_that_lost_its_end_is_corrupt(old, make, folder):
    old.close()
    with contextlib.closing(sqlite.connect(segments.path_of(folder, 4))) as connection:
        connection.execute("DELETE FROM entries WHERE offset = 7")
    log = make()
    with pytest.raises(Corrupt, match="ends at offset 7 and the next one starts at 8"):
        log.read(0, 0, 10)


def test_a_torn_segment_is_corrupt_and_nothing_else_is(old, make, folder):
    old.close()
    path = segments.path_of(folder, 4)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    log = make()
    with pytest.raises(Corrupt, match=path.name):
        log.read(0, 0, 10)
    assert len(log.read(0, 0, 4)) == 4
    assert log.append(drafts())[0].offset == 10
    path.write_bytes(whole)
    with contextlib.closing(SqliteEventLog(folder, ManualClock())) as mended:
        assert offsets(mended) == list(range(11))


@pytest.mark.parametrize("content", [b"", b"no database" * 1_000])
def test_a_foreign_file_by_the_name_of_the_newest_segment_stops_all_until_it_is_gone(
    old, make, folder, content
):
    old.close()
    path = segments.path_of(folder, 10)
    path.write_bytes(content)
    log = make()
    for call in (lambda: log.append(drafts()), lambda: log.end(0), lambda: log.read(0, 0, 20)):
        with pytest.raises(Corrupt, match=path.name) as refusal:
            call()
        assert "hint: " in str(refusal.value)
    path.unlink()
    with contextlib.closing(SqliteEventLog(folder, ManualClock())) as mended:
        assert mended.append(drafts())[0].offset == 10
        assert offsets(mended) == list(range(11))


def test_files_of_other_names_are_nobodys_business(old, make, folder):
    for name in ("notes.txt", "00000000000000000004.sqlite3.bak", ".hidden", "5.sqlite3"):
        (folder / name).write_text("mine")
    (folder / "lost+found").mkdir()
    log = make()
    assert offsets(log) == list(range(10))
    assert log.append(drafts())[0].offset == 10
    assert log.retire(0, 8, NEVER_MS) == 8
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_segment_under_anothers_name_is_corrupt(old, make, folder):
    old.close()
    shutil.copy(segments.path_of(folder, 4), segments.path_of(folder, 10))
    log = make()
    with pytest.raises(Corrupt, match="must start at the offset of its name, it starts at 4"):
        log.append(drafts())


def test_a_segment_far_from_the_one_before_is_not_continued(old, make, folder):
    old.close()
    segments.make(folder, 50)
    with pytest.raises(Corrupt, match="must follow the segment before it, that ends at offset 10"):
        make().append(drafts())


def test_a_segment_of_a_newer_version_is_refused_and_one_of_before_there_were_any_is_read(
    old, make, folder
):
    old.close()
    path = segments.path_of(folder, 8)
    with contextlib.closing(sqlite.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (segments.VERSION,)
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(Corrupt, match=r"version 1 at most, got 2\nhint: .*newer version of Tamesu"):
        make().append(drafts())
    with contextlib.closing(sqlite.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 0")
    log = make()
    assert log.append(drafts())[0].offset == 10
    assert offsets(log) == list(range(11))


def test_a_full_disk_at_a_new_segment_refuses_and_recovers(on_small_disk):
    told = on_small_disk("""
        from tamesu.adapters.clock.manual import ManualClock
        from tamesu.adapters.eventlog import segments, writer
        from tamesu.adapters.eventlog.sqlite import SqliteEventLog
        from tamesu.base import Draft
        clock = ManualClock()
        log = SqliteEventLog(place / "log", clock)
        batch = [Draft("key", "event", bytes(500))] * 10
        log.append(batch)
        fill()
        clock.move(2 * 3_600_000_000)
        told["full"] = error(log.append, batch)
        told["kept"] = [segments.found(place / "log"), len(log.read(0, 0, 100))]
        empty()
        told["freed"] = error(log.append, batch)[0]
        told["then"] = [segments.found(place / "log"), len(log.read(0, 0, 100))]
    """)
    assert told["full"][0] == "Unavailable"
    assert "disk is full" in told["full"][1] or "No space" in told["full"][1]
    assert told["kept"] == [[0], 10]
    assert told["freed"] == "no error"
    assert told["then"] == [[0, 10], 20]


def test_a_full_disk_keeps_nobody_from_reading_and_dropping_what_is_old(on_small_disk):
    """A trainer that starts then has no room for files beside the segments: it makes some."""
    told = on_small_disk(
        """
        from tamesu.adapters.clock.manual import ManualClock
        from tamesu.adapters.eventlog.sqlite import SqliteEventLog
        from tamesu.base import Draft
        from tamesu.base.times import HOUR_US
        clock = ManualClock()
        server = SqliteEventLog(place / "log", clock)
        for _ in range(3):
            server.append([Draft("key", "event", bytes(100_000))] * 3)
            clock.move(2 * HOUR_US)
        server.append([Draft("key", "event", bytes(100))])
        server.close()
        server = SqliteEventLog(place / "log", clock)
        server.append([Draft("key", "event", bytes(100))])
        neighbour = SqliteEventLog(place / "log", clock)
        neighbour.end(0)  # it has the newest segment open, and keeps it so
        fill()
        told["full"] = error(server.append, [Draft("key", "event", bytes(500_000))])
        trainer = SqliteEventLog(place / "log", clock)
        told["read"] = [entry.offset for entry in trainer.read(0, 0, 100)]
        told["gone"] = trainer.retire(0, 6, 1 << 52)
        told["start"] = trainer.start(0)
        told["again"] = server.append([Draft("key", "event", bytes(100_000))])[0].offset
        """,
        size="3m",
    )
    kind, reason = told["full"]
    assert (kind, "the disk is full" in reason) == ("Unavailable", True)
    assert told["read"] == list(range(11))
    assert told["gone"] == 6
    assert told["start"] == 6
    assert told["again"] == 11
