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
LOSSES = {**GAUSSIAN, "policy": {"belief": "losses", "explorer": "exponential_weights"}}


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
        (
            LOSSES,
            "arm,reward\na,1\n",
            (),
            "'losses' has no priors that a log could fill (known: beta,",
        ),
    ],
)
def test_a_log_that_cannot_be_used_is_refused(asked, declaration, log, more, message):
    code, out, err = asked(declaration, log, *more)
    assert code > 0
    assert out == ""
    assert message in err


SCHEMA = {
    "device": {"type": "categorical", "values": ["ios", "web"]},
    "age": {"type": "numeric", "range": [0, 100], "missing": 50},
    "taste": {"type": "vector", "size": 2},
}


def in_contexts(kind, **belief):
    return {
        "name": "x",
        "arms": ["a", "b", "c"],
        "context": SCHEMA,
        "interactions": [["device", "age"]],
        "reward": {"range": [0, 1]},
        "policy": {"belief": {"kind": kind, **belief}},
    }


def logged(n, *, binary):
    rng = np.random.default_rng(4)
    contexts = [
        {
            "device": str(rng.choice(["ios", "web"])),
            **({"age": int(rng.integers(100))} if rng.random() < 0.8 else {}),
            "taste": rng.normal(size=2).tolist(),
        }
        for _ in range(n)
    ]
    arms = rng.choice(["a", "b"], n).tolist()
    worth = [0.2 + 0.4 * (c["device"] == "ios") + 0.1 * c["taste"][0] for c in contexts]
    rewards = np.clip(worth + 0.05 * rng.normal(size=n), 0, 1)
    return arms, (rng.random(n) < rewards).astype(float) if binary else rewards, contexts


def as_csv(arms, rewards, contexts):
    rows = ["arm,reward,device,age,taste"]
    for arm, reward, context in zip(arms, rewards.tolist(), contexts, strict=True):
        age = context.get("age", "")
        rows.append(f'{arm},{reward!r},{context["device"]},{age},"{context["taste"]}"')
    return "\n".join(rows)


def as_frame(arms, rewards, contexts):
    names = ("device", "age", "taste")
    columns = {name: [context.get(name) for context in contexts] for name in names}
    return {"arm": arms, "reward": rewards, **columns}


@pytest.mark.parametrize("written", [as_csv, as_frame])
@pytest.mark.parametrize("kind", ["linear", "logistic"])
def test_priors_of_coefficients_are_what_a_bandit_believes_that_learnt_the_log(
    asked, tmp_path, kind, written
):
    """Logistic ones near it: they are a parabola at the mean context, and shrink once more."""
    arms, rewards, contexts = logged(600, binary=kind == "logistic")
    code, out, err = asked(in_contexts(kind), written(arms, rewards, contexts), "--strength", "600")
    assert code == 0, err
    (tmp_path / "made.yaml").write_text(out, encoding="utf-8")
    warm = Bandit.from_config(tmp_path / "made.yaml")
    (tmp_path / "plain.yaml").write_text(yaml.safe_dump(in_contexts(kind)), encoding="utf-8")
    bandit = Bandit.from_config(tmp_path / "plain.yaml")
    bandit.learn_logged(arms, rewards, contexts)
    exact = kind == "linear"
    for mine, row in zip(warm.summary(), bandit.summary(), strict=True):
        assert mine.observations == 0
        assert mine.mean == pytest.approx(row.mean, abs=1e-5 if exact else 0.02)
        width = row.high - row.low
        assert mine.high - mine.low == pytest.approx(width, rel=1e-4 if exact else 0.15)
    for context in contexts[:5]:
        for arm in "abc":
            mine, theirs = (
                one.decide(context, eligible=[arm]).deliveries[0].score for one in (warm, bandit)
            )
            assert mine == pytest.approx(theirs, abs=1e-5 if exact else 0.05)


def test_a_log_counts_for_as_many_rewards_as_it_may(asked):
    arms, rewards, contexts = logged(300, binary=False)
    _, out, err = asked(in_contexts("linear"), as_csv(arms, rewards, contexts), "--strength", "20")
    priors = yaml.safe_load(out)["policy"]["belief"]["priors"]
    assert {arm: prior["rewards"] for arm, prior in priors.items()} == {"a": 20, "b": 20}
    assert "2 of 3 arms are in the log" in err
    assert len(priors["a"]["products"]) == 1 + 2 + 1 + 2 + 2


def test_a_feature_that_the_log_lacks_is_taken_as_missing_and_that_is_said(asked):
    code, _, err = asked(in_contexts("linear"), 'arm,reward,device,taste\na,1,ios,"[0,1]"\n')
    assert code == 0
    assert "not in the log, so taken as missing: age" in err


def test_without_a_context_coefficients_are_intercepts(asked):
    declaration = {**in_contexts("linear"), "context": {}, "interactions": []}
    _, out, _ = asked(declaration, "arm,reward\na,1\na,0.5\nb,0\n")
    prior = yaml.safe_load(out)["policy"]["belief"]["priors"]["a"]
    assert (prior["rewards"], prior["coefficients"], prior["products"]) == (2, {"1": 0.75}, [[1]])
    assert prior["noise"] == pytest.approx(0.0625, abs=1e-9)


@pytest.mark.parametrize(
    ("declaration", "log", "message"),
    [
        (in_contexts("linear"), "arm,reward,device\na,1,ios\n", "must have 'taste'"),
        (in_contexts("linear"), 'arm,reward,device,taste\na,1,tv,"[0,1]"\n', "'device'"),
        (in_contexts("logistic"), 'arm,reward,device,taste\na,2,ios,"[0,1]"\n', "between 0 and 1"),
        (
            {
                **in_contexts("linear", sharing="hybrid"),
                "arms": [{"id": arm, "features": {"f": 0.5}} for arm in "abc"],
                "arm_features": {"f": {"type": "numeric", "range": [0, 1]}},
            },
            'arm,reward,device,taste\na,1,ios,"[0,1]"\n',
            "these arms share some",
        ),
        (
            {
                **in_contexts("linear"),
                "context": {"taste": {"type": "vector", "size": 250}},
                "interactions": [],
            },
            f'arm,reward,taste\na,1,"{[0] * 250}"\nb,1,"{[1] * 250}"\n',
            "priors of 2 arms with 251 columns each would have more than 60,000 numbers",
        ),
    ],
)
def test_contexts_that_do_not_fit_are_refused(asked, declaration, log, message):
    code, out, err = asked(declaration, log)
    assert (code, out) == (2, "")
    assert message in err
