"""The SQL store in trouble: full, read-only, foreign, from the future; and a poll stays cheap."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from tamesu.adapters import sqlite
from tamesu.adapters.store import tables
from tamesu.adapters.store.sql import SqlStore
from tamesu.base import Corrupt, Declaration, Snapshot, Time, Unavailable
from tamesu.ports import Commit
from tamesu.testing.commands_contract import roster_of
from tamesu.testing.commits import commit_of, snapshot_of

SETUP = """
from tamesu.adapters.store.sql import SqlStore
from tamesu.base import Declaration, Snapshot, Time
from tamesu.ports import Commit
lease = None
def commit(number, size=1000):
    store.commit(Commit(
        lease=lease,
        checkpoint=str(number).encode(),
        counts={"home": {"events_read": 1}},
        snapshots=[Snapshot(
            bandit="home", declaration=1, version=number, state=bytes(size),
            created=Time(1), watermark=Time(1), observations=number,
        )],
    ))
def everything():
    progress = store.progress()
    return [progress.checkpoint.decode(), progress.counts, dict(store.versions())]
"""


def test_a_full_disk_refuses_whole_commits_and_recovers(on_small_disk):
    told = on_small_disk(
        SETUP
        + """
store = SqlStore(place / "store.sqlite3")
lease = store.lease("one", Time(0), 10)
number = 0
def many():
    global number
    while True:
        commit(number + 1)
        number += 1
fill()
told["full"] = error(many)
told["kept"] = everything()
told["expected"] = [str(number) if number else "", {"home": {"events_read": number}}, {"home": number}]
told["number"] = number
empty()
told["freed"] = error(commit, number + 1)[0]
told["then"] = everything()
"""
    )
    kind, message = told["full"]
    assert kind == "Unavailable"
    assert "disk is full" in message
    number = told["number"]
    if number:
        assert told["kept"] == [str(number), {"home": {"events_read": number}}, {"home": number}]
    else:
        assert told["kept"] == ["", {}, {}]
    assert told["freed"] == "no error"
    number += 1
    assert told["then"] == [str(number), {"home": {"events_read": number}}, {"home": number}]


def test_a_read_only_folder_refuses_and_recovers(on_small_disk):
    told = on_small_disk(
        SETUP
        + """
store = SqlStore(place / "store.sqlite3")
lease = store.lease("one", Time(0), 10)
store.close()
remount("ro")
told["new"] = error(SqlStore, place / "other" / "store.sqlite3")
told["commit"] = error(commit, 1)
remount("rw")
told["after"] = error(commit, 1)[0]
told["then"] = everything()
"""
    )
    for which in ("new", "commit"):
        kind, message = told[which]
        assert kind == "Unavailable"
        assert "hint: see that" in message
    assert told["after"] == "no error"
    assert told["then"] == ["1", {"home": {"events_read": 1}}, {"home": 1}]


def test_a_newer_schema_is_refused(tmp_path):
    path = tmp_path / "store.sqlite3"
    SqlStore(path).close()
    with contextlib.closing(sqlite.connect(path)) as connection:
        connection.execute("UPDATE schema SET number = ?", (tables.SCHEMA + 1,))
    with pytest.raises(
        Unavailable,
        match=rf"schema {tables.SCHEMA} or older, got {tables.SCHEMA + 1}.*\n.*upgrade Tamesu",
    ):
        SqlStore(path)


def test_another_database_is_refused(tmp_path):
    path = tmp_path / "store.sqlite3"
    sqlite.create(path, "CREATE TABLE recipes (name TEXT);")
    with pytest.raises(Corrupt, match="must be a store of Tamesu"):
        SqlStore(path)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "store.sqlite3"
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(Corrupt, match="is not an SQLite database"):
        SqlStore(path)


def test_many_may_make_it_at_once(tmp_path):
    """Whoever loses the race finds the winner's file, whole."""
    path = tmp_path / "data" / "store.sqlite3"
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: SqlStore(path), range(8)))
    stores[0].declare(Declaration.parse({"name": "home", "arms": ["a"]}), Time(1))
    assert all(set(store.declarations()) == {"home"} for store in stores)
    for store in stores:
        store.close()
    assert [file.name for file in path.parent.iterdir()] == ["store.sqlite3"]


