"""Estimates of the reference implementation, frozen: sb-obp 0.5.10 on small arrays, to 1e-12.

Made by `bench/peers/estimates.py` in that package's own environment; `bench/agreement.py` compares far more.
"""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.evaluate import (
    Rounds,
    Slates,
    contrast_of,
    estimator_of,
    slate_contrast_of,
    slate_estimator_of,
    value,
)

ROUNDS = {
    "action": np.array([0, 2, 1, 0, 2, 1, 0, 1]),
    "reward": np.array([1.0, 0, 1, 0, 0.5, 1, 1, 0]),
    "pscore": np.array([0.5, 0.1, 0.25, 0.8, 0.02, 0.6, 0.3, 0.9]),
    "target": np.array(
        [
            [0.2, 0.5, 0.3],
            [0, 0, 1],
            [0.4, 0.35, 0.25],
            [0.1, 0.1, 0.8],
            [0.3, 0.3, 0.4],
            [0.05, 0.9, 0.05],
            [1, 0, 0],
            [0.6, 0.2, 0.2],
        ]
    ),
    "predicted": np.array(
        [
            [0.6, 0.2, 0.4],
            [0.5, 0.5, 0.1],
            [0.3, 0.9, 0.2],
            [0.1, 0.4, 0.7],
            [0.8, 0.2, 0.6],
            [0.5, 0.75, 0.5],
            [0.35, 0.1, 0.9],
            [0.25, 0.45, 0.65],
        ]
    ),
    "logging": np.array(
        [
            [0.5, 0.3, 0.2],
            [0.6, 0.3, 0.1],
            [0.35, 0.25, 0.4],
            [0.8, 0.15, 0.05],
            [0.9, 0.08, 0.02],
            [0.3, 0.6, 0.1],
            [0.3, 0.3, 0.4],
            [0.05, 0.9, 0.05],
        ]
    ),
    "kin": np.array([0, 1, 0]),
}

OPTIONS = {
    "ips": ("clip", (1.0, 3.0, 10.0)),
    "dr": ("clip", (1.0, 3.0, 10.0)),
    "switch_dr": ("threshold", (1.0, 3.0, 10.0)),
    "dr_os": ("shrinkage", (1.0, 10.0, 100.0)),
    "ips_sg": ("correction", (0.0, 0.1, 0.5)),
    "dr_sg": ("correction", (0.0, 0.1, 0.5)),
}
"""Of estimators that have one: its name, and numbers of which SLOPE takes one too."""

OF_ROUNDS = {
    "ips": 2.0791666666666666,
    "snips": 0.4497859235333884,
    "dm": 0.44,
    "dr": 0.4061458333333335,
    "sndr": 0.4326763314053933,
    "replay": 0.5,
    "ips 1": 0.4875,
    "ips 3": 0.975,
    "ips 10": 1.4541666666666666,
    "ips slope": 0.4875,
    "dr 1": 0.5459375,
    "dr 3": 0.6790625000000001,
    "dr 10": 0.5311458333333334,
    "dr slope": 0.5459375,
    "switch_dr 1": 0.44593750000000004,
    "switch_dr 3": 0.5103125000000001,
    "switch_dr 10": 0.6561458333333334,
    "switch_dr slope": 0.44593750000000004,
    "dr_os 1": 0.484627712313456,
    "dr_os 10": 0.6094120915198324,
    "dr_os 100": 0.6401690793618903,
    "dr_os slope": 0.484627712313456,
    "ips_sg 0": 2.0791666666666666,
    "ips_sg 0.1": 1.16890446929882,
    "ips_sg 0.5": 0.6786172161172161,
    "ips_sg slope": 0.6786172161172161,
    "dr_sg 0": 0.4061458333333335,
    "dr_sg 0.1": 0.5750780546885279,
    "dr_sg 0.5": 0.5758856421356422,
    "dr_sg slope": 0.5758856421356422,
    "mips": 0.6779114906832298,
}

SLATES = {
    "action": np.array([[0, 1], [2, 0], [1, 2], [0, 2], [1, 0]]),
    "reward": np.array([[1.0, 0], [0, 0.5], [1, 1], [0, 0], [0, 1]]),
    "propensity": np.array([[0.5, 0.6], [0.2, 0.7], [0.3, 0.25], [0.4, 0.4], [0.05, 0.9]]),
    "target": np.array(
        [
            [[0.3, 0.5, 0.2], [0, 0.9, 0.1]],
            [[0.3, 0.1, 0.6], [0.3, 0.7, 0]],
            [[0.2, 0.1, 0.7], [0.5, 0, 0.5]],
            [[0.8, 0.1, 0.1], [0, 0.8, 0.2]],
            [[0.5, 0.25, 0.25], [0.4, 0, 0.6]],
        ]
    ),
    "predicted": np.array(
        [
            [[0.9, 0.4, 0.2], [0.3, 0.6, 0.1]],
            [[0.7, 0.5, 0.8], [0.2, 0.4, 0.6]],
            [[1.1, 0.3, 0.5], [0.9, 0.2, 0.4]],
            [[0.4, 0.6, 0.2], [0.1, 0.5, 0.3]],
            [[0.2, 0.8, 1.3], [0.6, 0.1, 0.7]],
        ]
    ),
    "marginal": np.array([[0.5, 0.45], [0.2, 0.35], [0.3, 0.3], [0.4, 0.25], [0.05, 0.55]]),
    "placed": np.array([[0.3, 0.4], [0.6, 0.2], [0.1, 0.45], [0.8, 0.3], [0.25, 0.1]]),
}

OF_SLATES = {
    "standard": 1.0196825396825395,
    "sn_standard": 0.8392997125685916,
    "item_position": 0.5801731601731601,
    "sn_item_position": 0.5384913729167866,
    "reward_interaction": 0.893015873015873,
    "sn_reward_interaction": 0.6667612024957459,
    "cascade_dr": 0.5179206349206348,
}


@pytest.mark.parametrize("told", OF_ROUNDS)
def test_estimates_of_rounds_are_those_of_the_reference(told):
    name, _, number = told.partition(" ")
    options = {}
    if number:
        option, numbers = OPTIONS[name]
        options = {option: numbers if number == "slope" else float(number)}
    rounds = Rounds.of(
        ROUNDS["action"],
        ROUNDS["reward"],
        ROUNDS["pscore"],
        among=range(3),
        features=ROUNDS["kin"][:, None],
    )
    contrast = contrast_of(rounds, ROUNDS["target"], ROUNDS["predicted"], logging=ROUNDS["logging"])
    found = value(estimator_of(name, options).contributions(contrast))
    assert found == pytest.approx(OF_ROUNDS[told], rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", OF_SLATES)
def test_estimates_of_slates_are_those_of_the_reference(name):
    slates = Slates.of(
        SLATES["action"],
        SLATES["reward"],
        SLATES["propensity"],
        among=range(3),
        marginals=SLATES["marginal"],
    )
    contrast = slate_contrast_of(
        slates, SLATES["target"], SLATES["predicted"], placed=SLATES["placed"]
    )
    found = value(slate_estimator_of(name).contributions(contrast))
    assert found == pytest.approx(OF_SLATES[name], rel=1e-12)
