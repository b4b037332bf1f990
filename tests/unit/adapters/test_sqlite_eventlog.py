"""The SQLite log in trouble: full, read-only, damaged, locked; and its WAL stays bounded."""

from __future__ import annotations

import contextlib
import resource
import shutil

import pytest

from tamesu.adapters import sqlite
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.segment import UPKEEP_BYTES, WAL_BYTES
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.base import Corrupt, Draft, MissingExtra, Unavailable

SEGMENT = "00000000000000000000.sqlite3"


def drafts(count: int = 1, size: int = 100) -> list[Draft]:
    return [Draft("key", "event", bytes(size)) for _ in range(count)]


@pytest.fixture
def log(tmp_path):
    with contextlib.closing(SqliteEventLog(tmp_path / "log", ManualClock())) as made:
        yield made


def test_a_full_disk_refuses_whole_appends_and_recovers(on_small_disk):
    told = on_small_disk("""
        from tamesu.adapters.clock.system import SystemClock
        from tamesu.adapters.eventlog.sqlite import SqliteEventLog
        from tamesu.base import Draft
        log = SqliteEventLog(place / "log", SystemClock())
        other = SqliteEventLog(place / "log", SystemClock())
        batch = [Draft("key", "event", bytes(500))] * 64
        acknowledged = 0
        def append():
            global acknowledged
            acknowledged += len(log.append(batch))
        append()
        fill()
        told["full"] = error(lambda: [append() for _ in range(1000)])
        told["again"] = error(lambda: [append() for _ in range(1000)])
        told["kept"] = [acknowledged, log.end(0), other.end(0), len(log.read(0, 0, 10**6))]
        empty()
        told["freed"] = error(append)[0]
        told["then"] = [acknowledged, log.end(0), len(other.read(0, 0, 10**6))]
    """)
    for moment in ("full", "again"):
        kind, message = told[moment]
        assert kind == "Unavailable"
        assert "disk is full" in message
        assert "hint: free some room" in message
    assert len(set(told["kept"])) == 1
    assert told["freed"] == "no error"
    assert told["then"] == [told["kept"][0] + 64] * 3


def test_a_full_disk_at_the_first_append_leaves_no_log(on_small_disk):
    told = on_small_disk("""
        from tamesu.adapters.clock.system import SystemClock
        from tamesu.adapters.eventlog.sqlite import SqliteEventLog
        from tamesu.base import Draft
        log = SqliteEventLog(place / "log", SystemClock())
        fill()
        told["full"] = error(log.append, [Draft("key", "event", b"{}")])
        told["files"] = sorted(path.name for path in (place / "log").glob("*.sqlite3*"))
        told["end"] = log.end(0)
        empty()
        told["freed"] = error(log.append, [Draft("key", "event", b"{}")])[0]
    """)
    assert told["full"][0] == "Unavailable"
    assert told["files"] == []
    assert told["end"] == 0
    assert told["freed"] == "no error"


def test_a_read_only_folder_refuses_and_recovers(on_small_disk):
    told = on_small_disk("""
        from tamesu.adapters.clock.system import SystemClock
        from tamesu.adapters.eventlog.sqlite import SqliteEventLog
        from tamesu.base import Draft
        draft = Draft("key", "event", b"{}")
        with_one = SqliteEventLog(place / "log", SystemClock())
        with_one.append([draft])
        with_one.close()
        remount("ro")
        log = SqliteEventLog(place / "log", SystemClock())
        new = SqliteEventLog(place / "new", SystemClock())
        told["old"] = error(log.append, [draft])
        told["new"] = error(new.append, [draft])
        remount("rw")
        told["after"] = [error(log.append, [draft])[0], error(new.append, [draft])[0]]
        told["ends"] = [log.end(0), new.end(0)]
    """)
    for which in ("old", "new"):
        kind, message = told[which]
        assert kind == "Unavailable"
        assert "ead-only" in message
        assert "hint: " in message
    assert told["after"] == ["no error", "no error"]
    assert told["ends"] == [2, 1]


