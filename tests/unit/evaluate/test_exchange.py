"""Rounds in the forms of others, and back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import InvalidInput
from tamesu.evaluate import Rounds
from tamesu.evaluate.exchange import (
    arrays_of,
    dsjson_of,
    rounds_of_arrays,
    rounds_of_dsjson,
    rounds_of_table,
    table_of,
)

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


@st.composite
def logs(draw):
    """Any rounds, of one to five arms; an arm that was never chosen among them."""
    n, k = draw(st.integers(1, 8)), draw(st.integers(1, 5))
    d, a = draw(st.integers(0, 3)), draw(st.integers(0, 2))
    chosen = draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    eligible = np.array(draw(st.lists(st.booleans(), min_size=n * k, max_size=n * k)))
    eligible = eligible.reshape(n, k)
    eligible[np.arange(n), chosen] = True

    def numbers(count, strategy=NUMBERS):
        return np.array(draw(st.lists(strategy, min_size=count, max_size=count)), dtype=float)

    return Rounds.of(
        [f"arm {row}" for row in chosen],
        numbers(n),
        numbers(n, st.floats(1e-9, 1.0)),
        among=[f"arm {row}" for row in range(k)],
        contexts=numbers(n * d).reshape(n, d),
        features=numbers(k * a).reshape(k, a),
        eligible=eligible,
        positions=draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)),
        units=draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)),
        shown=draw(st.lists(st.booleans(), min_size=n, max_size=n)),
        decided=draw(st.lists(st.integers(0, 2**50), min_size=n, max_size=n)),
    )


def same(one, other, *names):
    for name in names:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


ALIKE = ("arms", "chosen", "reward", "propensity", "context", "decided")


@given(logs())
def test_arrays_are_read_back_whole(rounds):
    back = rounds_of_arrays(arrays_of(rounds))
    same(back, rounds, *ALIKE, "features", "eligible", "position", "shown", "cluster")


@given(logs())
def test_a_table_is_read_back_but_for_arms_that_nobody_chose(rounds):
    back = rounds_of_table(table_of(rounds))
    assert {*back.arms} <= {*rounds.arms}
    chosen = [back.arms[row] for row in back.chosen]
    assert chosen == [rounds.arms[row] for row in rounds.chosen]
    same(back, rounds, "reward", "propensity", "context", "position", "decided")


@given(logs())
def test_dsjson_is_read_back(rounds):
    lines = list(dsjson_of(rounds))
    back, left = rounds_of_dsjson(lines)
    assert left == {}
    # Arms come in the order in which they are met.
    chosen = [back.arms[row] for row in back.chosen]
    assert chosen == [rounds.arms[row] for row in rounds.chosen]
    same(back, rounds, "reward", "propensity", "context", "decided")
    row_of = {arm: row for row, arm in enumerate(rounds.arms)}
    rows = [row_of[arm] for arm in back.arms]
    whole = np.ones((len(rounds), len(rows)), bool) if back.eligible is None else back.eligible
    assert np.array_equal(whole, rounds.eligible[:, rows])
    assert np.array_equal(back.features, rounds.features[rows])


def line_of(**fields):
    line = {
        "_label_cost": -1,
        "_label_probability": 0.8,
        "_labelIndex": 1,
        "Timestamp": "2021-02-04T16:31:29.2460001Z",
        "a": [2, 1],
        "p": [0.8, 0.2],
        "c": {
            "GUser": {"id": "rnc", "major": "engineering", "hobby": ["hiking"], "age": 20},
            "_multi": [{"TAction": {"a1": "f1"}}, {"TAction": {"a1": "f2"}}],
        },
    } | fields
    return json.dumps({name: one for name, one in line.items() if one is not None})


def test_a_line_as_others_write_it():
    rounds, left = rounds_of_dsjson(
        [line_of(), "", line_of(_label_cost=0, _labelIndex=0, a=[1, 2])]
    )
    assert left == {}
    assert rounds.arms == ("0", "1")
    assert rounds.chosen.tolist() == [1, 0]
    assert rounds.reward.tolist() == [1.0, 0.0]
    # The age, then a column for the hobby, the id and the major.
    assert rounds.context.tolist() == [[20.0, 1.0, 1.0, 1.0]] * 2
    assert rounds.features.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert rounds.decided[0] == 1_612_456_289_246_000


def test_what_is_no_round_is_counted():
    dangling = json.dumps({"RewardValue": 1, "EventId": "x"})
    varying = line_of(c={"_multi": [{"f": 1}, {"f": 2}]})
    again = line_of(c={"_multi": [{"f": 1}, {"f": 3}]})
    rounds, left = rounds_of_dsjson([dangling, line_of(_skipLearn=True), varying, again])
    assert len(rounds) == 2
    assert left == {
        "lines without a reward": 1,
        "not activated": 1,
        "features of actions, which differ from line to line": 1,
    }
    assert rounds.features.shape == (2, 0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2 must be dsjson"),
        ("[]", "line 2 must be dsjson"),
        (line_of(_outcomes=[]), "line 2: .*_outcomes"),
        (line_of(pdrop=0.5), "line 2: every decision must be in the log, got pdrop 0.5"),
        (line_of(a=[3, 1]), "line 2: what was chosen must be one of 2, got 3"),
        (line_of(p=[0.2, 0.8]), "got 0.8 and 0.2 in p"),
        (line_of(_label_probability=None), "line 2 must be dsjson, got no '_label_probability'"),
        (line_of(c=[]), "line 2 must be dsjson"),
        (line_of(c={"_multi": [{"_tag": "x"}, {"_tag": "x"}]}), "twice"),
        (line_of(c={"age": 1e999, "_multi": [{}, {}]}), "line 2"),
        (line_of(_label_probability=1.5, p=[1.5, 0.2]), r"in \(0, 1\], got 1.5 in row 1"),
    ],
)
def test_what_cannot_be_a_line_is_refused_by_its_number(line, message):
    with pytest.raises(InvalidInput, match=message):
        rounds_of_dsjson([line_of(), line])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pscore": None}, "pscore"),
        ({"pscore": [0.5, 0.0]}, r"in \(0, 1\]"),
        ({"action": [0.5, 1.0]}, "whole numbers"),
        ({"action": [0, 3]}, "0..2"),
        ({"action": [-1, 0]}, "0..2"),
        ({"n_rounds": 3}, "n_rounds = 3 entries, got 2"),
        ({"arms": ["x"]}, "must name 3"),
    ],
)
def test_arrays_that_cannot_be_are_refused(change, message):
    arrays = {"n_actions": 3, "action": [0, 2], "reward": [1.0, 0.0], "pscore": [0.5, 0.25]}
    with pytest.raises(InvalidInput, match=message):
        rounds_of_arrays(arrays | change)


def test_a_table_of_the_open_bandit_dataset():
    table = {
        "timestamp": ["2019-11-24 00:00:00.058519+00:00", "2019-11-24 00:00:01"],
        "item_id": [14, 2],
        "position": [3, 1],
        "click": [0, 1],
        "propensity_score": [0.0125, 0.25],
        "user_feature_0": ["81ce", "03a5"],
    }
    rounds = rounds_of_table(table)
    assert rounds.arms == ("2", "14")
    assert rounds.chosen.tolist() == [1, 0]
    assert rounds.position.tolist() == [2, 0]
    assert rounds.context.tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert rounds.decided.tolist() == [1_574_553_600_058_519, 1_574_553_601_000_000]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"propensity_score": None}, "propensity_score"),
        ({"position": [0, 1]}, "count from 1, got 0"),
        ({"timestamp": ["x", "y"]}, "ISO 8601"),
        ({"timestamp": [1, 2]}, "moment, got int"),
    ],
)
def test_a_table_that_cannot_be_is_refused(change, message):
    table = {"item_id": [1, 2], "click": [0, 1], "propensity_score": [0.5, 0.5]}
    with pytest.raises(InvalidInput, match=message):
        rounds_of_table(table | change)
