"""Features into columns: each type, what it refuses and how it says so, and that old columns stay."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from tamesu.base import Declaration, InvalidDeclaration, InvalidInput, ShapeMismatch
from tamesu.policy.features import encoder_of

SCHEMA = {
    "device": {"type": "categorical", "values": ["ios", "web", 3]},
    "hour": {"type": "cyclic", "period": 24},
    "age": {"type": "numeric", "range": [13, 100], "missing": 35},
    "spend": {"type": "numeric", "range": [0, 10], "clip": True, "missing": 0},
    "member": {"type": "boolean", "missing": False},
    "taste": {"type": "vector", "size": 2, "missing": [0, 1]},
    "town": {"type": "hashed", "buckets": 4, "missing": ""},
}
WHOLE = {
    "device": "web",
    "hour": 6,
    "age": 100,
    "spend": 2.5,
    "member": True,
    "taste": [0.5, -2],
    "town": "münchen",
}


def encoder(context=SCHEMA, **fields):
    return encoder_of(Declaration.parse({"name": "x", "arms": ["a"], "context": context, **fields}))


def one(name, value, **option):
    """The columns of a feature alone."""
    return encoder({name: {**SCHEMA[name], **option}}).context({name: value}).tolist()


def test_columns_are_for_ever():
    """What was recorded years ago must mean the same: these numbers never change."""
    ours = encoder(interactions=[["member", "device"], ["age", "taste"]])
    assert ours.names == (
        *("device=ios", "device=web", "device=3", "hour.cos", "hour.sin", "age", "spend", "member"),
        *("taste[0]", "taste[1]", "town#0", "town#1", "town#2", "town#3"),
        *("member × device=ios", "member × device=web", "member × device=3"),
        *("age × taste[0]", "age × taste[1]"),
    )
    columns = ours.context(WHOLE)
    assert columns.tolist() == pytest.approx(
        [0, 1, 0, 0, 1, 1, -0.5, 1, 0.5, -2, *TOWN["münchen"], 0, 1, 0, 0.5, -2], abs=1e-15
    )
    assert columns[5:].tolist() == ours.context(WHOLE).tolist()[5:]
    for town, buckets in TOWN.items():
        assert ours.context({**WHOLE, "town": town})[10:14].tolist() == buckets


TOWN = {
    "münchen": [0, 0, 0, 1],
    "": [0, 0, 1, 0],
    "7": [0, 0, 0, 1],
    "paris": [1, 0, 0, 0],
    "東京": [1, 0, 0, 0],
    "o" * 50: [0, 0, 1, 0],
}


def test_the_extremes_of_a_range_are_1():
    assert one("age", 13) == [-1.0]
    assert one("age", 100) == [1.0]
    assert one("age", 56.5) == [0.0]
    assert encoder({"x": {"type": "numeric", "range": [-1.7e308, 1.7e308]}}).context(
        {"x": 1.7e308}
    ) == [1.0]


def test_beyond_a_range_is_refused_or_clipped():
    with pytest.raises(InvalidInput, match=r"feature 'age' must be in \[13, 100\]"):
        one("age", 100.5)
    assert one("spend", 1e300) == [1.0]
    assert one("spend", -(10**200)) == [-1.0]


@pytest.mark.parametrize("hour", [0, 24, -24, 48.0, -0.0])
def test_a_circle_closes(hour):
    assert one("hour", hour) == [1.0, 0.0]


def test_a_number_far_around_a_circle_is_on_it():
    for hour in (1e308, -1e308, 5e-324, 10**300):
        cos, sin = one("hour", hour)
        assert cos * cos + sin * sin == pytest.approx(1.0, abs=1e-15)


SECRETS = {"Windows", "forty", "nine", "sweet"}

NO_VALUES = {
    "device": ("Windows", True, 3.0, 2, "3", [], {}, math.nan, b"web"),
    "age": ("forty", True, math.nan, math.inf, 10**400, [40], 1j, np.bool_(1), np.array([40.0])),
    "hour": ("nine", False, -math.inf, [9], {}),
    "member": (0, 1, "true", 1.0, []),
    "taste": (
        *(
            "sweet",
            7,
            {"a": 1},
            {1, 2},
            [1],
            [1, 2, 3],
            [1, "2"],
            [1, True],
            [1, None],
            [1, math.nan],
        ),
        *([1, 10**400], [1, 1e151], [[1], [2]], np.eye(2), np.array([True, False])),
        *(np.array(["1", "2"]), np.array([1, np.nan]), np.array([1, 1j])),
    ),
    "town": (1.5, True, [], math.nan, b"x"),
}


@pytest.mark.parametrize("name", NO_VALUES)
def test_what_is_no_value_is_refused_by_name_and_not_shown(name):
    """One by one and among many, with the same words."""
    ours = encoder({name: {key: of for key, of in SCHEMA[name].items() if key != "missing"}})
    for value in NO_VALUES[name]:
        with pytest.raises(InvalidInput, match=f"feature '{name}' must be") as refusal:
            ours.context({name: value})
        assert not (isinstance(value, str) and value in SECRETS and value in str(refusal.value))
        assert refusal.value.facts["field"] == name
        with pytest.raises(InvalidInput) as again:
            ours.contexts([{name: value}])
        assert str(again.value) == str(refusal.value)


def test_what_numpy_gives_is_a_value():
    assert one("age", np.float32(100)) == one("age", np.int8(100)) == one("age", Fraction(100))
    assert one("device", np.int64(3)) == one("device", 3) == [0, 0, 1]
    assert one("device", np.str_("ios")) == [1, 0, 0]
    assert one("member", np.bool_(True)) == [1]
    assert one("taste", np.array([1, 2], dtype=np.int8)) == one("taste", (1, 2)) == [1, 2]
    assert one("town", np.str_("münchen")) == one("town", "münchen")
    assert one("town", np.int64(7)) == one("town", 7) == one("town", "7")


def test_text_that_no_encoding_has_is_hashed():
    assert sum(one("town", "\ud800")) == 1.0


@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        ({"hour": "9"}, "must be a number, got str"),
        ({"hour": math.inf}, "must be a finite number, got another float"),
        ({"age": 101}, r"must be in \[13, 100\], got another int"),
        ({"member": 1}, "must be true or false, got int"),
        ({"device": "iOS"}, "must be one of 3 declared values, got another str"),
        ({"device": [1]}, "must be one of 3 declared values, got list"),
        ({"taste": [1]}, "must be a list of 2 numbers, got a list of 1"),
    ],
)
def test_a_refusal_tells_a_wrong_type_from_another_value(wrong, got):
    with pytest.raises((InvalidInput, ShapeMismatch), match=got):
        encoder().context({**WHOLE, **wrong})


def test_what_is_missing_has_its_value_and_else_is_refused():
    ours = encoder()
    least = {"device": "ios", "hour": 0}
    filled = {**least, "age": 35, "spend": 0, "member": False, "taste": [0, 1], "town": ""}
    assert ours.context(least).tolist() == ours.context(filled).tolist()
    assert ours.context({**least, "age": None}).tolist() == ours.context(filled).tolist()
    for refuse in (ours.context, lambda values: ours.contexts([least, values])):
        with pytest.raises(InvalidInput, match="the context must have 'hour', got none"):
            refuse({"device": "ios", "hour": None})
    with pytest.raises(InvalidInput, match="must have 'device', 'hour'"):
        ours.context(None)


def test_a_name_that_is_not_known_is_told_before_what_is_missing():
    with pytest.raises(InvalidInput, match="no feature 'hours'") as refusal:
        encoder().context({"device": "ios", "hours": 3})
    assert refusal.value.hint == "did you mean 'hour'?"
    with pytest.raises(InvalidInput, match="no feature '7'"):
        encoder().contexts([WHOLE, {**WHOLE, 7: 1, "extra": None}])
    with pytest.raises(InvalidInput, match="no feature 'extra'"):
        encoder().context({**WHOLE, "extra": None})


def test_the_first_that_is_refused_among_many_is_told():
    """Also where another field of a later row is looked at before."""
    with pytest.raises(InvalidInput, match="feature 'hour'"):
        encoder().contexts([WHOLE, {**WHOLE, "hour": "x"}, {**WHOLE, "device": "x"}])


def test_one_vector_may_be_given_by_its_numbers():
    ours = encoder(3)
    assert ours.names == ("x[0]", "x[1]", "x[2]")
    rows = [[1, 2, 3], [4, 5, 6.5]]
    for many in (rows, np.array(rows), tuple(map(tuple, rows)), [{"x": row} for row in rows]):
        assert ours.contexts(many).tolist() == rows
    assert ours.contexts([rows[0], {"x": rows[1]}]).tolist() == rows
    assert ours.contexts(np.array(rows, dtype=object)).tolist() == rows
    assert ours.contexts([]).shape == ours.contexts(np.empty((0, 3))).shape == (0, 3)
    for wrong in ([1, 2], [[1, 2, 3]], "abc", 5, np.zeros((3, 1))):
        with pytest.raises(ShapeMismatch):
            ours.context(wrong)
    for wrong in (np.zeros((2, 4)), np.zeros(3), [[1, 2, 3], [1, 2]], np.zeros((1, 3, 1))):
        with pytest.raises(ShapeMismatch):
            ours.contexts(wrong)
    with pytest.raises(ShapeMismatch, match="must be given by name"):
        encoder().context([1.0])


def test_what_is_given_is_not_what_is_kept():
    """Whoever goes on using his array changes no decision."""
    given = np.ones(3)
    row = encoder(3).context(given)
    many = encoder(3).contexts(given.reshape(1, 3))
    given[:] = 7
    assert row.tolist() == many[0].tolist() == [1, 1, 1]


def test_without_a_schema_nothing_may_be_given():
    ours = encoder({})
    assert ours.context(None).shape == ours.context({}).shape == ours.context([]).shape == (0,)
    assert ours.contexts([None, {}]).shape == (2, 0)
    for wrong in ({"hour": 3}, [1.0], {"hour": None}):
        with pytest.raises(InvalidInput, match="the declaration is context-free"):
            ours.context(wrong)


def test_large_numbers_interact_and_stay_finite():
    ours = encoder(
        {"u": {"type": "vector", "size": 1}, "v": {"type": "vector", "size": 1}},
        interactions=[["u", "v"]],
    )
    columns = ours.context({"u": [1e75], "v": [-1e75]})
    assert np.isfinite(columns * columns).all()
    assert columns.tolist() == [1e75, -1e75, -(1e75 * 1e75)]
    with pytest.raises(InvalidInput, match=r"at most 1e\+75"):
        ours.context({"u": [2e75], "v": [0]})
    assert encoder(1).context([1e150]).tolist() == [1e150]


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"x": {"type": "numeric", "range": [0, 5e-324]}}, "wide enough"),
        ({"x": {"type": "numeric", "range": [1, 1 + 2**-52]}}, "wide enough"),
        ({"x": {"type": "categorical", "values": ["a\ud800"]}}, "printable"),
        ({"x": {"type": "categorical", "values": ["a" * 201]}}, "printable"),
        ({"x": {"type": "hashed", "buckets": 4, "missing": "\n"}}, "printable"),
        ({"x": {"type": "vector", "size": 4000}, "y": {"type": "vector", "size": 97}}, "4,098"),
        ({"x": {"type": {"kind": "boolean"}}}, "x.type must be one of 'boolean', "),
        ({"x": {"type": ["boolean"]}}, "x.type must be one of 'boolean', "),
        ({"x": None}, "x must be a mapping with 'type', got None"),
    ],
)
def test_a_schema_that_cannot_be_is_refused(schema, message):
    with pytest.raises(InvalidDeclaration, match=message):
        encoder(schema)


def test_too_many_columns_are_refused_before_one_is_made():
    wide = {"type": "hashed", "buckets": 4000}
    with pytest.raises(InvalidDeclaration, match="these make 16,008,001"):
        encoder({"x": wide, "y": wide}, interactions=[["x", "y"]])


def test_an_arm_that_does_not_fit_is_named():
    with pytest.raises(InvalidDeclaration, match="arm 'b' must fit arm_features: an arm must have"):
        encoder(
            arms=[{"id": "a", "features": {"price": 3}}, "b"],
            arm_features={"price": {"type": "numeric", "range": [0, 10]}},
        )
