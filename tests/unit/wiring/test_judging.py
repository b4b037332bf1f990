"""Candidates as people name them, judged by a data folder."""

from __future__ import annotations

import json
import sys
from contextlib import closing

import numpy as np
import pytest
import yaml
from served import Served

import tamesu
from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.base import Declaration, InvalidDeclaration, InvalidInput, NoSupport, NotFound
from tamesu.engine import ArchivedDecisions, Candidates, ends_of, most_weight_of
from tamesu.evaluate import Trust
from tamesu.wiring import Settings, candidate_of, open_decisions, open_store

SHOP = {
    "name": "shop",
    "arms": ["a", "b"],
    "seed": 7,
    "policy": {"belief": "beta", "explorer": {"kind": "epsilon_greedy", "explore": 0.2}},
    "reward": {"window": "5s", "settle": "1s", "lateness": "1s"},
}
KEENER = {**SHOP, "policy": {"belief": "beta", "explorer": {"kind": "greedy"}}}


def chance(context, arm):
    return {"a": 0.2, "b": 0.5}[arm]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data folder with 600 decisions in it."""
    path = tmp_path_factory.mktemp("data")
    with closing(open_store(Settings(data=str(path)))) as store:
        one = Served(SHOP, chance, store=store, archive=ParquetArchive(path / "archive"))
        one.serve(600)
        one.rest()
    return path


@pytest.fixture(scope="module")
def candidates(folder):
    with open_decisions(Settings(data=str(folder)), "shop") as decisions:
        assert isinstance(decisions, ArchivedDecisions)
        yield Candidates(decisions, decisions.logged())


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "keener.yaml").write_text(yaml.safe_dump(KEENER))
    (tmp_path / "keener.json").write_text(json.dumps(KEENER))
    (tmp_path / "judged_candidates.py").write_text(
        "def always_b(context, arms):\n    return 'b'\n\n\n"
        "def even(rounds):\n"
        "    import numpy\n    return numpy.full((len(rounds), 2), 0.5)\n\n\n"
        "number = 3\n"
    )
    return tmp_path


def test_texts_name_candidates(candidates, files):
    rounds = candidates.logging().logged.rounds()
    named = {
        text: candidate_of(candidates, text, every=20)
        for text in (
            "logging",
            "snapshot:3",
            "keener.yaml",
            "keener.json",
            "judged_candidates:always_b",
            "judged_candidates:even",
        )
    }
    assert [one.name for one in named.values()] == list(named)
    along = named["keener.yaml"].target(rounds)
    assert (named["keener.json"].target(rounds) == along).all()
    for same in (KEENER, Declaration.parse(KEENER), files / "keener.yaml"):
        assert (candidate_of(candidates, same, every=20).target(rounds) == along).all()
    assert named["judged_candidates:always_b"].target(rounds).tolist() == [[0.0, 1.0]] * 600
    assert named["judged_candidates:even"].target(rounds).tolist() == [[0.5, 0.5]] * 600


def test_a_declaration_knows_what_it_is_told_to_know(candidates, files):
    prior = candidate_of(candidates, "keener.yaml", at="prior")
    assert prior.told == {"observations": 0}
    at = candidate_of(candidates, "keener.yaml", at="3")
    assert at.told["snapshot"] == 3
    assert at.logged.left_out["before"] > 0
    with pytest.raises(NoSupport, match="made after"):
        candidate_of(candidates, "keener.yaml", at="newest")


@pytest.mark.parametrize(
    ("policy", "options", "error", "message"),
    [
        ("nothing", {}, InvalidInput, "must be one of FILE.yaml, .* got 'nothing'"),
        ("snapshot:x", {}, InvalidInput, "snapshot by its number from 1, or newest, got 'x'"),
        ("snapshot:0", {}, InvalidInput, "got '0'"),
        ("snapshot:-1", {}, InvalidInput, "got '-1'"),
        ("snapshot:77777", {}, NotFound, "no snapshot 77777 of bandit 'shop'"),
        ("keener.yaml", {"at": "soon"}, InvalidInput, "--at must name .* got 'soon'"),
        ("keener.yaml", {"every": 0}, InvalidInput, "every must be at least 1, got 0"),
        ("gone.yaml", {}, InvalidDeclaration, "gone.yaml must be a readable YAML"),
        ("no_such_module:policy", {}, NotFound, "must be importable"),
        ("judged_candidates:nothing", {}, NotFound, "must have a function 'nothing'"),
        ("judged_candidates:number", {}, NotFound, "must have a function 'number'"),
        (3, {}, InvalidInput, "got 3"),
    ],
)
def test_what_means_nothing_is_refused_by_name(candidates, files, policy, options, error, message):
    with pytest.raises(error, match=message):
        candidate_of(candidates, policy, **options)


def test_a_function_of_the_program_is_judged(folder):
    found = tamesu.judge("shop", lambda _context, _arms: {"a": 0.1, "b": 0.9}, data=folder)
    assert found.verdict.trust is Trust.TRUSTWORTHY
    for one in found.estimates:
        assert one.interval.low < 0.1 * 0.2 + 0.9 * 0.5 < one.interval.high


def test_bounds_follow_from_declarations(folder):
    """Rewards from the events, weights from the uniform share: 2 arms over .2."""
    with open_decisions(Settings(data=str(folder)), "shop") as decisions:
        assert ends_of(decisions) == (0.0, 1.0)
        assert most_weight_of(decisions, decisions.logged()) == pytest.approx(10.0)
    for interval in ("bernstein", "sequence"):
        asked = {"interval": interval, "estimators": ["ips"], "data": folder}
        (one,) = tamesu.judge("shop", "logging", **asked).estimates
        assert 0.0 <= one.interval.low < one.value < one.interval.high <= 1.0


def test_a_bootstrap_is_the_same_for_the_same_seed(folder):
    def interval(seed):
        asked = {"interval": "bootstrap", "estimators": ["snips"], "seed": seed}
        return tamesu.judge("shop", "logging", data=folder, **asked).estimates[0].interval

    assert interval(1) == interval(1) != interval(2)


def test_an_interval_of_time_is_looked_at(folder, candidates):
    half = int(candidates.logging().logged.decided[300])
    from_then = tamesu.base.Time(half).text()
    found = tamesu.judge("shop", "logging", data=folder, since=from_then, estimators=["ips"])
    assert found.diagnostics.rounds == 300
    assert 0 < found.left_out["older"] <= 300
    with pytest.raises(InvalidInput, match="RFC 3339"):
        tamesu.judge("shop", "logging", data=folder, since="yesterday")


def test_nobody_is_no_bandit(folder):
    with pytest.raises(NotFound, match="no bandit named 'shpo'"):
        tamesu.judge("shpo", "logging", data=folder)


def test_a_folder_without_an_installation_is_refused(tmp_path):
    with pytest.raises(NotFound, match="must hold a store"):
        tamesu.judge("shop", "logging", data=tmp_path)
    assert not list(tmp_path.iterdir())


def test_policies_that_know_nothing_are_named_as_on_the_command_line(folder):
    for name, true in (("uniform", 0.35), ("arm:b", 0.5)):
        found = tamesu.judge("shop", name, data=folder, estimators=["snips"], confidence=1 - 1e-6)
        (low, high) = found.estimates[0].interval
        assert low < true < high
    with pytest.raises(NotFound, match="no such arm: 'z'"):
        tamesu.judge("shop", "arm:z", data=folder)


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    """A data folder of slates whose positions are rated 1 or 4 where they are seen; some of them are short."""
    path = tmp_path_factory.mktemp("rated")
    clauses = {**SHOP["reward"], "range": [1, 4], "events": {"click": 4}, "default": 1}
    slates = {"arms": ["a", "b", "c"], "layout": {"kind": "slate", "size": 2}}
    policy = {"belief": "gaussian", "explorer": "uniform"}
    body = {**SHOP, **slates, "policy": policy, "reward": clauses}
    with closing(open_store(Settings(data=str(path)))) as store:
        archive = ParquetArchive(path / "archive")
        one = Served(body, lambda *_: 0.5, shown=0.7, store=store, archive=archive)
        one.serve(400, every=200)
        one.serve(100, eligible=["b"])
        one.rest()
    return path


def test_what_nobody_saw_lies_within_the_bounds_of_what_is_earned(rated):
    """Neither an unseen position nor one that stayed empty is rated, so that a slate can earn less than 1 for each."""
    found = tamesu.judge("shop", "uniform", data=rated, interval="betting")
    assert found.diagnostics.shown < found.diagnostics.rounds == 500
    (logged,) = found.logged
    assert all(one.interval.low < logged.value < one.interval.high for one in found.estimates)
    with open_decisions(Settings(data=str(rated)), "shop") as decisions:
        assert ends_of(decisions) == (0.0, 8.0)


def rounds_alone(rounds):
    return np.ones((len(rounds), 1))


def test_slates_are_judged_by_one_arm_by_nobody(rated):
    with pytest.raises(NoSupport, match="'arm:b' delivers one arm, the log has several"):
        tamesu.judge("shop", "arm:b", data=rated)
    with pytest.raises(
        NoSupport, match="rounds_alone says what it would choose of decisions of one arm"
    ):
        tamesu.judge("shop", rounds_alone, data=rated)
