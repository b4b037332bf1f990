"""A newcomer of rate .02 beside five mature arms of .05, 10 decisions a second, window 15 minutes.

Nothing comes back before the window is over, so whatever the newcomer gets meanwhile is learnt from
nothing. The mature arms have learnt from 18,000 deliveries through the same loop. False-alarm rates are
those of a share of 9,000 draws with known propensities: five standard errors are below .025. Seeded.
"""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import Declaration
from tamesu.base.times import MINUTE_US
from tamesu.sim import DelayedWorld
from tamesu.testing.rehearsal import Rehearsal

MATURE, NEW = list("abcde"), "new"
PACE_US = 100_000
WINDOW = 15 * MINUTE_US // PACE_US


def rehearsal_of(newcomer, seed, settle="15m", **policy):
    declaration = Declaration.parse(
        {
            "name": "homes",
            "arms": MATURE,
            "seed": seed,
            "reward": {"window": "15m", "settle": settle},
            "policy": {"newcomer": newcomer, **policy},
        }
    )
    return Rehearsal(declaration, DelayedWorld([0.05] * 5 + [0.02], MINUTE_US), [*MATURE, NEW])


def first_window(newcomer, seed=1, settle="15m"):
    """The newcomer's share of the traffic of its first window, and the rehearsal at its end."""
    rng = np.random.default_rng(seed)
    rehearsal = rehearsal_of(newcomer, seed, settle)
    asked = {"every": 50, "pace_us": PACE_US, "uniforms": lambda m: rng.random((m, 2))}
    for _ in rehearsal.play(2 * WINDOW, **asked):
        pass
    rehearsal.rest(20 * MINUTE_US)
    assert sum(row.observations for row in rehearsal.summary()) == 2 * WINDOW
    effect = rehearsal.ask("arms", {"add": [NEW]}).effect
    assert effect is not None
    assert effect.refusal is None
    # The gap is the newcomer's alone: the others have one rate.
    lost = np.concatenate([step.lost for step in rehearsal.play(WINDOW, **asked)])
    return float(np.mean(lost > 0.01)), rehearsal


def test_without_a_cap_nearly_all_of_the_first_window_is_the_newcomers():
    share, _ = first_window("off")
    assert share > 0.9


def test_a_cap_holds_the_newcomer_at_its_share_until_something_comes_back():
    share = 0.2
    taken, rehearsal = first_window({"share": share, "until": 20})
    assert taken == pytest.approx(share, abs=0.025)
    assert rehearsal.prepared().propensities()[-1] == pytest.approx(share, abs=1e-12)
    # One more window, and it has learnt from enough: then it stands by what it is worth.
    rehearsal.rest(20 * MINUTE_US)
    assert rehearsal.summary()[-1].observations > 20
    assert rehearsal.prepared().propensities()[-1] < 0.01


def test_settling_after_a_minute_keeps_within_a_quarter_without_a_cap():
    """For a minute nothing comes back, then what came of that minute: a fifteenth, and little more."""
    taken, _ = first_window("off", settle="1m")
    assert 1 / 15 * 0.9 < taken < 0.25
