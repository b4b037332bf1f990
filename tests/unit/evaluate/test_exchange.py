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
    back, left, _ = rounds_of_table(table_of(rounds))
    assert left == {}
    assert {*back.arms} <= {*rounds.arms}
    chosen = [back.arms[row] for row in back.chosen]
    assert chosen == [rounds.arms[row] for row in rounds.chosen]
    same(back, rounds, "reward", "propensity", "context", "position", "decided", "shown", "cluster")


@given(logs())
def test_dsjson_is_read_back(rounds):
    lines = list(dsjson_of(rounds))
    back, left, _ = rounds_of_dsjson(lines)
    assert left == {}
    # Arms come in the order in which they are met.
    chosen = [back.arms[row] for row in back.chosen]
    assert chosen == [rounds.arms[row] for row in rounds.chosen]
    same(back, rounds, "reward", "propensity", "context", "decided", "shown")
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
    rounds, left, _ = rounds_of_dsjson(
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
    varying = line_of(c={"_multi": [{"f": 1}, {"f": 2}]}, EventId="y")
    again = line_of(c={"_multi": [{"f": 1}, {"f": 3}]})
    waits = line_of(_label_cost=None)
    rounds, left, _ = rounds_of_dsjson([dangling, varying, varying, again, waits, waits])
    assert len(rounds) == 2
    assert left == {
        "rewards without a decision": 1,
        "lines that came twice": 1,
        "features of actions, which differ from line to line": 1,
        "decisions at the end whose reward is not known": 2,
    }
    assert rounds.features.shape == (2, 0)


def test_moments_that_some_lines_lack_are_kept_of_none_and_that_is_told():
    rounds, left, _ = rounds_of_dsjson([line_of(), line_of(Timestamp=None)])
    assert rounds.decided.tolist() == [0, 1]
    assert left == {"lines without a Timestamp, so that of all the order alone is kept": 1}
    assert rounds_of_dsjson([line_of(Timestamp=None)]).left == {}


def test_an_action_that_has_both_is_called_by_its_tag_and_tells_its_id():
    rounds = rounds_of_dsjson(
        [line_of(c={"_multi": [{"_tag": "x", "id": 3}, {"_tag": "y", "id": 4}]})]
    ).rounds
    assert rounds.arms == ("x", "y")
    assert rounds.features.tolist() == [[3.0], [4.0]]


def test_moments_that_nobody_told_are_not_made_up():
    rounds = Rounds.of(["a", "b"], [1.0, 0.0], [0.5, 0.5])
    assert "timestamp" not in table_of(rounds)
    assert all("Timestamp" not in json.loads(line) for line in dsjson_of(rounds))


def test_columns_of_contexts_are_called_as_the_log_calls_them():
    table = {"item_id": [1, 2], "click": [0, 1], "propensity_score": [0.5, 0.5]}
    table |= {"user_feature_0": ["b", "a"], "user_feature_1": [3.5, 4]}
    assert rounds_of_table(table).names == (
        "user_feature_0=a",
        "user_feature_0=b",
        "user_feature_1",
    )
    assert rounds_of_dsjson([line_of()]).names == (
        "GUser.age",
        "GUser.hobby[0]=hiking",
        "GUser.id=rnc",
        "GUser.major=engineering",
    )


def test_who_leaves_out_decisions_by_what_came_of_them_is_refused():
    waits = line_of(_label_cost=None)
    with pytest.raises(InvalidInput, match="line 4: the decision of line 2 must have a reward"):
        rounds_of_dsjson([line_of(), waits, waits, line_of()])


def test_what_was_never_activated_was_seen_by_nobody():
    rounds, left, _ = rounds_of_dsjson([line_of(_skipLearn=True, _label_cost=None), line_of()])
    assert left == {}
    assert rounds.shown.tolist() == [False, True]
    assert rounds.reward.tolist() == [0.0, 1.0]


def test_decisions_dropped_by_lot_are_counted_and_their_share_is_no_part_of_a_propensity():
    kept = line_of(pdrop=0.25, _label_probability=0.6)
    rounds, left, _ = rounds_of_dsjson([kept, kept])
    assert rounds.propensity.tolist() == [0.8, 0.8]
    assert left == {"decisions dropped by lot, each with probability 0.25": 1}


def test_lines_as_others_write_them():
    """A ranking that counts from 0, an outcome that is an object, costs that were changed, a model's name, truth values."""
    from_0 = line_of(
        _label_Action=2,
        a=[0, 1],
        p=[0.75, 0.25],
        _label_probability=0.25,
        o=[{"v": {"v=click": 1}, "_definitely_bad": False}],
        _original_label_cost=-3,
        VWState={"m": "ff07/550c"},
        c={
            "bool_true": True,
            "numbers": [4, 5.6],
            "FromUrl": [{"timeofday": "Afternoon"}],
            "_multi": [
                {"_tag": "Cappuccino", "i": {"constant": 1, "id": "x"}, "j": [{"type": "hot"}]},
                {"_tag": "Cold brew", "i": {"constant": 1, "id": "y"}, "j": [{"type": "cold"}]},
            ],
        },
    )
    # A label that is not on what stands first.
    other = line_of(a=[1, 2], p=[0.2, 0.8], Timestamp="2021-02-04T18:31:29+02:00")
    rounds, left, _ = rounds_of_dsjson([from_0])
    assert left == {}
    assert rounds.arms == ("Cappuccino", "Cold brew")
    assert rounds.chosen.tolist() == [1]
    assert rounds.propensity.tolist() == [0.25]
    # The hour of the day, truth, and two numbers.
    assert rounds.context.tolist() == [[1.0, 1.0, 4.0, 5.6]]
    assert rounds.features.tolist() == [[1, 1, 0, 0, 1], [1, 0, 1, 1, 0]]
    found = rounds_of_dsjson([other]).rounds
    assert (found.chosen[0], found.propensity[0]) == (1, 0.8)
    assert found.decided.tolist() == [1_612_456_289_000_000]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: it must be dsjson"),
        ("[]", "line 2: it must be dsjson"),
        (line_of(_outcomes=[]), "line 2: .*_outcomes"),
        (
            line_of(pdrop=0.5),
            r"line 2: all decisions must be kept with the same probability, got pdrop 0.5 after 0",
        ),
        (line_of(_labelIndex=2), "line 2: what was chosen must be one of 2, got 3"),
        (line_of(a=[3, 1]), "line 2: a must order 2 actions"),
        (line_of(a=None), "line 2: p must stand beside a"),
        (line_of(a=None, p=None, _labelIndex=None), "line 2: .* got no _labelIndex"),
        (line_of(_label_Action=1), "line 2: _labelIndex must be _label_Action - 1, got 1 and 1"),
        (line_of(p=[0.8, 0.8], a=[2, 1]), "line 2: p must sum to 1, got 1.6"),
        (line_of(pdrop=1.0), "line 2: pdrop must lie in"),
        (line_of(p=[0.2, 0.8]), "got 0.8 and 0.2 in p"),
        (line_of(_label_probability=None, p=None), "line 2: .* got no p and no _label_probability"),
        (line_of(c=[]), "line 2: it must be dsjson"),
        (line_of(c=None), "line 2: .* no _multi in c"),
        (line_of(c={"_multi": [{"_tag": "x"}, {"_tag": "x"}]}), "twice"),
        (line_of(c={"age": 1e999, "_multi": [{}, {}]}), "line 2"),
        (line_of(c={"age": 10**400, "_multi": [{}, {}]}), "line 2: age must be finite"),
        (line_of(c={"_multi": [{"_tag": [1]}, {}]}), "name must be a text or a number, got list"),
        (line_of(c=5).replace("5", "[" * 100_000, 1), "line 2"),
        (line_of(Timestamp=5), "line 2: it must be dsjson"),
        (line_of(Timestamp="yesterday"), "line 2: timestamp must be ISO 8601"),
        (
            line_of(_label_probability=1.5, p=None),
            r"line 2: propensities must lie in \(0, 1\], got 1.5",
        ),
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
        ({"n_actions": -1}, "n_actions must be at least 0, got -1"),
        ({"n_actions": 10**12}, "1,000,000 arms"),
        ({"n_actions": "many"}, "n_actions must be a whole number"),
        ({"context": [["a"], ["b"]]}, "contexts must be numbers"),
        ({"action_context": [[1.0], [np.nan], [2.0]]}, "features must lie within"),
        ({"position": [0.5, 1.0]}, "positions must be whole numbers"),
        ({"position": [-1, 0]}, r"0..9999, got -1 in row 0"),
        ({"shown": ["False", "False"]}, "shown must be truth values"),
        ({"shown": [2, 0]}, "shown must be truth values"),
        ({"reward": [1j, 0]}, "rewards must be numbers"),
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
    rounds, left, _ = rounds_of_table(table)
    assert left == {}
    assert rounds.arms == ("2", "14")
    assert rounds.chosen.tolist() == [1, 0]
    assert rounds.position.tolist() == [2, 0]
    assert rounds.context.tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert rounds.decided.tolist() == [1_574_553_600_058_519, 1_574_553_601_000_000]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"propensity_score": None}, "propensity_score"),
        ({"position": [0, 1]}, "whole numbers from 1, got 0"),
        ({"timestamp": ["x", "y"]}, "ISO 8601"),
        ({"timestamp": [1, 2]}, "moment, got int"),
        ({"item_id": [None, 2]}, r"item_id must name what was chosen, got none in row 0 \(1 of 2"),
        ({"position": [1.5, 1]}, "whole numbers from 1, got 1.5"),
        ({"shown": [2, 1]}, "shown must be 1"),
        ({"user_feature_0": [1]}, "contexts must be"),
    ],
)
def test_a_table_that_cannot_be_is_refused(change, message):
    table = {"item_id": [1, 2], "click": [0, 1], "propensity_score": [0.5, 0.5]}
    with pytest.raises(InvalidInput, match=message):
        rounds_of_table(table | change)