def test_a_failing_write_leaves_nothing_behind(log):
    """A file-size limit makes the operating system refuse the write in the middle."""
    log.append(drafts(4))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        with pytest.raises(Unavailable, match="hint: "):
            log.append(drafts(1_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert log.end(0) == 4
    (receipt,) = log.append(drafts())
    assert receipt.offset == 4
    assert len(log.read(0, 0, 2_000)) == 5


def test_nothing_is_acknowledged_into_a_log_that_was_taken_away(log, tmp_path):
    """SQLite goes on writing a removed file, and whoever has it open goes on reading it."""
    log.append(drafts())
    log.end(0)
    away = (tmp_path / "log").rename(tmp_path / "away")
    with pytest.raises(Unavailable, match="removed or replaced"):
        log.append(drafts())
    with pytest.raises(Unavailable, match="removed or replaced"):
        log.end(0)
    with contextlib.closing(SqliteEventLog(tmp_path / "log", ManualClock())) as other:
        other.append(drafts(7))
        with pytest.raises(Unavailable, match="removed or replaced"):
            log.append(drafts())
    shutil.rmtree(tmp_path / "log")
    away.rename(tmp_path / "log")
    assert log.append(drafts())[0].offset == 1
    assert log.end(0) == 2


def test_a_file_that_is_no_database_is_corrupt(log, tmp_path):
    log.append(drafts())
    log.close()
    (tmp_path / "log" / SEGMENT).write_bytes(b"no database" * 1_000)
    with contextlib.closing(SqliteEventLog(tmp_path / "log", ManualClock())) as damaged:
        with pytest.raises(Corrupt, match="hint: restore it"):
            damaged.read(0, 0, 10)
        with pytest.raises(Corrupt):
            damaged.append(drafts())


def test_a_damaged_page_is_corrupt(log, tmp_path):
    log.append(drafts(500))
    log.close()
    path = tmp_path / "log" / SEGMENT
    content = bytearray(path.read_bytes())
    content[8_192:20_480] = b"\xff" * 12_288
    path.write_bytes(content)
    damaged = SqliteEventLog(tmp_path / "log", ManualClock())
    with contextlib.closing(damaged), pytest.raises(Corrupt, match="damaged"):
        damaged.read(0, 0, 1_000)


def test_a_lock_held_too_long_is_unavailable(log, tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 10)
    log.append(drafts())
    log.close()
    path = tmp_path / "log" / SEGMENT
    with (
        contextlib.closing(sqlite.connect(path)) as holder,
        contextlib.closing(SqliteEventLog(tmp_path / "log", ManualClock())) as waiting,
    ):
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="stayed locked"):
            waiting.append(drafts())
        holder.execute("ROLLBACK")
        assert waiting.append(drafts())[0].offset == 1


def test_an_old_sqlite_is_refused_with_what_to_do():
    with pytest.raises(MissingExtra) as refusal:
        sqlite.refuse_old((3, 40, 1))
    assert "SQLite must be 3.51.3 or newer, got 3.40.1" in str(refusal.value)
    assert "hint: pip install --upgrade pysqlite3" in str(refusal.value)
    assert refusal.value.exit_code == 3
    sqlite.refuse_old((3, 51, 3))


def wal_bytes(folder) -> int:
    return (folder / "log" / (SEGMENT + "-wal")).stat().st_size


def test_upkeep_and_the_writer_together_bound_the_wal(log, tmp_path):
    """The reader copies the bulk, the writer the rest, and the WAL starts over."""
    with contextlib.closing(SqliteEventLog(tmp_path / "log", ManualClock())) as reader:
        for _ in range(4 * UPKEEP_BYTES // 140_000):
            log.append(drafts(200, 700))
            reader.upkeep()
    assert wal_bytes(tmp_path) < 2 * UPKEEP_BYTES
    assert (tmp_path / "log" / SEGMENT).stat().st_size > 3 * UPKEEP_BYTES


def test_without_upkeep_the_writer_bounds_the_wal_itself(tmp_path):
    log = SqliteEventLog(tmp_path / "log", ManualClock(), segment_bytes=1 << 30)
    with contextlib.closing(log):
        total = 0
        while total < 4 * WAL_BYTES:
            log.append(drafts(250, 4_000))
            total += 250 * 4_000
        assert wal_bytes(tmp_path) < 2.2 * WAL_BYTES


def test_a_reader_may_be_there_before_the_writer(log, tmp_path):
    with contextlib.closing(SqliteEventLog(tmp_path / "log", ManualClock())) as reader:
        assert reader.read(0, 0, 10) == []
        assert not (tmp_path / "log").exists()
        log.append(drafts())
        assert len(reader.read(0, 0, 10)) == 1


def test_there_is_partition_zero_alone(log):
    with pytest.raises(IndexError):
        log.read(1, 0, 10)
    with pytest.raises(IndexError):
        log.end(-1)
