"""A state that cannot be read: who needs it says whose it is, and what is served is made again."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from functools import partial

import pytest
from random_lives import World

from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.adapters.clock.system import SystemClock
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.adapters.store.sql import SqlStore
from tamesu.base import Corrupt
from tamesu.cli.entry import run
from tamesu.engine import InlineEngine
from tamesu.wiring import Settings, integrity

REMEDY = "tamesu replay --out"


@pytest.fixture(params=["snapshots", "deferred"])
def damaged(request, tmp_path):
    """A data folder whose bandit is frozen, with what it serves or has learnt aside overwritten."""
    store = SqlStore(tmp_path / "store.sqlite3")
    log = partial(SqliteEventLog, tmp_path / "log")
    (tmp_path / "log").mkdir()
    with closing(store):
        world = World(store=store, archive=ParquetArchive(tmp_path / "archive"), log=log)
        world.learnt("a", 3)
        world.ask("home", "freeze")
        world.learnt("b", 2)
        world.log.close()
    with closing(sqlite3.connect(tmp_path / "store.sqlite3")) as raw, raw:
        raw.execute(f"UPDATE {request.param} SET state = x'c100'")
    return tmp_path


def test_the_trainer_says_whose_it_is_and_what_to_do(damaged):
    clock = SystemClock()
    with (
        closing(SqlStore(damaged / "store.sqlite3")) as store,
        closing(SqliteEventLog(damaged / "log", clock=clock)) as log,
    ):
        store.ask("home", "resume", {}, clock.now())
        engine = InlineEngine(log, store, ParquetArchive(damaged / "archive"), clock)
        with pytest.raises(Corrupt, match="of bandit 'home' must be as its policy encoded") as told:
            engine.catch_up()
    assert REMEDY in told.value.hint


def test_the_doctor_finds_it(damaged):
    with pytest.raises(Corrupt, match="of bandit 'home' must be as its policy encoded") as told:
        integrity.agreement(Settings(data=str(damaged)))
    assert REMEDY in told.value.hint


def test_it_differs_and_is_made_again(damaged, tmp_path, capsys):
    assert run(["reconcile", "--data", str(damaged), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    (difference,) = answer["differences"]
    assert "must be as its policy encoded" in difference["served"]
    assert run(["replay", "--data", str(damaged), "--out", str(tmp_path / "fresh")]) == 0
    path = damaged / "store.sqlite3"
    (tmp_path / "fresh" / "store.sqlite3").replace(path)
    for leftover in ("-wal", "-shm"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    assert run(["reconcile", "--data", str(damaged)]) == 0
    assert integrity.agreement(Settings(data=str(damaged)))
