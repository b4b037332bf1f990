"""Propensities that are not what the snapshots give that decided are seen, whoever is judged by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from served import SHOP, Served

from tamesu.engine import ArchivedDecisions, Candidates
from tamesu.evaluate import Trust, evaluated, evaluated_slates

LAYOUTS = [{"kind": "single"}, {"kind": "slate", "size": 2}]


@pytest.fixture(scope="module", params=LAYOUTS, ids=lambda layout: layout["kind"])
def served(request):
    one = Served({**SHOP, "layout": request.param}, lambda _, arm: 0.2 + 0.3 * (arm == "a"))
    one.serve(600)
    one.rest()
    return one


def judged(one, monkeypatch, change):
    """The logging policy, by an archive whose propensities were changed."""
    read, rng = one.archive.read, np.random.default_rng(3)

    def changed(files):
        for rows in read(files):
            yield replace(rows, propensity=np.clip(change(rows.propensity, rng), 1e-9, 1.0))

    monkeypatch.setattr(one.archive, "read", changed)
    decisions = ArchivedDecisions(one.store, one.archive, "shop")
    logged = decisions.logged()
    candidates = Candidates(decisions, logged)
    found = candidates.logging()
    if logged.size == 1:
        evaluation = evaluated(logged.rounds(), found.target, estimators=["snips"])
    else:
        evaluation = evaluated_slates(logged.slates(), found.target.placed)
    return evaluation.beside(candidates.doubts())


def test_a_log_that_is_right_is_not_doubted(served, monkeypatch):
    found = judged(served, monkeypatch, lambda logged, _: logged)
    assert found.verdict.trust is Trust.TRUSTWORTHY
    assert found.beside(()) is found


@pytest.mark.parametrize(
    ("change", "least"),
    [
        (lambda logged, rng: rng.permutation(logged), Trust.REFUSE),
        (lambda logged, _: logged / 2, Trust.REFUSE),
        (lambda logged, _: np.full_like(logged, 0.9), Trust.REFUSE),
        (lambda logged, _: np.full_like(logged, 1.0), Trust.REFUSE),
        (lambda logged, rng: np.where(rng.random(len(logged)) < 0.05, 0.99, logged), Trust.WEAK),
        (lambda logged, rng: logged * rng.choice([0.95, 1.05], len(logged)), Trust.WEAK),
    ],
    ids=["swapped", "halved", "of another policy", "missing", "some", "blurred"],
)
def test_a_log_that_is_wrong_is_not_trusted(served, monkeypatch, change, least):
    found = judged(served, monkeypatch, change)
    assert found.verdict.trust is not Trust.TRUSTWORTHY
    reasons = [one for one in found.verdict.reasons if one.what == "made again"]
    assert [one.trust for one in reasons] == [least]
    assert "made again from the snapshots that decided" in reasons[0].told


def test_snapshots_that_are_gone_are_not_learnt_again_to_look(served, monkeypatch):
    """Decisions of kept ones are looked at; where none is, nothing is said."""
    decisions = ArchivedDecisions(served.store, served.archive, "shop")
    candidates = Candidates(decisions, decisions.logged())
    monkeypatch.setattr(served.store, "snapshots", lambda _: [])
    assert candidates.doubts() == ()
