"""Older stores are brought up to date: whole, once, and to exactly what a new store has."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tamesu.adapters import sqlite
from tamesu.adapters.store import migrations, tables
from tamesu.adapters.store.sql import SqlStore
from tamesu.base import Unavailable

GOLDEN = Path(__file__).parents[2] / "golden"
OPEN = """
import sys
from pathlib import Path
from tamesu.adapters.store.sql import SqlStore
print("ready", flush=True)
sys.stdin.readline()
store = SqlStore(Path(sys.argv[1]))
print(store.versions()["home"], store.waiting(), flush=True)
store.close()
"""


@pytest.fixture
def old(tmp_path):
    """A store of schema 1 with something in it."""
    path = tmp_path / "store.sqlite3"
    path.write_bytes((GOLDEN / "store-schema-1.sqlite3").read_bytes())
    return path


def ask(path, statement):
    with contextlib.closing(sqlite.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def shape(path):
    """Every table and index of a database, as its statement says, spaces and quotes aside."""
    rows = ask(path, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: re.sub(r"\s+", " ", re.sub(r"[\"\n\t]", " ", sql)).strip() for name, sql in rows}


def loosely(text):
    return re.sub(r"\s*([(),])\s*", r"\1", text).casefold()


def test_a_migrated_store_has_the_shape_of_a_new_one(old, tmp_path):
    SqlStore(old).close()
    SqlStore(tmp_path / "new.sqlite3").close()
    migrated, new = shape(old), shape(tmp_path / "new.sqlite3")
    assert {name: loosely(sql) for name, sql in migrated.items()} == {
        name: loosely(sql) for name, sql in new.items()
    }
    assert ask(old, "SELECT number FROM schema") == [(tables.SCHEMA,)]


def test_there_is_a_step_to_every_schema():
    assert sorted(migrations.STEPS) == list(range(2, tables.SCHEMA + 1))


def test_of_many_processes_that_open_an_old_store_at_once_one_migrates_it(old):
    """The others wait for it, and find it done; nobody sees a half."""
    opened = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, str(old)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in opened:
        assert process.stdout.readline() == "ready\n"
    for process in opened:
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60) for process in opened]
    assert [out.splitlines()[-1] for out, _ in told] == ["7 []"] * 3, told
    assert "".join(out for out, _ in told).count("newer schema") == 1
    assert ask(old, "SELECT number FROM schema") == [(tables.SCHEMA,)]


def test_a_migration_that_breaks_off_has_changed_nothing(old, monkeypatch):
    """One transaction: the old version can still read it, and the next try does it."""
    before = shape(old)
    good = migrations.STEPS[2]
    monkeypatch.setitem(migrations.STEPS, 2, good + "; CREATE TABLE rosters (again TEXT)")
    with pytest.raises(Unavailable):
        SqlStore(old)
    assert shape(old) == before
    assert ask(old, "SELECT number FROM schema") == [(1,)]
    monkeypatch.setitem(migrations.STEPS, 2, good)
    with contextlib.closing(SqlStore(old)) as store:
        assert store.versions() == {"home": 7}


def test_what_is_about_to_happen_is_said_once_with_the_way_back(old):
    with capture_logs() as said:
        SqlStore(old).close()
        SqlStore(old).close()
    (message,) = said
    assert "newer schema" in message["event"]
    assert "keep a copy of the data folder" in message["hint"]


def test_a_read_only_old_store_says_what_to_do(on_small_disk):
    told = on_small_disk(
        f"""
from tamesu.adapters.store.sql import SqlStore
(place / "store.sqlite3").write_bytes(open({str(GOLDEN / "store-schema-1.sqlite3")!r}, "rb").read())
remount("ro")
told["read-only"] = error(SqlStore, place / "store.sqlite3")
remount("rw")
told["then"] = error(SqlStore, place / "store.sqlite3")[0]
"""
    )
    kind, message = told["read-only"]
    assert kind == "Unavailable"
    assert "hint: see that" in message
    assert told["then"] == "no error"