def test_a_column_is_of_numbers_or_of_words_as_a_whole():
    """Some digests of words read as numbers, and one of those as infinity."""
    table = {
        "": [0, 1, 2],
        "item_id": ["a", "b", "a"],
        "click": [0, 1, 0],
        "propensity_score": [0.5, 0.5, 0.5],
        "user_feature_0": ["81ce", "12e5", None],
        "user_feature_1": ["1e999", "7", "7"],
        "user_feature_2": ["1.5", "", "-2"],
        "user-item_affinity_0": [0.0, 1.0, 0.0],
    }
    rounds, left, _ = rounds_of_table(table)
    assert rounds.context.tolist() == [
        [0, 1, 1, 0, 1.5],
        [1, 0, 0, 1, 0],
        [0, 0, 0, 1, -2],
    ]
    assert left == {"columns of another kind (user-item_affinity_0)": 1}


def test_propensities_are_held_against_whole_distributions():
    arrays = {
        "action": [0, 1],
        "reward": [1.0, 0.0],
        "pscore": [0.25, 0.5],
        "pi_b": np.array([[0.25, 0.75], [0.5, 0.5]])[:, :, None],
    }
    assert rounds_of_arrays(arrays).propensity.tolist() == [0.25, 0.5]
    with pytest.raises(InvalidInput, match=r"what pi_b says .* got 0.5 and 0.25 in row 0 \(2 of 2"):
        rounds_of_arrays(arrays | {"pscore": [0.5, 0.75]})
    # Ten times off is another one, however little that is of a sum.
    tiny = {"pi_b": np.array([[1e-7, 1 - 1e-7], [0.5, 0.5]]), "pscore": [1e-8, 0.5]}
    with pytest.raises(InvalidInput, match=r"got 1e-08 and 1e-07 in row 0 \(1 of 2"):
        rounds_of_arrays(arrays | tiny)
    with pytest.raises(InvalidInput, match="slate_id"):
        rounds_of_arrays(arrays | {"slate_id": [0, 0]})


def test_moments_that_no_text_has_are_refused():
    rounds = Rounds.of(["a"], [1.0], [0.5], decided=[2**62])
    with pytest.raises(InvalidInput, match=r"years 1 to 9999 .* got 4,611,686,018,427,387,904"):
        table_of(rounds)
    with pytest.raises(InvalidInput, match="years 1 to 9999"):
        next(dsjson_of(rounds))
