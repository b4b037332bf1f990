"""What a delivery came to by each objective follows from its terms."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import GRID, Declaration, InvalidDeclaration
from tamesu.base.aims import LARGEST, vector_of
from tamesu.base.grid import to_grid

REVENUE = {"events": {"purchase": {"weight": 2, "aggregate": "sum"}}, "range": [-50, 150]}
CLICKS = {"click": 1}


def declared(objectives, scalarise="gini", **reward):
    return Declaration.parse(
        {
            "name": "shop",
            "arms": ["a", "b"],
            "policy": {"belief": "gaussian"},
            "reward": {"objectives": objectives, "scalarise": scalarise, **reward},
        }
    )


def terms_of(declaration, values):
    """Terms of deliveries whose events of each type came to `values`, one column each."""
    return {
        type_: np.array([to_grid(term.weight * value) for value in values[type_]], np.int64)
        for type_, term in declaration.reward.events.items()
    }


@given(
    kind=st.sampled_from(["gini", "weighted"]),
    spent=st.lists(st.floats(-25, 75), min_size=1, max_size=9),
)
def test_each_lies_where_it_lies_in_its_range(kind, spent):
    made = declared({"clicks": CLICKS, "revenue": REVENUE, "likes": {"like": 1}}, kind)
    clicks, likes = np.arange(len(spent)) % 2, np.ones(len(spent))
    terms = terms_of(made, {"click": clicks, "purchase": spent, "like": likes})
    vector = vector_of(made.aims, terms, len(spent)) / GRID
    assert vector[:, 0].tolist() == clicks.tolist()
    assert vector[:, 2].tolist() == likes.tolist()
    assert np.abs(vector[:, 1] - (2 * np.array(spent) + 50) / 200).max() <= 2 / GRID


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 11, 16])
def test_what_is_clicked_or_not_is_one_or_zero_however_many_objectives_there_are(count):
    objectives = {f"o{i}": {f"x{i}": 1, f"y{i}": {"weight": 3, "cap": 1}} for i in range(count)}
    made = declared(objectives)
    values = list(itertools.islice(itertools.product([0, 1], repeat=2), 4))
    events = {
        f"{letter}{i}": [v[j] for v in values]
        for i in range(count)
        for j, letter in enumerate("xy")
    }
    vector = vector_of(made.aims, terms_of(made, events), 4)
    for column in vector.T:
        assert column.tolist() == [0, 3 * GRID // 4, GRID // 4, GRID]


def test_their_mean_is_the_reward():
    made = declared({"clicks": CLICKS, "revenue": {"events": {"purchase": 1}, "range": [0, 2]}})
    terms = terms_of(made, {"click": [0, 1, 1], "purchase": [1, 0, 1]})
    reward = sum(terms.values())
    assert vector_of(made.aims, terms, 3).mean(axis=1).tolist() == reward.tolist()
    assert made.reward.range == (0, 1)


def test_what_lies_beyond_its_range_is_told_as_it_is_and_saturates():
    made = declared({"clicks": CLICKS, "revenue": REVENUE})
    terms = {"purchase": np.array([to_grid(0.5 * 2), -(1 << 62), 1 << 62])}
    vector = vector_of(made.aims, terms, 3)
    assert vector[:, 0].tolist() == [0, 0, 0]
    assert vector[:, 1].tolist() == [2 * GRID + GRID // 4, -LARGEST, LARGEST]


def test_nothing_comes_to_the_lower_end_of_what_is_zero():
    made = declared({"clicks": CLICKS, "revenue": REVENUE})
    assert vector_of(made.aims, {}, 1).tolist() == [[0, GRID // 4]]
    assert vector_of(made.aims, {}, 0).shape == (0, 2)


def test_the_worst_objective_weighs_most_and_each_next_half_as_much():
    aims = declared({"a": {"x": 1}, "b": {"y": 1}, "c": {"z": 1}}).aims
    assert (aims.kind, aims.weights, aims.are_apart) == ("gini", (1, 0.5, 0.25), True)
    assert aims.shares == (1 / 3, 1 / 3, 1 / 3)
    given_ = {"kind": "gini", "weights": [3, 3, 1]}
    assert declared({"a": {"x": 1}, "b": {"y": 1}, "c": {"z": 1}}, given_).aims.weights == (3, 3, 1)


def test_of_a_weighed_sum_weights_are_shares_and_nothing_is_learnt_apart():
    scalarise = {"kind": "weighted", "weights": {"clicks": 1, "revenue": 3}}
    made = declared({"clicks": CLICKS, "revenue": REVENUE}, scalarise)
    assert (made.aims.weights, made.aims.shares) == ((0.25, 0.75), (0.25, 0.75))
    assert not made.aims.are_apart
    assert made.reward.by_term
    alone = Declaration.parse({"name": "a", "arms": ["a"]})
    assert (alone.aims, alone.reward.by_term) == (None, False)


def test_gini_is_written_as_it_was_read():
    for scalarise in ("gini", {"kind": "gini", "weights": [1, 0.25]}):
        made = declared({"clicks": CLICKS, "revenue": REVENUE}, scalarise)
        assert made.reward.by_term
        assert "by_term" not in made.plain()["reward"]
        assert Declaration.parse(made.plain()) == made


@pytest.mark.parametrize(
    ("scalarise", "reward", "message"),
    [
        ({"kind": "gini", "weights": {"a": 1, "b": 1}}, {}, "must be a list by rank"),
        ({"kind": "gini", "weights": [1]}, {}, "one weight for each of 2 objectives, got 1"),
        ({"kind": "gini", "weights": [1, 2]}, {}, "never rise"),
        ({"kind": "gini", "weights": [1, 0]}, {}, "between 2^-31 and 2^31"),
        ({"kind": "gini", "weights": [float("inf"), 1]}, {}, "between 2^-31"),
        ({"kind": "gini", "weights": [1, float("nan")]}, {}, "between 2^-31"),
        ({"kind": "gini", "weights": ["x", 1]}, {}, "scalarise.weights"),
        ({"kind": "weighted", "weights": [1, 1]}, {}, "must be by objective, got a list"),
        ("gini", {"default": 0.5}, "reward.default and reward.range"),
        ("gini", {"range": [0, 2]}, "reward.default and reward.range"),
        ("gini", {"by_term": True}, "by_term"),
    ],
)
def test_what_cannot_be_is_refused_by_name(scalarise, reward, message):
    with pytest.raises(InvalidDeclaration) as caught:
        declared({"a": {"x": 1}, "b": {"y": 1}}, scalarise, **reward)
    assert message in caught.value.message
