"""`tamesu replay` and `tamesu reconcile` on files: what they say, and with which exit code they end."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import replace
from functools import partial

import pytest
from msgspec.structs import replace as replaced
from random_lives import HOME, World

from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.adapters.store.sql import SqlStore
from tamesu.base import Conflict
from tamesu.base.times import SECOND_US
from tamesu.cli.entry import run
from tamesu.cli.replay import run as run_through
from tamesu.wiring import Settings, rebuilding


@contextlib.contextmanager
def living(folder):
    """Two bandits in a data folder."""
    (folder / "log").mkdir()
    store = SqlStore(folder / "store.sqlite3")
    archive = ParquetArchive(folder / "archive")
    log = partial(SqliteEventLog, folder / "log")
    world = World(store=store, archive=archive, log=log)
    yield world
    world.log.close()
    store.close()


@pytest.fixture
def data(tmp_path):
    """A data folder in which one of two bandits has learnt."""
    with living(tmp_path) as world:
        world.learnt("a", 3)
        world.ask("home", "freeze")
        world.learnt("b", 2)
        world.upkeep()
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
    assert "home: frozen, declaration 1, observations: 3, 5 with those learnt aside" in answer


def test_a_bandit_that_was_made_again_is_told_from_the_one_that_was_deleted(tmp_path, capsys):
    with living(tmp_path) as world:
        world.learnt("a")
        for bandit in ("home", "shop"):
            world.ask(bandit, "delete")
        world.move(SECOND_US)
        world.engine.catch_up()
        world.store.declare(HOME, world.clock.now(), 2)
        world.upkeep()
    words = ("replay", "--data", str(tmp_path))
    home, shop = told(capsys, *words, "--json")["bandits"]
    assert (home["status"], home["declaration"], home["made_again"]) == ("deleted", 1, True)
    assert (shop["status"], shop["declaration"], shop["made_again"]) == ("deleted", 1, False)
    assert "observations: 1; made again since, and nothing learnt yet" in told(capsys, *words)
    words = ("aggregate", "--data", str(tmp_path), "--json")
    home, shop = told(capsys, *words)["bandits"]
    assert (home["why"], shop["why"]) == (
        "nothing was learnt yet",
        "it is deleted and does not learn",
    )


def test_what_could_not_be_written_whole_leaves_no_folder(data, tmp_path):
    """So that the next try, with the trainer stopped, is not refused for it."""
    fresh = tmp_path / "fresh"
    with rebuilding(Settings(data=str(data)), None) as begun:
        run_through(begun)
        other = replace(begun, then=replace(begun.then, checkpoint=b"older"))
        with pytest.raises(Conflict, match="has committed since"):
            other.write(fresh)
        assert not fresh.exists()
        begun.write(fresh)
        with pytest.raises(Conflict, match="not there yet"):
            begun.write(fresh)


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
    assert [each.name for each in fresh.iterdir()] == ["store.sqlite3"]
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
    assert "must be a folder that is not there yet" in answer


def test_every_declaration_is_written_anew_with_the_moment_at_which_it_was_made(tmp_path, capsys):
    """A report begins with the first of them."""
    with living(tmp_path) as world:
        world.learnt("a")
        world.move(SECOND_US)
        changed = replaced(HOME, description="another").plain()
        world.ask("home", "declare", {"declaration": changed, "number": 1})
        world.engine.catch_up()
        world.upkeep()
        made = [world.store.declared("home", number) for number in (1, 2)]
    assert made[0].created < made[1].created
    fresh = tmp_path / "fresh"
    told(capsys, "replay", "--data", str(tmp_path), "--out", str(fresh))
    with contextlib.closing(SqlStore(fresh / "store.sqlite3")) as store:
        assert [store.declared("home", number) for number in (1, 2)] == made


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
