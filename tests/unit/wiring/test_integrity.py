"""The doctor finds what is damaged, missing or ahead, changes nothing, and leaves the sound in peace."""

from __future__ import annotations

import hashlib
from contextlib import closing

import pytest

from tamesu.adapters import sqlite
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.base import Draft, Time
from tamesu.ports import ArchiveFile, Commit, Holds
from tamesu.wiring import Settings, doctor, integrity, open_store
from tamesu.wiring.places import open_cache

NOW = Time.parse("2026-11-22T12:00:00.000000Z")


@pytest.fixture
def settings(tmp_path):
    return Settings(data=str(tmp_path / "data"), port=0)


@pytest.fixture
def filled(settings):
    """A log of four segments, a store with a file in its manifest, that file, and a cache."""
    clock = ManualClock(NOW)
    log = SqliteEventLog(settings.folder / "log", clock=clock, segment_bytes=1)
    for _ in range(4):
        log.append([Draft(key="k", kind="event", body=b"x" * 200)] * 100)
    log.close()
    archived = settings.folder / "archive" / "front" / "1"
    archived.mkdir(parents=True)
    (archived / "a.parquet").write_bytes(b"12345")
    store = open_store(settings)
    store.commit(
        Commit(
            lease=store.lease("me", NOW, 1_000_000),
            checkpoint=b"",
            counts={},
            files=[ArchiveFile(name="front/1/a.parquet", bandit="front", rows=1, bytes=5)],
        )
    )
    store.close()
    cache = open_cache(settings)
    cache.close()
    return settings


def told(settings):
    """What the doctor says of the data, by check."""
    return {
        finding.check: finding
        for finding in doctor(settings)
        if finding.check in {"store", "log", "cache", "data", "clock"}
    }


def damaged(path):
    """Overwrites most of a file's second page."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 3000)


def prints(folder):
    """A digest of each file that is data: not of what SQLite keeps beside while it is open."""
    return {
        path: hashlib.sha256(path.read_bytes()).digest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal", ".lock"))
    }


def test_sound_data_is_well_and_not_changed(filled):
    before = prints(filled.folder)
    found = told(filled)
    assert all(finding.well and not finding.hint for finding in found.values())
    assert "segments are whole" in found["log"].found
    assert "has its 1 files" in found["data"].found
    assert prints(filled.folder) == before


def test_where_nothing_is_there_is_nothing_to_say(settings):
    assert told(settings) == {}
    assert not settings.folder.exists()


def segments(settings):
    return sorted((settings.folder / "log").glob("0*.sqlite3"))


def test_a_damaged_store_is_found(filled):
    damaged(filled.folder / "store.sqlite3")
    found = told(filled)["store"]
    assert (found.well, bool(found.hint)) == (False, True)


def test_a_damaged_segment_is_found(filled):
    damaged(segments(filled)[1])
    found = told(filled)["log"]
    assert (found.well, bool(found.hint)) == (False, True)
    assert segments(filled)[1].name in found.found


def test_a_segment_that_is_gone_is_found(filled):
    first, gone, *_ = segments(filled)
    for path in gone.parent.glob(f"{gone.name}*"):
        path.unlink()
    found = told(filled)["log"]
    assert not found.well
    assert "must go on at offset" in found.found
    assert first.exists()


def test_a_file_that_the_manifest_names_and_nobody_has_is_found(filled):
    archived = filled.folder / "archive" / "front" / "1" / "a.parquet"
    archived.write_bytes(b"1234")
    assert "front/1/a.parquet" in told(filled)["data"].found
    archived.unlink()
    assert not told(filled)["data"].well


def records(settings, *parts, archived):
    """Names files of records of these offsets, first to end, that lie there."""
    folder = settings.folder / "archive" / "_records" / "0"
    folder.mkdir(parents=True)
    files = []
    for first, end in parts:
        (folder / f"{first}.parquet").write_bytes(b"1")
        files.append(
            ArchiveFile(
                name=f"_records/0/{first}.parquet",
                bandit="",
                rows=end - first,
                bytes=1,
                holds=Holds.RECORDS,
                first=first,
                end=end,
            )
        )
    with closing(open_store(settings)) as store:
        store.arrange(store.lease("me", NOW, 1_000_000), files, [], [archived])


def test_files_of_every_kind_are_counted(filled):
    records(filled, (0, 10), (10, 30), archived=30)
    assert "3 files (1 of observations, 2 of records)" in told(filled)["data"].found


def test_records_that_neither_log_nor_archive_have_are_found(filled):
    records(filled, (0, 10), archived=10)
    segments(filled)[0].unlink()
    found = told(filled)["data"]
    assert not found.well
    assert "archived up to 10" in found.found


def test_records_that_are_archived_twice_are_found(filled):
    records(filled, (0, 10), (9, 30), archived=30)
    assert "from offset 9 on" in told(filled)["data"].found


def test_a_damaged_cache_is_a_note(filled):
    (filled.folder / "cache.sqlite3").write_bytes(b"no database at all" * 300)
    found = told(filled)["cache"]
    assert (found.well, bool(found.hint)) == (True, True)


@pytest.mark.parametrize(("number", "well"), [(1, True), (99, False)])
def test_an_older_store_is_a_note_and_a_newer_one_wrong(filled, number, well):
    path = filled.folder / "store.sqlite3"
    connection = sqlite.driver.connect(path)
    connection.execute(f"UPDATE schema SET number = {number}")
    connection.commit()
    connection.close()
    before = prints(filled.folder)
    found = told(filled)
    assert (found["store"].well, bool(found["store"].hint)) == (well, True)
    assert "data" not in found, "to open it would change it"
    assert prints(filled.folder) == before


def test_a_clock_behind_the_log_is_found(settings):
    clock = ManualClock(NOW)
    log = SqliteEventLog(settings.folder / "log", clock=clock)
    clock.set(Time.parse("2999-01-01T00:00:00.000000Z"))
    log.append([Draft(key="k", kind="event", body=b"x")])
    log.close()
    found = told(settings)["clock"]
    assert not found.well
    assert "behind the log" in found.found
    assert "poison" in found.hint


def test_a_long_log_is_looked_through_from_its_end(filled, monkeypatch):
    monkeypatch.setattr(integrity, "MOST_BYTES", 1)
    assert "the newest 1 of" in told(filled)["log"].found
    damaged(segments(filled)[-1])
    assert not told(filled)["log"].well


def test_what_comes_in_and_cannot_be_learnt_from_is_told_loudly(tmp_path):
    """Bandit by bandit, with what to do about the first."""
    settings = Settings(data=str(tmp_path))
    with closing(open_store(settings)) as store:
        lease = store.lease("one", Time(1), 1_000_000)
        deaf = {"deliveries_made": 300, "deliveries_unshown": 290, "deliveries_observed": 10}
        store.commit(
            Commit(lease=lease, checkpoint=b"", counts={"deaf": deaf, "well": {}}, snapshots=())
        )
    found = integrity.what_comes_in(settings)
    assert not found.well
    assert "deaf: no impressions arrive: 290 of 300" in found.found
    assert "well" not in found.found
    assert "reward.anchor: decision" in found.hint