def test_a_poll_of_versions_reads_one_row_a_bandit(tmp_path):
    """However many versions are kept: the statement never touches the table of snapshots."""
    with contextlib.closing(SqlStore(tmp_path / "store.sqlite3")) as store:
        lease = store.lease("one", Time(0), 10)
        for version in range(1, 4):
            snapshot = Snapshot(
                bandit="home",
                declaration=1,
                version=version,
                state=b"",
                created=Time(1),
                watermark=Time(1),
                observations=1,
            )
            store.commit(Commit(lease=lease, checkpoint=b"", counts={}, snapshots=[snapshot]))
        statements = []
        sa.event.listen(
            store._engine, "before_cursor_execute", lambda *seen: statements.append(seen[2])
        )
        assert store.versions() == {"home": 3}
        assert not [text for text in statements if "snapshots" in text]
        assert any("newest" in text for text in statements)


def test_a_look_for_commands_reads_those_that_wait(tmp_path):
    """However many were ever asked: the trainer looks fifty times a second."""
    with contextlib.closing(SqlStore(tmp_path / "store.sqlite3")) as store:
        asked = []
        sa.event.listen(
            store._engine, "before_cursor_execute", lambda *seen: asked.append(seen[2:4])
        )
        assert store.waiting() == []
        ((query, values),) = [(text, more) for text, more in asked if "commands" in text]
        with store._engine.begin() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
        assert [row[-1] for row in plan] == [
            "SEARCH commands USING INDEX commands_that_wait (waits=?)"
        ]


def test_what_is_declared_is_parsed_once(tmp_path):
    """The trainer asks for a declaration at every batch."""
    with contextlib.closing(SqlStore(tmp_path / "store.sqlite3")) as store:
        store.declare(Declaration.parse({"name": "home", "arms": ["a"]}), Time(1))
        assert store.declared("home", 1).declaration is store.declared("home", 1).declaration


def test_nothing_is_committed_into_a_store_that_was_taken_away(tmp_path):
    """SQLite goes on writing a removed file, and whoever has it open goes on reading it."""
    declaration = Declaration.parse({"name": "home", "arms": ["a"]})
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    with contextlib.closing(SqlStore(home / "store.sqlite3")) as store:
        home.rename(away)
        for call in (store.versions, lambda: store.declare(declaration, Time(1))):
            with pytest.raises(Unavailable, match="removed or replaced"):
                call()
        away.rename(home)
        store.declare(declaration, Time(1))
        assert list(store.declarations()) == ["home"]


def test_a_record_that_cannot_be_read_is_corrupt_and_its_neighbours_are_not(tmp_path):
    path = tmp_path / "store.sqlite3"
    with contextlib.closing(SqlStore(path)) as store:
        for name in ("home", "away"):
            store.declare(Declaration.parse({"name": name, "arms": ["a"]}), Time(1))
            store.ask(name, "arms", {}, Time(1))
        lease = store.lease("one", Time(0), 10)
        made = [snapshot_of("home", 1), snapshot_of("away", 1)]
        rosters = [roster_of("home", 1), roster_of("away", 1)]
        store.commit(commit_of(lease, snapshots=made, rosters=rosters))
    with contextlib.closing(sqlite.connect(path)) as connection:
        for table in ("snapshots", "rosters"):
            connection.execute(f"UPDATE {table} SET body = x'7bff' WHERE bandit = 'home'")
        connection.execute("UPDATE commands SET body = '{}' WHERE number = 1")
    with contextlib.closing(SqlStore(path)) as store:
        for call in (
            lambda: store.snapshot("home"),
            lambda: store.roster("home", 1),
            lambda: store.command(1),
        ):
            with pytest.raises(Corrupt, match="restore the store from a backup"):
                call()
        assert store.snapshot("away") == made[1]
        assert store.roster("away", 1) == rosters[1]
        assert store.command(2).bandit == "away"
