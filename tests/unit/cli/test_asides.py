"""`tamesu asides`: what could not be joined, from the data folder, as a table, as JSON, into a file."""

from __future__ import annotations

import csv
import json
from contextlib import closing

import polars as pl
import pytest

from tamesu.adapters.clock.system import SystemClock
from tamesu.base import Declaration, Draft, Event, Time, encode
from tamesu.base.ids import decision_id, delivery_id, uuid7
from tamesu.base.times import DAY_US
from tamesu.cli.entry import run
from tamesu.engine import InlineEngine
from tamesu.wiring import Settings, open_archive, open_log, open_store

WORDS = "no such bandit or declaration"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data folder with three records that were set aside, by a trainer that has learnt its log."""
    folder = tmp_path_factory.mktemp("kept")
    settings = Settings(data=str(folder))
    now = SystemClock().now()
    mine, strange = (decision_id(name, 1, uuid7(now // 1_000, bytes(10))) for name in ("home", "x"))
    old = Event(
        event_id="e1",
        delivery_id=delivery_id(mine, 0),
        type="click",
        time=Time(now - 31 * DAY_US),
    )
    with closing(open_log(settings)) as log, closing(open_store(settings)) as store:
        home = {"name": "home", "arms": ["a", "b"], "reward": {"events": {"click": 1}}, "seed": 1}
        store.declare(Declaration.parse(home), now)
        log.append(
            [
                Draft(mine, "decision", b'{"decision_id": "\xff torn'),
                Draft(strange, "event", b"{}"),
                Draft(mine, "event", encode(old)),
            ]
        )
        InlineEngine(log, store, open_archive(settings), SystemClock()).catch_up()
    return folder


@pytest.fixture
def told(folder, capsys):
    def command(*words, code=0):
        assert run(["asides", *words, "--data", str(folder)]) == code
        out, err = capsys.readouterr()
        return err if code else json.loads(out) if "--json" in words else out

    return command


def test_they_are_listed_with_why_and_what_they_say(told):
    listed = told("--json")["asides"]
    assert [(one["why"], one["bandit"]) for one in listed] == [
        ("too_old", "home"),
        ("poison", None),
        ("poison", "home"),
    ]
    assert "\\xff torn" in listed[2]["body"]
    table = told()
    assert "too_old" in table
    assert "poison" in table
    assert "home" in table


def test_one_bandits_of_one_reason_and_page_by_page(told):
    assert [one["why"] for one in told("home", "--json")["asides"]] == ["too_old", "poison"]
    assert [one["bandit"] for one in told("--why", "poison", "--json")["asides"]] == [None, "home"]
    first = told("--limit", "1", "--json")
    second = told("--after", first["next"], "--json")
    assert len(second["asides"]) == 2
    assert second["next"] is None
    assert first["next"] in told("--limit", "1")
    assert "nothing was set aside" in told("elsewhere")


def test_all_of_them_go_into_a_file(told, tmp_path):
    listed = {one["place"]: one for one in told("--json")["asides"]}

    def read(ending):
        path = tmp_path / f"out.{ending}"
        assert told("--export", str(path), "--json") == {"file": str(path), "rows": 3}
        return path

    lines = [json.loads(line) for line in read("jsonl").read_text().splitlines()]
    assert {one["place"]: one for one in lines} == listed
    with read("csv").open(newline="") as file:
        rows = {row["place"]: row for row in csv.DictReader(file)}
    assert {place: row["body"] for place, row in rows.items()} == {
        place: one["body"] for place, one in listed.items()
    }
    frame = pl.read_parquet(read("parquet"))
    assert {row["place"]: row for row in frame.to_dicts()} == listed
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "out.csv",
        "out.jsonl",
        "out.parquet",
    ]


def test_a_file_of_nothing_has_its_columns(told, tmp_path):
    path = tmp_path / "none.parquet"
    assert told("elsewhere", "--export", str(path), "--json")["rows"] == 0
    assert pl.read_parquet(path).columns == list(told("--json")["asides"][0])


def test_what_cannot_be_is_refused_and_leaves_nothing(told, tmp_path):
    assert "'.jsonl'" in told("--export", str(tmp_path / "out.xml"), code=2)
    assert "did you mean 'poison'" in told("--why", "poisn", code=2)
    assert "'poison'" in told("--why", "bad", "--export", str(tmp_path / "out.csv"), code=2)
    assert "must be writable" in told("--export", str(tmp_path / "no" / "out.csv"), code=1)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_data_is_said_and_not_made(tmp_path, capsys):
    assert run(["asides", "--data", str(tmp_path / "none")]) == 1
    assert "--data DIR" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
