"""What the store keeps of changes of arms, as people read it."""

from __future__ import annotations

import json

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.base import Declaration
from tamesu.cli.entry import run
from tamesu.engine import InlineEngine
from tamesu.wiring import Settings, open_store


@pytest.fixture
def data(tmp_path):
    clock = ManualClock()
    store = open_store(Settings(data=str(tmp_path)))
    for name in ("shop", "other"):
        store.declare(Declaration.parse({"name": name, "arms": ["a", "b"], "seed": 1}), clock.now())
    changes = [
        ("shop", {"add": [{"id": "c"}, {"id": "d"}], "source": "shop.csv, by somebody"}),
        ("other", {"add": [{"id": "x"}]}),
        ("shop", {"retire": ["a"], "roster": 1}),
        ("shop", {"retire": ["never"]}),
    ]
    for bandit, body in changes:
        store.ask(bandit, "arms", body, clock.now())
    InlineEngine(MemoryEventLog(clock=clock), store, MemoryArchive(), clock).catch_up()
    store.close()
    return str(tmp_path)


@pytest.fixture
def told(data, capsys):
    def command(*words, code=0):
        assert run(["arms", "history", *words, "--data", data]) == code
        out, err = capsys.readouterr()
        return err if code else out

    return command


def test_changes_are_listed_with_where_they_came_from_and_refusals_with_why(told):
    first, second, third = json.loads(told("shop", "--json"))["changes"]
    assert (first["source"], first["added"]) == ("shop.csv, by somebody", 2)
    assert (second["retired"], second["roster"]) == (1, 1)  # one commit took both
    assert "never" in third["refused"]
    assert [row["command"] for row in (first, second, third)] == [1, 3, 4]
    shown = told("shop")
    assert "added 2" in shown
    assert "refused: no such arm" in shown
    assert "other" not in shown


def test_one_change_names_its_arms_and_the_newest_are_shown_first_to_be_cut(told):
    assert "add: c, d" in told("shop", "--command", "1")
    assert "retire: a" in told("shop", "--command", "3")
    (row,) = json.loads(told("shop", "--limit", "1", "--json"))["changes"]
    assert row["command"] == 4


def test_what_is_not_there_is_told(told):
    assert "no bandit named 'shp'" in told("shp", code=1)
    assert "has the number 2" in told("shop", "--command", "2", code=1)
