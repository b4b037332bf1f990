"""`tamesu evaluate` by a bandit's own archive: itself, candidates, slates."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from evaluating import evaluating, values
from served import SHOP, Served

import tamesu
from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.wiring import Settings, open_archive, open_store


@pytest.fixture
def asked(capsys):
    """Runs it: exit code, what was printed, what was warned of."""
    return evaluating(capsys)


def living(folder, declared, chance, shown=1.0):
    """A bandit in a data folder of its own, after it has served."""
    clock = ManualClock()
    with closing(open_store(Settings(data=str(folder)))) as store:
        archive = open_archive(Settings(data=str(folder)))
        served = Served(
            declared,
            chance,
            store=store,
            archive=archive,
            log=MemoryEventLog(clock=clock),
            clock=clock,
            shown=shown,
        )
        served.serve(900, every=100)
        served.rest()
        return served


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    worth = {"a": 0.2, "b": 0.35, "c": 0.3}
    living(folder, SHOP, lambda _, arm: worth[arm])
    return folder


def test_a_bandit_judges_itself_by_its_own_archive(asked, shop):
    words = ["shop", "--policy", "logging", "--data", shop, "--json", "--estimators", "ips,snips"]
    code, out, err = asked(*words)
    assert (code, err) == (0, "")
    (one,) = json.loads(out)["policies"]
    weights = one["diagnostics"]["weights"]
    assert (weights["mean"], weights["largest"]) == (1.0, 1.0)
    assert {round(each["value"], 12) for each in one["estimates"]} == {
        round(one["logged"][0]["value"], 12)
    }
    assert one["told"]["gone"] == 0
    # It was learning all the while, and its propensities are right.
    assert one["diagnostics"]["calibration"]["evidence"] < 3


@pytest.mark.parametrize(("factor", "code"), [([0.95, 1.05], 0), ([0.5, 1.0], 4)])
def test_an_archive_that_its_snapshots_contradict_is_not_trusted(
    asked, shop, monkeypatch, factor, code
):
    """Whoever is judged by it: what was logged is made again."""
    read = ParquetArchive.read

    def changed(self, files):
        for rows in read(self, files):
            yield replace(rows, propensity=rows.propensity * np.resize(factor, len(rows)))

    monkeypatch.setattr(ParquetArchive, "read", changed)
    words = ["shop", "--policy", "uniform", "--data", shop, "--json"]
    got, out, err = asked(*words)
    assert got == code
    (one,) = json.loads(out)["policies"]
    assert "made again" in [reason["what"] for reason in one["verdict"]["reasons"]]
    assert err.startswith("warning: uniform is ")
    found = tamesu.judge("shop", "uniform", data=shop)
    assert "made again" in [reason.what for reason in found.verdict.reasons]
    assert found.refused == (code == 4)


def test_candidates_are_judged_by_a_bandits_archive(asked, shop, tmp_path):
    greedy = tmp_path / "greedy.yaml"
    greedy.write_text(
        json.dumps({**SHOP, "policy": {"belief": "beta", "explorer": "epsilon_greedy"}})
    )
    words = ["--policy", "arm:b", "--policy", "uniform", "--policy", greedy, "--data", shop]
    code, out, _ = asked("shop", *words, "--estimators", "snips", "--json")
    assert code == 0
    best, even, learnt = (values(json.loads(out), number)["snips"] for number in range(3))
    assert best == pytest.approx(0.35, abs=0.08)
    assert even == pytest.approx(0.85 / 3, abs=0.08)
    assert learnt > even
    code, out, _ = asked("shop", "--policy", "snapshot:5", "--data", shop)
    assert "decided before what the policy had learnt was complete" in out


def test_a_page_says_of_each_policy_by_which_log_it_is_judged(asked, shop, tmp_path):
    page = tmp_path / "judged.html"
    words = ["shop", "--policy", "logging", "--policy", "snapshot:5", "--data", shop]
    asked(*words, "--estimators", "snips", "--html", page)
    top, first, second = (
        page.read_text().split("<h2>logging</h2>")[0],
        *(
            page.read_text().split(f"<h2>{name}</h2>")[1].split("</p>")[0]
            for name in ("logging", "snapshot:5")
        ),
    )
    assert "decisions of" not in top
    assert "900 decisions of 3 arms" in first
    assert "decided before what the policy had learnt was complete" in second
    asked("shop", "--policy", "logging", "--data", shop, "--html", page, "--estimators", "snips")
    assert page.read_text().count("900 decisions of 3 arms") == 1


def test_slates_of_a_bandit_are_judged_whole(asked, tmp_path):
    declared = {
        **SHOP,
        "layout": {"kind": "slate", "size": 2},
        "reward": {**SHOP["reward"], "anchor": "impression"},
    }
    living(tmp_path, declared, lambda *_: 0.3, shown=0.7)
    words = ["--policy", "uniform", "--policy", "logging", "--data", tmp_path, "--json"]
    code, out, err = asked("shop", *words, "--per", "decision,impression")
    assert code == 0, err
    told = json.loads(out)
    per = {
        (one["estimator"], one["estimand"]): one["value"]
        for one in told["policies"][0]["estimates"]
    }
    assert per["reward_interaction", "decision"] == pytest.approx(2 * 0.7 * 0.3, abs=0.1)
    assert per["sn_reward_interaction", "impression"] == pytest.approx(0.3, abs=0.06)
    assert told["policies"][1]["diagnostics"]["weights"]["largest"] == 1.0
    marginal = [*words, "--estimators", "item_position,sn_pseudo_inverse,cascade_dr"]
    code, out, err = asked("shop", *marginal)
    assert code == 0, err
    even, same = (values(json.loads(out), number) for number in range(2))
    assert even["item_position"] == pytest.approx(2 * 0.7 * 0.3, abs=0.1)
    assert even["cascade_dr"] == pytest.approx(2 * 0.7 * 0.3, abs=0.1)
    earned = json.loads(out)["policies"][1]["logged"][0]["value"]
    assert same["sn_pseudo_inverse"] == pytest.approx(earned, abs=1e-9)
