"""`tamesu bandit examination`: from a data folder, what is looked at at each position."""

from __future__ import annotations

import itertools
import json
from contextlib import closing

import pytest

from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.base import Decision, Declaration, Delivery, Draft, Event, Kind, decision_id, encode
from tamesu.base.records import TICK
from tamesu.base.times import HOUR_US
from tamesu.cli.entry import run
from tamesu.engine import InlineEngine
from tamesu.wiring import Settings, open_archive, open_store

SLATE = {
    "name": "shop",
    "arms": ["a", "b", "c"],
    "layout": {"kind": "slate", "size": 2},
    "reward": {"anchor": "decision", "window": "1m", "settle": "1s"},
    "seed": 7,
}
CHANCE = {"a": 0.5, "b": 0.25, "c": 0.25}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Slates in numbers as their chances say, those of a half as often again; a is clicked twice as often.

    At the top two of four are clicked that show a, and one of four of the others; below half of that,
    some of it corrected after a second.
    """
    folder = tmp_path_factory.mktemp("kept")
    settings, clock, ids = Settings(data=str(folder)), ManualClock(), SeededIds()
    with (
        closing(SqliteEventLog(folder / "log", clock=clock)) as log,
        closing(open_store(settings)) as store,
    ):
        for one in (SLATE, {**SLATE, "name": "one", "layout": "single"}):
            store.declare(Declaration.parse(one), clock.now())
        engine = InlineEngine(log, store, open_archive(settings), clock)
        late = []
        for top, second in itertools.permutations("abc", 2):
            then = CHANCE[second] / (1 - CHANCE[top])
            count = round(96 * CHANCE[top] * then)
            for number in range(count):
                key = decision_id("shop", 1, ids.uuid7(clock.now()))
                slate = (Delivery(0, top, CHANCE[top], 0.5), Delivery(1, second, then, 0.5))
                record = Decision(decision_id=key, snapshot=0, deliveries=slate)
                log.append([Draft(key, Kind.DECISION.value, encode(record))])
                for place, arm in enumerate((top, second)):
                    share = (0.5 if arm == "a" else 0.25) / (1 + place)
                    if (number + 0.5) % (1 / share) < 1:
                        event = Event(
                            event_id=f"e{place}", delivery_id=f"{key}-{place}", type="click"
                        )
                        draft = Draft(key, Kind.EVENT.value, encode(event))
                        (late.append if place else lambda one: log.append([one]))(draft)
        clock.sleep(2_000_000)
        log.append([TICK])
        engine.catch_up()
        log.append(late)
        clock.sleep(2 * HOUR_US)
        log.append([TICK])
        engine.catch_up()
    return folder


def test_positions_are_told_apart_by_who_looks(folder, capsys):
    assert run(["bandit", "examination", "shop", "--data", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    top, second = told["positions"]
    assert top["ratio"] == 1.0
    assert top["observed"] == second["observed"] == 96
    assert second["ratio"] == pytest.approx(0.5, abs=0.1)
    assert second["error"] > 0
    assert told["examination"] == [1.0, round(second["ratio"], 3)]


def test_it_says_what_to_declare(folder, capsys):
    assert run(["bandit", "examination", "shop", "--data", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "layout: {kind: slate, size: 2, examination: [1, 0." in out


@pytest.mark.parametrize(("name", "says"), [("one", "that of a slate"), ("shops", "did you mean")])
def test_what_has_no_slates_is_refused(folder, capsys, name, says):
    assert run(["bandit", "examination", name, "--data", str(folder)]) != 0
    assert says in capsys.readouterr().err
