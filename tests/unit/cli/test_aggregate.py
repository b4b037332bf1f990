"""`tamesu aggregate`: a data folder summed up, and held against what is served."""

from __future__ import annotations

import csv
import json
import shutil
from contextlib import closing

import pytest

from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.base.times import HOUR_US
from tamesu.cli.entry import run
from tamesu.engine import InlineEngine
from tamesu.ports import Holds
from tamesu.testing.journal import Journal, declarations
from tamesu.wiring import Settings, open_archive, open_store


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data folder whose trainer has learnt a journal to its end."""
    folder = tmp_path_factory.mktemp("kept")
    settings, clock = Settings(data=str(folder)), ManualClock()
    archive = open_archive(settings)
    with (
        closing(SqliteEventLog(folder / "log", clock=clock)) as log,
        closing(open_store(settings)) as store,
    ):
        for declaration in declarations():
            store.declare(declaration, clock.now())
        engine = InlineEngine(log, store, archive, clock)
        for step, _ in enumerate(Journal(5, steps=100).write(log, clock)):
            if step % 10 == 0:
                engine.catch_up()
        clock.sleep(2 * HOUR_US)
        engine.catch_up()
    return folder


@pytest.fixture
def told(folder, capsys):
    def command(*words, code=0):
        assert run(["aggregate", *words, "--data", str(folder)]) == code
        out, err = capsys.readouterr()
        return err if code == 2 else json.loads(out) if "--json" in words else out

    return command


def test_each_bandit_is_summed_up_and_held_against_what_is_served(told, folder):
    bandits = {one["bandit"]: one for one in told("--json")["bandits"]}
    assert sorted(bandits) == ["falls", "singles", "slates", "visits", "wishes"]
    equal = {name: one["equal"] for name, one in bandits.items()}
    assert equal == {**dict.fromkeys(bandits, True), "wishes": None}
    with closing(open_store(Settings(data=str(folder)))) as store:
        for name, one in bandits.items():
            assert one["snapshot"] == store.snapshot(name).version
            assert sum(arm["observed"] for arm in one["arms"]) == store.snapshot(name).observations
    text = told()
    assert text.count("the same, bit for bit") == 4
    (only,) = told("slates", "--json")["bandits"]
    assert only == bandits["slates"]


def test_again_it_changes_nothing(told, folder):
    def contents():
        return {path: path.read_bytes() for path in (folder / "aggregates").rglob("*.parquet")}

    first, before = told("--json"), contents()
    assert before
    assert told("--json") == first
    assert contents() == before


def test_hours_and_arms_go_into_a_file(told, tmp_path):
    path = tmp_path / "sums.csv"
    sums = {one["bandit"]: one["arms"] for one in told("--json")["bandits"]}
    assert "rows in" in told("--export", str(path))
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for bandit, arms in sums.items():
        for arm in arms:
            mine = [row for row in rows if (row["bandit"], row["arm"]) == (bandit, arm["arm"])]
            assert sum(int(row["deliveries"]) for row in mine) == arm["deliveries"]
            assert sum(float(row["reward"]) for row in mine) == arm["reward"]


def test_a_name_that_is_not_there_and_a_file_that_cannot_be_are_refused(
    folder, told, tmp_path, capsys
):
    assert run(["aggregate", "slate", "--data", str(folder)]) == 1
    assert "did you mean 'slates'" in capsys.readouterr().err
    assert "'.csv'" in told("--export", str(tmp_path / "sums.xls"), code=2)


def test_a_state_that_is_another_is_told_and_ends_with_one(folder, tmp_path, capsys):
    """Of an installation in which somebody changed an archived row."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    shutil.rmtree(copy / "aggregates", ignore_errors=True)
    settings = Settings(data=str(copy))
    archive = open_archive(settings)
    with closing(open_store(settings)) as store:
        lease = store.takeover("inline", ManualClock().now(), HOUR_US)
        file = next(one for one in store.files(Holds.OBSERVATIONS) if one.bandit == "singles")
        (rows,) = archive.read([file])
        doubled = type(rows).concatenate([rows, rows])
        other = archive.write("9-9-9", doubled)
        store.arrange(lease, [other], [file])
    assert run(["aggregate", "--data", str(copy)]) == 1
    out = capsys.readouterr().out
    assert out.count("ANOTHER") == 1
    assert "tamesu reconcile singles" in out
