"""`tamesu replay` and `tamesu reconcile` on files: what they say, and with which exit code they end."""

from __future__ import annotations

import json
import sqlite3
from functools import partial

import pytest
from random_lives import World

from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.adapters.store.sql import SqlStore
from tamesu.cli.entry import run


@pytest.fixture
def data(tmp_path):
    """A data folder in which two bandits have learnt."""
    (tmp_path / "log").mkdir()
    store = SqlStore(tmp_path / "store.sqlite3")
    archive = ParquetArchive(tmp_path / "archive")
    log = partial(SqliteEventLog, tmp_path / "log")
    world = World(store=store, archive=archive, log=log)
    world.learnt("a", 3)
    world.ask("home", "freeze")
    world.learnt("b", 2)
    world.upkeep()
    world.log.close()
    store.close()
    return tmp_path


def told(capsys, *words, code=0):
    capsys.readouterr()
    assert run(list(words)) == code
    out, err = capsys.readouterr()
    return json.loads(out) if "--json" in words else out + err


@pytest.mark.parametrize("source", ["both", "log", "archive"])
def test_what_is_served_is_what_the_records_come_to(data, capsys, source):
    words = ("--data", str(data), "--from", source, "--json")
    answer = told(capsys, "reconcile", *words)
    assert answer["equal"]
    assert answer["differences"] == []
    assert answer["bandits"] == ["home"]
    answer = told(capsys, "replay", "home", *words)
    (home,) = answer["bandits"]
    assert (home["status"], home["observations"], home["observations_aside"]) == ("frozen", 3, 5)
    assert {arm["arm"]: arm["observations"] for arm in home["arms"]} == {"a": 3, "b": 0, "c": 0}


def test_for_people(data, capsys):
    assert "is what is served, bit for bit" in told(capsys, "reconcile", "--data", str(data))
    answer = told(capsys, "replay", "--data", str(data))
    assert "home: frozen, declaration 1, 3 observations, 5 with those learnt aside" in answer


def test_a_state_that_was_changed_is_named(data, capsys):
    with sqlite3.connect(data / "store.sqlite3") as store:
        older = store.execute("SELECT state FROM deferred").fetchone()[0]
        store.execute("UPDATE snapshots SET state = ?", (older,))
        store.execute("UPDATE counts SET value = value + 1 WHERE name = 'events_joined'")
    words = ("reconcile", "--data", str(data), "--json")
    answer = told(capsys, *words, code=1)
    assert not answer["equal"]
    named = {difference["what"]: difference for difference in answer["differences"]}
    assert named.keys() == {"arm b", "events joined"}
    assert (named["events joined"]["served"], named["events joined"]["rebuilt"]) == (6, 5)
    assert "differs from what is served" in told(capsys, *words[:3], code=1)


def test_a_store_that_was_damaged_is_written_anew(data, tmp_path, capsys):
    path = data / "store.sqlite3"
    with sqlite3.connect(path) as store:
        older = store.execute("SELECT state FROM deferred").fetchone()[0]
        store.execute("UPDATE snapshots SET state = ?", (older,))
    told(capsys, "reconcile", "--data", str(data), code=1)
    fresh = tmp_path / "fresh"
    told(capsys, "replay", "--data", str(data), "--out", str(fresh))
    (fresh / "store.sqlite3").replace(path)
    for leftover in ("-wal", "-shm"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    assert told(capsys, "reconcile", "--data", str(data), "--json")["equal"]
    store = SqlStore(path)
    assert store.snapshot("home").observations == 3
    assert store.deferred("home").observations == 5
    assert [command.kind for command in store.commands()] == ["freeze"]
    store.close()
    answer = told(capsys, "replay", "--data", str(data), "--out", str(fresh), code=1)
    assert "must name a folder that is not there yet" in answer


def test_a_log_that_lost_its_beginning_is_an_error_and_the_archive_has_it(data, capsys):
    (segment,) = (data / "log").glob("*.sqlite3")
    with sqlite3.connect(segment) as log:
        log.execute("DELETE FROM entries WHERE offset >= (SELECT max(offset) FROM entries)")
    answer = told(capsys, "reconcile", "--data", str(data), code=1)
    assert "the log must reach offset" in answer
    assert told(capsys, "reconcile", "--data", str(data), "--from", "archive", "--json")["equal"]


def test_what_cannot_be_is_refused(data, tmp_path, capsys):
    assert "no bandit named 'hom'" in told(capsys, "replay", "hom", "--data", str(data), code=1)
    words = ("replay", "--data", str(data), "--from", "tape")
    assert "--from must be one of both, log, archive" in told(capsys, *words, code=2)
    answer = told(capsys, "reconcile", "--data", str(tmp_path / "nowhere"), code=1)
    assert "must hold a store" in answer
    assert not (tmp_path / "nowhere").exists()
