"""The description of a declaration knows what may be written under `reward`."""

from __future__ import annotations

import jsonschema
import pytest
from fitted import SURROGATE

from tamesu.base import Declaration
from tamesu.serve.http.openapi import document

OBJECTIVES = {"clicks": {"click": 1}, "sales": {"events": {"buy": {"weight": 2}}, "range": [0, 2]}}
FITTED = {
    **SURROGATE,
    "calibration": [{"rows": 3000, "expected": 0.2, "later": 0.21, "error": 0.01}],
}


@pytest.fixture(scope="module")
def described():
    whole = {"$ref": "#/components/schemas/Declaration", "components": document()["components"]}
    return jsonschema.Draft202012Validator(whole)


@pytest.mark.parametrize(
    "reward",
    [
        {"events": {"click": 1, "buy": {"weight": 2, "aggregate": "count"}}},
        {"objectives": OBJECTIVES},
        {"objectives": OBJECTIVES, "scalarise": "weighted"},
        {"objectives": OBJECTIVES, "scalarise": {"weights": {"clicks": 1, "sales": 2}}},
        {"objectives": OBJECTIVES, "scalarise": {"kind": "gini", "weights": [1, 0.5]}},
        {"events": {"click": 0.3}, "range": [0, 1], "surrogate": FITTED},
    ],
)
def test_what_a_server_takes_is_described(described, reward):
    written = {
        "name": "shop",
        "arms": ["a", "b"],
        "policy": {"belief": "gaussian", "explorer": "thompson"},
        "reward": reward,
    }
    Declaration.parse(written)
    assert described.is_valid(written), next(described.iter_errors(written)).message


@pytest.mark.parametrize(
    "wrong",
    [
        {"objectives": OBJECTIVES},
        {"surrogate": FITTED},
        {"reward": {"by_term": True}},
        {"reward": {"surrogate": {"rows": 3}}},
        {"reward": {"objectives": {"clicks": 1}}},
    ],
)
def test_what_none_takes_is_not(described, wrong):
    assert not described.is_valid({"name": "shop", "arms": ["a"], **wrong})
