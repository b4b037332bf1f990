"""The formulas that `bench/regret_at_once.py` plays for a hundred seeds are those of the bandit with its defaults."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from tamesu import Bandit

ARMS, WIDTH = 6, 4


@pytest.mark.parametrize("kind", ["linear", "logistic"])
def test_the_formulas_give_the_propensities_of_the_bandit(kind, monkeypatch, request):
    """Eighty rewards learnt one by one, then twenty contexts: to rounding."""
    monkeypatch.syspath_prepend(request.config.rootpath / "bench")
    monkeypatch.syspath_prepend(request.config.rootpath / "bench" / "peers")
    formulas = import_module("regret_at_once")
    binary = kind == "logistic"
    reward = {"range": [0, 1]} if binary else {}
    bandit = Bandit(range(ARMS), context=WIDTH, belief=kind, seed=1, reward=reward)
    made = formulas.Logistic if binary else formulas.Linear
    reference = made((1, ARMS, 1 + WIDTH))
    rng = np.random.default_rng(0)
    for _ in range(80):
        z = np.append(1.0, rng.normal(size=WIDTH))
        decision = bandit.decide(z[1:])
        earned = float(rng.random() < 0.4) if binary else 3.0 + rng.normal()
        bandit.learn(decision, earned)
        reference.learn(np.array([decision.arm]), z[None], np.array([earned]))
    heights = np.linspace(0.0, 2.0, 32)
    weights = np.exp(-0.5 * heights**2)
    for _ in range(20):
        z = np.append(1.0, rng.normal(size=WIDTH))
        mean, variance, noise, freedom = (side[0] for side in reference.at(z[None]))
        deviation = noise * np.sqrt(variance / (1.0 - 2.0 / freedom))
        winners = (mean + heights[:, None] * deviation).argmax(1)
        shares = np.bincount(winners, weights / weights.sum(), ARMS)
        assert bandit.propensities(z[1:]) == pytest.approx(shares, abs=1e-9)
