"""`tamesu evaluate --model`: what expects rewards, by its name."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tamesu.cli.entry import run


@pytest.fixture
def judged(tmp_path, monkeypatch, capsys):
    """Judges by a made log, in which rewards are logistic: exit code, what was printed, what was said on stderr."""
    rng = np.random.default_rng(0)
    n, k = 3_000, 3
    context = rng.normal(size=(n, 2))
    worth = 1 / (1 + np.exp(-context @ rng.normal(size=(2, k)) * 2))
    action = rng.integers(0, k, n)
    np.savez(
        tmp_path / "log.npz",
        n_actions=k,
        action=action,
        reward=(rng.random(n) < worth[np.arange(n), action]).astype(float),
        pscore=np.full(n, 1 / k),
        context=context,
    )
    monkeypatch.chdir(tmp_path)

    def command(model):
        words = ["--policy", "arm:1", "--estimators", "dm,dr", "--model", model, "--json"]
        return run(["evaluate", "log.npz", *words]), *capsys.readouterr()

    command.truth = worth[:, 1].mean()
    return command


@pytest.mark.parametrize("model", ["per_arm", "ridge", "logistic", "boosting"])
def test_each_is_known_by_its_name_and_near_the_truth(judged, model):
    """By six standard errors."""
    code, out, _ = judged(model)
    assert code == 0
    by_model, doubly_robust = json.loads(out)["policies"][0]["estimates"]
    assert by_model["estimator"] == "dm"
    width = doubly_robust["interval"]["high"] - doubly_robust["interval"]["low"]
    assert abs(doubly_robust["value"] - judged.truth) < 6 * width / 3.92


def test_an_unknown_one_is_refused_with_those_that_are_known(judged):
    code, _, err = judged("logistik")
    assert code == 2
    assert "unknown reward model 'logistik'" in err
    assert "logistic" in err
