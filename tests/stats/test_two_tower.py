"""Two towers that are narrower than the truth: doubly robust earns more than a regression of the same towers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="module")
def bench():
    place = Path(__file__).parents[2] / "bench" / "two_tower.py"
    spec = importlib.util.spec_from_file_location("two_tower", place)
    module = importlib.util.module_from_spec(spec)
    sys.modules["two_tower"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["two_tower"]


@pytest.mark.soak
def test_in_true_value_it_beats_all_others_where_towers_are_narrow(bench):
    """The docs have ten other seeds."""
    shape = bench.SHAPES["narrow"]
    found = [bench.values(shape, seed, print) for seed in range(4)]
    mean = {name: np.mean([one[name]["value"] for one in found]) for name in found[0]}
    for other in ("uniform", "logging", "likelihood", "IPS", "regression"):
        assert mean["DR"] > mean[other] + 0.02, other
    assert mean["DR"] < mean["best"]
