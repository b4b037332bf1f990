"""What a reward stands for: read, written and held against the reward it belongs to."""

from __future__ import annotations

import pytest

from tamesu.base import Declaration, InvalidDeclaration

SURROGATE = {
    "later": "purchase",
    "within": "10d",
    "window": "1h",
    "fitted": "2026-02-01T00:00:00.000000Z",
    "since": "2026-01-01T00:00:00.000000Z",
    "until": "2026-01-20T00:00:00.000000Z",
    "rows": 3000,
    "constant": 0.1,
    "ridge": 0.01,
    "r2": 0.3,
    "r2_error": 0.02,
    "calibration": [{"rows": 3000, "expected": 0.2, "later": 0.21, "error": 0.01}],
    "differing": ["a"],
}


def declared(reward=None, **surrogate):
    return {
        "name": "shop",
        "arms": ["a", "b"],
        "policy": {"belief": "gaussian"},
        "reward": {
            "window": "1h",
            "events": {"click": 0.02, "cart": {"weight": 0.5, "aggregate": "count", "cap": 3}},
            "range": [0, 1.52],
            **(reward or {}),
            "surrogate": {**SURROGATE, **surrogate},
        },
    }


def test_it_is_kept_with_the_declaration_as_it_was_written():
    declaration = Declaration.parse(declared())
    assert declaration.surrogate.rows == 3000
    plain = declaration.plain()
    written = plain["reward"]["surrogate"]
    assert {**written, "calibration": list(written["calibration"]), "differing": ["a"]} == SURROGATE
    assert Declaration.parse(plain) == declaration


def test_nothing_is_learnt_from_it():
    without = declared()
    del without["reward"]["surrogate"]
    assert Declaration.parse(declared()).reward == Declaration.parse(without).reward
    assert Declaration.parse(without).surrogate is None


@pytest.mark.parametrize(
    ("surrogate", "why"),
    [
        ({"within": "1h"}, "must be longer than the window"),
        ({"window": "2h"}, "the reward counts them for 1h"),
        ({"r2": float("nan")}, "r2 must be finite"),
        ({"constant": float("inf")}, "constant must be finite"),
        ({"calibration": [{"rows": 1, "expected": 1, "later": float("nan")}]}, "finite numbers"),
        ({"rows": 0}, "must have rows"),
        ({"until": "2025-01-01T00:00:00Z"}, "decided between since and until"),
        ({"rows": "many"}, "rows"),
        ({"wihtin": "2d"}, "unknown field 'wihtin'"),
    ],
)
def test_what_no_fit_can_have_said_is_refused(surrogate, why):
    with pytest.raises(InvalidDeclaration, match=why):
        Declaration.parse(declared(**surrogate))


def test_a_window_that_was_changed_since_is_another_reward():
    with pytest.raises(InvalidDeclaration, match="fitted to events within 1h") as refused:
        Declaration.parse(declared({"window": "3h"}))
    assert "fit them again" in refused.value.hint


def test_it_belongs_to_events():
    objectives = {"objectives": {"clicks": {"click": 1}}, "surrogate": SURROGATE}
    with pytest.raises(InvalidDeclaration, match="where the weights of"):
        Declaration.parse({"name": "shop", "arms": ["a"], "reward": objectives})


@pytest.mark.parametrize("name", ["surrogate", "objectives", "scalarise"])
def test_what_is_about_the_reward_stands_under_it(name):
    with pytest.raises(InvalidDeclaration, match=f"{name} must stand under reward"):
        Declaration.parse({"name": "shop", "arms": ["a"], name: {}})
