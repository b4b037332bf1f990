"""Arms that tell of themselves, judged by an archive: alike ones as one, later ones by what they told then."""

from __future__ import annotations

import numpy as np
import pytest
from served import SHOP_IN_CONTEXTS, Served, archived, drawn

from tamesu.engine import Candidates, most_weight_of
from tamesu.evaluate import contrast_of, estimator_of, evaluated, normal

ARMS = ["a", "b", "c"]


def test_arms_that_tell_alike_are_judged_as_one_by_the_logging_policy_made_again():
    """By marginalised weights, from the distributions of the snapshots that decided."""
    told = {"a": 0.0, "b": 1.0, "c": 1.0}
    declared = {
        **SHOP_IN_CONTEXTS,
        "arms": [{"id": arm, "features": {"size": size}} for arm, size in told.items()],
        "arm_features": {"size": {"type": "numeric", "range": [0, 1]}},
    }
    served = Served(declared, lambda _, arm: 0.2 + 0.4 * told[arm], drawn)
    served.serve(800)
    served.rest()
    decisions = archived(served)
    candidates = Candidates(decisions, decisions.logged())
    only_c = candidates.called(lambda *_: {"c": 1.0}, "only_c")
    rounds = only_c.logged.rounds()
    theirs = candidates.distributions(only_c)
    contrast = contrast_of(rounds, only_c.target, logging=theirs)
    # Whoever chose b or c counts, where plain weights take c alone.
    assert ((contrast.marginal > 0) == (rounds.chosen > 0)).all()
    assert (contrast.marginal[rounds.chosen > 0] <= contrast.weight.max()).all()
    low, high = normal(estimator_of("mips").contributions(contrast), rounds.cluster, 1 - 1e-6)
    assert low < 0.6 < high
    itself = candidates.logging()
    same = contrast_of(rounds, itself.target, logging=theirs)
    assert same.marginal == pytest.approx(np.ones(800), abs=1e-12)
    assert evaluated(rounds, only_c.target, estimators=["mips"], logging=theirs).estimates


def test_an_arm_that_came_later_tells_of_itself_and_not_its_declaration():
    """Whatever is asked of the log: its own policy, what was learnt since, the largest weight."""
    declared = {
        **SHOP_IN_CONTEXTS,
        "arms": [{"id": arm, "features": {"size": row / 2}} for row, arm in enumerate(ARMS)],
        "arm_features": {"size": {"type": "numeric", "range": [0, 1]}},
        "policy": {
            "belief": {"kind": "linear", "sharing": "hybrid"},
            "explorer": {"kind": "greedy", "explore": 0.2},
        },
    }
    one = Served(declared, lambda *_: 0.5, drawn)
    one.serve(60)
    one.store.ask("shop", "arms", {"add": [{"id": "d", "features": {"size": 0.3}}]}, one.now())
    one.learn()
    version = one.store.versions()["shop"]
    one.clock.move(1)
    one.serve(60)
    one.rest()
    decisions = archived(one)
    logged = decisions.logged()
    assert most_weight_of(decisions, logged) == pytest.approx(4 / 0.2)
    candidates = Candidates(decisions, logged)
    assert candidates.logging().told == {"apart": 0.0, "gone": 0}
    assert candidates.doubts() == ()
    since = candidates.snapshot(version)
    shares = since.target(since.logged.rounds())
    assert (shares[:, logged.places["d"]] >= 0.05).all()
