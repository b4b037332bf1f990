"""Several objectives as one reward."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import Declaration, InvalidDeclaration

REVENUE = {"events": {"purchase": {"weight": 2, "aggregate": "sum"}}, "range": [-50, 150]}


def declared(objectives, **reward):
    return Declaration.parse(
        {
            "name": "shop",
            "arms": ["a", "b"],
            "policy": {"belief": "gaussian"},
            "reward": {"objectives": objectives, **reward},
        }
    )


def weights_of(declaration):
    return {name: term.weight for name, term in declaration.reward.events.items()}


def test_each_counts_by_its_share_of_the_weights_and_by_where_it_lies_in_its_range():
    made = declared(
        {"clicks": {"click": 1}, "revenue": REVENUE},
        scalarise={"kind": "weighted", "weights": {"clicks": 1, "revenue": 3}},
    )
    assert weights_of(made) == {"click": 0.25, "purchase": 2 * 0.75 / 200}
    assert made.reward.range == (-50 / 200 * 0.75, -50 / 200 * 0.75 + 1)


@pytest.mark.parametrize("scalarise", [{}, {"scalarise": "weighted"}])
def test_without_weights_all_weigh_alike(scalarise):
    made = declared({"clicks": {"click": 1}, "likes": {"like": {"weight": 4}}}, **scalarise)
    assert weights_of(made) == {"click": 0.5, "like": 0.5}
    assert made.reward.range == (0, 1)


@given(
    shares=st.tuples(st.floats(0.1, 9), st.floats(0.1, 9)),
    clicks=st.integers(0, 3),
    spent=st.floats(-25, 75),
)
def test_the_sum_of_terms_is_the_weighed_sum_of_what_each_is_worth(shares, clicks, spent):
    made = declared(
        {
            "clicks": {"click": {"weight": 1, "aggregate": "count", "cap": 3}},
            "revenue": REVENUE,
        },
        scalarise={"weights": dict(zip(("clicks", "revenue"), shares, strict=True))},
    )
    weights, total = weights_of(made), sum(shares)
    learnt = weights["click"] * clicks + weights["purchase"] * spent - made.reward.range[0]
    meant = shares[0] / total * clicks / 3 + shares[1] / total * (2 * spent + 50) / 200
    assert math.isclose(learnt, meant, rel_tol=1e-12, abs_tol=1e-12)


def test_it_is_written_as_it_was_read():
    made = declared(
        {"clicks": {"click": 1}, "revenue": REVENUE},
        scalarise={"weights": {"clicks": 1, "revenue": 2}},
    )
    written = made.plain()
    assert "events" not in written["reward"]
    assert Declaration.parse(msgspec.json.decode(msgspec.json.encode(written))) == made


def test_a_declared_range_of_the_whole_stands():
    assert declared({"clicks": {"click": 1}}, range=[0, 0.5]).reward.range == (0, 0.5)


@pytest.mark.parametrize(
    ("objectives", "reward", "message"),
    [
        ({"a": {"click": 1}, "b": {"click": 2}}, {}, "'click' stands in two"),
        ({"a": {"x": {"weight": 1, "aggregate": "sum"}}}, {}, "objectives.a must have a range"),
        ({"a": {"events": {"x": 1}, "range": [3, 3]}}, {}, "least below greatest, got [3, 3]"),
        ({"a": {"events": {}}}, {}, "at least one event type"),
        ({"a": {"events": {"x": 1}, "rang": [0, 1]}}, {}, "unknown field 'rang'"),
        ({}, {}, "1 to 16 objectives, got 0"),
        ({"": {"x": 1}}, {}, "1 to 64 printable characters, got ''"),
        ({"a\nb": {"x": 1}}, {}, "printable characters"),
        ({"a" * 65: {"x": 1}}, {}, "1 to 64"),
        ({"a": {"x": 1}}, {"events": {"y": 1}}, "either events or objectives"),
        (
            {"a": {"x": 1}},
            {"scalarise": "weighed"},
            "must be one of 'gini', 'weighted', got 'weighed'",
        ),
        ({"a": {"x": 1}}, {"scalarise": {"weights": {"b": 1}}}, "must be one of 'a', got 'b'"),
        ({"a": {"x": 1}}, {"scalarise": {"weights": {"a": 0}}}, "between 2^-31 and 2^31, got 0"),
        (
            {"a": {"x": 1}, "b": {"y": 1}},
            {"scalarise": {"weights": {"a": 1e308, "b": 1e308}}},
            "scalarise.weights.a must lie between 2^-31 and 2^31, got 1e+308",
        ),
        (
            {"a": {"x": 1}, "b": {"y": 1}},
            {"scalarise": {"weights": {"a": 1, "b": 5e-324}}},
            "scalarise.weights.b must lie between 2^-31 and 2^31, got 4.94066e-324",
        ),
        (
            {"a": {"events": {"x": 1}, "range": [-1e308, 1e308]}},
            {},
            "reward.objectives.a.range must be finite and within ±2^31, got -1e+308",
        ),
        ({"a": {"events": {"x": 1}, "range": [0, 1e-300]}}, {}, "a.range must be wider than 2^-31"),
        (
            {"a": {"events": {"x": 1}, "range": [1e9, 1e9 + 1e-3]}},
            {},
            "a.range must be wider than 2^-31, and than that part of what lies in it, got [1e+09, 1e+09]",
        ),
        ({"a": {"x": 5e-324}}, {}, "a.range must be wider than 2^-31, and than"),
        ({"a": {"x": 1e300}}, {}, "reward.objectives.a.events.x.weight must be finite and within"),
        ({"a": {"x": 1}, "b": {"y": 1}}, {"scalarise": {"weights": {"a": 1}}}, "missing: 'b'"),
        ({"a": {"impression": 1}}, {}, "must not hold 'impression'"),
        (3, {}, "at `reward.objectives`"),
    ],
)
def test_what_cannot_be_is_refused_by_name(objectives, reward, message):
    with pytest.raises(InvalidDeclaration) as caught:
        declared(objectives, **reward)
    assert message in caught.value.message
