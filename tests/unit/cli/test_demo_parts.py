"""The demo's own bookkeeping: what was played, and what is made of it."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import Declaration
from tamesu.cli.demo.declaration import declaration
from tamesu.cli.demo.record import Clicks, Played, Record, clicks_of
from tamesu.cli.demo.show import show
from tamesu.cli.demo.summary import summarise
from tamesu.cli.report import MEANINGS, arms_table, conservation_table
from tamesu.join import table
from tamesu.policy import compose
from tamesu.sim import LoggedWorld, Tally


def batch(n: int, clicks: int, arm: str = "1", rate: float = 0.25) -> Played:
    clicked = np.zeros((n, 3), dtype=bool)
    clicked.ravel()[:clicks] = True
    return Played(np.full((n, 3), arm, dtype=object), clicked, np.full((n, 3), rate))


def a_record() -> Record:
    record = Record(seconds=10.0, latencies_s=[0.001, 0.002, 0.003])
    record.played(batch(30, 9, "1", 0.1), Tally(decisions=30, deliveries=90, impressions=90))
    record.played(batch(70, 70, "2", 0.4), Tally(decisions=70, deliveries=210, impressions=210))
    record.sent(300)
    return record


def a_world() -> LoggedWorld:
    items = np.repeat([1, 2, 3], 30)
    places = np.tile(np.repeat([1, 2, 3], 10), 3)
    return LoggedWorld(items, places, (np.arange(90) % 10 < items).astype(int))


def an_answer(record: Record, **classes: int):
    counts = {
        "decisions_read": record.tally.decisions,
        "deliveries_made": record.tally.deliveries,
        "events_read": record.tally.events,
        **record.tally.expected(),
        **classes,
    }
    report = {
        "observations": 300,
        "snapshot": 5,
        "arms": [
            {"arm": a, "observations": 100, "mean": 0.2, "low": 0.1, "high": 0.3, "share": s}
            for a, s in (("1", 0.2), ("2", 0.7), ("3", 0.1))
        ],
        "freshness_s": {"p50": 0.2, "p95": 0.3},
        "learning_delay_s": {"p50": 3.5, "p95": None},
    }
    return report, table(counts)


def test_the_demos_bandit_can_be():
    made = Declaration.parse(declaration([str(i) for i in range(34)]))
    assert compose(made.with_seed(1)).size == 3
    assert made.reward.last_moment(0) == 7_000_000


def test_tenths_follow_the_order_of_decisions():
    record = a_record()
    assert set(record.tenth(0).arms.ravel()) == {"1"}
    assert set(record.tenth(9).arms.ravel()) == {"2"}
    assert sum(len(record.tenth(i).arms) for i in range(10)) == record.decisions == 100
    assert clicks_of(record.tenth(0)) == Clicks(30, 9)


def test_the_newest_clicks_are_those_of_the_newest_batches():
    record = a_record()
    assert record.newest(70) == Clicks(210, 70)
    assert record.newest(71) == Clicks(300, 79)
    assert Record().newest(10).rate == 0.0


def test_the_summary_has_the_stable_names():
    record = a_record()
    summary = summarise(record, a_world(), *an_answer(record), {"server": 0, "trainer": 1})
    assert (summary.decisions, summary.events, summary.observations) == (100, 300, 300)
    assert summary.decisions_per_s == 10.0
    assert summary.latency_ms["p50"] == pytest.approx(2.0)
    assert summary.restarts == 1
    rates = summary.click_rate
    assert rates["first"] == pytest.approx(9 / 30)
    assert rates["logged"] == a_world().logged_rate
    assert rates["best"] >= rates["best_any_order"] - 1e-12
    assert rates["best_any_order"] > rates["logged"] / 2
    assert summary.click_rate_true == pytest.approx({"first": 0.1, "last": 0.4})
    assert [arm["arm"] for arm in summary.arms] == ["2", "1", "3"]
    assert [arm["shown"] for arm in summary.arms] == [1.0, 0.0, 0.0]
    assert [arm["true"] for arm in summary.arms] == [pytest.approx(0.4), pytest.approx(0.1), None]
    low, high = summary.click_rate_interval["first"]
    assert low < rates["first"] < high


def test_what_was_found_agrees_with_what_was_sent_class_by_class():
    record = a_record()
    world, restarts = a_world(), {"server": 0}
    assert summarise(record, world, *an_answer(record), restarts).agrees
    for classes in ({"events_late": 1}, {"decisions_duplicate": 2}, {"deliveries_observed": 299}):
        assert not summarise(record, world, *an_answer(record, **classes), restarts).agrees


def test_the_summary_is_shown_whole_in_80_columns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    record = a_record()
    show(summarise(record, a_world(), *an_answer(record), {"server": 0, "trainer": 1}))
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    for words in ("Did it learn?", "What does it believe?", "At what speed?", "all accounted for"):
        assert words in told
    assert "nothing lost" in " ".join(told.split())


def test_a_difference_is_not_passed_over(capsys):
    record = a_record()
    show(summarise(record, a_world(), *an_answer(record, events_read=7), {"server": 0}))
    told = " ".join(capsys.readouterr().out.split())
    assert "NOT accounted for" in told
    assert "differs from what was sent" in told


def test_every_class_of_the_conservation_table_has_its_meaning():
    for group, classes in table({}).items():
        if group != "difference":
            assert set(MEANINGS[group]) == set(classes)


def test_tables_leave_out_what_is_empty_and_say_what_was_cut():
    counted = conservation_table(table({"decisions_read": 1, "decisions_accepted": 1}))
    assert counted.row_count == 2
    arms = [
        {"arm": str(i), "observations": 1, "mean": 0.1, "low": 0.0, "high": 0.2, "share": i / 10}
        for i in range(5)
    ]
    assert arms_table(arms).row_count == 5
    assert arms_table(arms, most=2).row_count == 3
