"""`tamesu report` on a terminal of 80 columns, in JSON, and as a picture: of a server that really ran."""

from __future__ import annotations

import asyncio
import io
import json

import numpy as np
import pytest
from rich.console import Console

from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.base import Declaration, plain
from tamesu.base.times import HOUR_US, MINUTE_US, SECOND_US, Duration
from tamesu.cli import results
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.convergence import Convergence
from tamesu.serve.core.report import Reporter
from tamesu.serve.core.wire import write
from tamesu.sim import DelayedWorld
from tamesu.testing.rehearsal import Rehearsal


@pytest.fixture(scope="module", params=[0.0, 0.3], ids=["greedy", "exploring"])
def told(request):
    """A report and a convergence of three arms after four hours, as they come over the wire."""
    declaration = Declaration.parse(
        {
            "name": "shop",
            "arms": ["spring", "summer", "autumn"],
            "seed": 5,
            "policy": {"explorer": {"kind": "thompson", "explore": request.param}},
            "reward": {"window": "5m", "settle": "5m"},
        }
    )
    rehearsal = Rehearsal(declaration, DelayedWorld([0.1, 0.2, 0.6], MINUTE_US))
    rng = np.random.default_rng(5)
    steps = rehearsal.play(
        2_000, every=50, pace_us=7 * SECOND_US, uniforms=lambda m: rng.random((m, 2))
    )
    for _ in steps:
        pass
    rehearsal.rest(HOUR_US // 4)
    catalogue = Catalogue(rehearsal.store)
    catalogue.start()
    ports = {
        "store": rehearsal.store,
        "catalogue": catalogue,
        "clock": ManualClock(rehearsal.store.snapshot("shop").created),
        "archive": rehearsal.archive,
    }
    reporter = Reporter(log=rehearsal.log, meter=MemoryMeter(), **ports)
    report = asyncio.run(reporter.report("shop", Duration(24 * HOUR_US)))
    moved = asyncio.run(Convergence(**ports).convergence("shop"))
    catalogue.close()
    return json.loads(write(report)), plain(moved), bool(request.param)


def shown(*parts):
    console = Console(file=io.StringIO(), width=80, highlight=False)
    for part in parts:
        console.print(part, markup=False)
    return console.file.getvalue()


def test_it_says_what_a_manager_asks(told):
    report, moved, explores = told
    found = report["results"]
    text = shown(
        results.standing(report),
        results.earned(found),
        results.arms_table(report["arms"], found["arms"], 2),
        results.windows_table(found),
        results.delay(found["delay"]),
        results.movement(moved),
    )
    assert max(map(len, text.splitlines())) <= 80
    assert f"{found['deliveries']:,} delivered, {found['observed']:,} observed" in text
    assert "beside uniform choice: +0." in text
    assert ("NOT TO BE TRUSTED" in text) is not explores
    assert ("policy.explorer.explore" in text) is not explores
    assert "autumn" in text
    assert "1 more rows" in text
    assert "the window of 5m catches" in text
    assert "Ranking: it stands" in text


def test_what_is_not_there_is_said():
    nothing = {"quantiles_s": None, "decisions": 7, "followed": "1h"}
    assert "no rewarding event of 7 decisions" in results.delay(nothing)
    silent = {"snapshots": {"settled": None}, "size": 1, "window": "1h"}
    assert results.movement(silent) == "Ranking: nothing new to rank by in the last 1h"
    assert "3 NOT accounted for" in results.records({"difference": 3})


def test_of_a_period_without_a_row_nothing_is_doubted(told):
    found = told[0]["results"]
    nothing = {"ours": None, "uniform": None, "gain": None, "doubts": ["nothing was observed"]}
    text = results.earned({**found, "deliveries": 0, "observed": 0, "compared": nothing})
    assert "nothing that can be compared was observed" in text
    assert "NOT TO BE TRUSTED" not in text


def test_arms_that_were_retired_and_rewards_that_were_clipped_are_told():
    believed = [
        {"arm": "a", "share": 1.0, "mean": 0.5, "low": 0.1, "high": 0.9, "clipped": 4},
    ]
    had = [{"arm": name, "deliveries": 1_000, "mean": 12_345.6} for name in ("a", "gone")]
    text = shown(results.arms_table(believed, had, 9))
    assert "1 retired" in text
    assert "clipped" in text
    assert "1.235e+04" in text


def test_what_an_arm_had_stands_at_its_own_position():
    arm = {"arm": "a", "share": 0.5, "mean": 0.5, "low": 0.1, "high": 0.9}
    believed = [{**arm, "position": position} for position in (0, 1)]
    had = [{"arm": "a", "position": p, "deliveries": 71 + p, "mean": 0.5} for p in (0, 1)]
    had += [{"arm": "gone", "position": p, "deliveries": 40, "mean": 0.5} for p in (0, 1)]
    lines = shown(results.arms_table(believed, had, 9)).splitlines()
    assert sum("71" in line for line in lines) == sum("72" in line for line in lines) == 1
    assert any("1 retired" in line and "80" in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_that_earned_means_first_positions_is_said_where_there_are_others(told):
    found = told[0]["results"]
    assert "first positions" not in shown(results.windows_table(found))
    slates = {**found, "observed": 3 * found["observed"]}
    assert "first positions" in shown(results.windows_table(slates))


@pytest.mark.parametrize("form", [".png", ".svg"])
def test_it_is_drawn(told, tmp_path, form):
    chart = pytest.importorskip("tamesu.cli.chart")
    report, moved, _ = told
    path = tmp_path / f"report{form}"
    chart.draw(report, moved, path)
    begins = path.read_bytes()[:8]
    assert begins in (b"\x89PNG\r\n\x1a\n", b"<?xml ve")
