"""A two-tower bandit's own log judges it, and any other: served, archived, made again."""

from __future__ import annotations

from contextlib import closing

import pytest
from served import Served
from towers import CONTEXTS, declared_towers, towers_of

import tamesu
from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.adapters.artefact.folder import write_towers
from tamesu.wiring import Settings, open_store

WORTH = 0.8, 0.2
"""How often arms of even and of odd numbers are clicked."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A data folder with 900 decisions of a two-tower bandit that explores, and its declaration."""
    folder = tmp_path_factory.mktemp("data")
    towers = towers_of(arms=8)
    digest = write_towers(folder / "learnt", towers)
    declared = declared_towers(towers, folder / "learnt", digest, most=4, explore=0.4)
    declared["reward"] |= {"window": "5s"}
    with closing(open_store(Settings(data=str(folder)))) as store:
        one = Served(
            declared,
            lambda _, arm: WORTH[int(arm[4:]) % 2],
            lambda rng: CONTEXTS[rng.integers(2)][0],
            store=store,
            archive=ParquetArchive(folder / "archive"),
        )
        one.serve(900, every=300)
        one.rest()
    return folder, declared


def judged(lived, policy, **asked):
    asked = {"estimators": ["ips", "snips"], "confidence": 1 - 1e-6, **asked}
    found = tamesu.judge("front", policy, data=lived[0], **asked)
    return found, {one.estimator: one for one in found.estimates}


def test_the_log_gives_its_own_policy_what_it_earned(lived):
    found, estimates = judged(lived, "logging")
    (logged,) = found.logged
    assert estimates["ips"].value == estimates["snips"].value == logged.value
    assert found.diagnostics.weights.largest == 1.0
    assert not found.refused


def test_the_same_declaration_is_the_same_policy(lived):
    """Whose learning changes nothing: what was logged is what it does."""
    found, estimates = judged(lived, lived[1], at="prior")
    assert found.diagnostics.weights.largest == pytest.approx(1.0, abs=1e-9)
    assert estimates["ips"].value == pytest.approx(found.logged[0].value, abs=1e-9)


def test_others_are_judged_by_it(lived):
    def even(context, arms):
        return min(arm for arm in arms if int(arm[4:]) % 2 == 0)

    _, estimates = judged(lived, even)
    low, high = estimates["snips"].interval
    assert low < WORTH[0] < high
    greedier = {**lived[1], "policy": {**lived[1]["policy"], "explorer": {"kind": "greedy"}}}
    assert 0.0 <= judged(lived, greedier, at="prior")[1]["snips"].value <= 1.0
