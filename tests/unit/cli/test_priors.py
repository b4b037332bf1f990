"""`tamesu bandit priors`: a declaration that starts with what a log says."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
import yaml

from tamesu import Bandit
from tamesu.cli.entry import run

BETA = {
    "name": "x",
    "arms": ["a", "b", "c"],
    "policy": {"belief": {"kind": "beta", "prior": [1, 9]}},
}
GAUSSIAN = {
    "name": "x",
    "arms": ["a", "b", "c"],
    "reward": {"range": [0, 9]},
    "policy": {"belief": "gaussian"},
}


@pytest.fixture
def asked(tmp_path, capsys):
    def ask(declaration, log, *more):
        (tmp_path / "d.yaml").write_text(yaml.safe_dump(declaration), encoding="utf-8")
        path = tmp_path / ("log.csv" if isinstance(log, str) else "log.parquet")
        if isinstance(log, str):
            path.write_text(log, encoding="utf-8")
        else:
            pl.DataFrame(log).write_parquet(path)
        words = ["bandit", "priors", str(tmp_path / "d.yaml"), "--from", str(path), *more]
        code = run(words)
        return code, *capsys.readouterr()

    return ask


def summary_of(text, tmp_path):
    (tmp_path / "made.yaml").write_text(text, encoding="utf-8")
    return {row.arm: row for row in Bandit.from_config(tmp_path / "made.yaml").summary()}


def test_beta_priors_are_as_sure_as_the_log_up_to_the_strength(asked, tmp_path):
    log = {"arm": ["a"] * 400 + ["b"] * 4, "reward": [1] * 100 + [0] * 300 + [1, 1, 0, 0]}
    code, out, err = asked(BETA, log, "--strength", "40")
    assert code == 0, err
    made = yaml.safe_load(out)
    assert made["policy"]["belief"]["priors"] == {"a": [11, 39], "b": [3, 11]}
    rows = summary_of(out, tmp_path)
    assert (rows["a"].mean, rows["b"].mean, rows["c"].mean) == pytest.approx((11 / 50, 3 / 14, 0.1))
    assert rows["a"].observations == 0
    assert "2 of 3 arms are in the log" in err


def test_gaussian_priors_are_the_posterior_of_the_log(asked, tmp_path):
    """With all rewards counted it is what a bandit would know that had learnt them."""
    rng = np.random.default_rng(2)
    rewards = np.round(rng.uniform(0, 9, 50) * 64) / 64
    arms = ["a"] * 30 + ["c"] * 20
    _, out, _ = asked(GAUSSIAN, {"arm": arms, "reward": rewards}, "--strength", "50")
    warm = summary_of(out, tmp_path)
    bandit = Bandit(arms=["a", "b", "c"], belief="gaussian", reward={"range": [0, 9]}, seed=1)
    bandit.learn_logged(arms, rewards)
    for row in bandit.summary():
        mine = warm[row.arm]
        assert (mine.mean, mine.low, mine.high) == pytest.approx((row.mean, row.low, row.high))


def test_rows_of_other_arms_are_told_and_left_out(asked):
    _, out, _ = asked(BETA, "arm,reward\na,1\nz,1\nz,0\n", "--json")
    told = json.loads(out)
    assert (told["arms"], told["rows_left_out"]) == (1, 2)
    assert told["declaration"]["policy"]["belief"]["priors"] == {"a": [2, 9]}


@pytest.mark.parametrize(
    ("declaration", "log", "more", "message"),
    [
        (BETA, "arm,score\na,1\n", (), "reward is missing"),
        (BETA, "arm,reward\na,yes\nb,\n", (), "finite number, 2 are not"),
        (BETA, "arm,reward\na,0\nb,0.5\nb,7\n", (), "must be 0 or 1 for belief beta, 2 are not"),
        (GAUSSIAN, "arm,reward\na,10\n", (), "between 0 and 9"),
        (BETA, "arm,reward\na,1\n", ("--strength", "0"), "strength must be"),
        (BETA, "", (), "that can be read"),
    ],
)
def test_a_log_that_cannot_be_used_is_refused(asked, declaration, log, more, message):
    code, out, err = asked(declaration, log, *more)
    assert code > 0
    assert out == ""
    assert message in err
