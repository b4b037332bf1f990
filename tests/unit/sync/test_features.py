"""What a source tells of arms, read as the declaration asks for it."""

import pytest

from tamesu.base import Declaration, WantedArm
from tamesu.policy import compose
from tamesu.sync import Standing
from tamesu.sync.difference import Difference
from tamesu.sync.features import as_asked

DECLARED = Declaration.parse(
    {
        "name": "shop",
        "arms": [
            {
                "id": "a",
                "features": {
                    "price": 2.5,
                    "hour": 3,
                    "new": True,
                    "tags": [1, 0],
                    "genre": "tea",
                    "shelf": 7,
                    "maker": "12",
                },
            }
        ],
        "arm_features": {
            "price": {"type": "numeric", "range": [0, 10]},
            "hour": {"type": "cyclic", "period": 24},
            "new": {"type": "boolean"},
            "tags": {"type": "vector", "size": 2},
            "genre": {"type": "categorical", "values": ["tea", "12"]},
            "shelf": {"type": "categorical", "values": [7, 8]},
            "maker": {"type": "hashed", "buckets": 4},
        },
    }
)
SCHEMA = DECLARED.arm_features
TEXTS = {
    "price": "2.5",
    "hour": "3",
    "new": "True",
    "tags": "[1, 0]",
    "genre": "tea",
    "shelf": "7",
    "maker": "12",
}


def test_texts_become_what_the_schema_says():
    arm = as_asked(WantedArm(id="a", features=TEXTS), SCHEMA)
    assert arm.features == DECLARED.arms[0].features
    assert compose(DECLARED).encoder.arms([arm.features]).shape == (1, 14)


def test_columns_that_the_declaration_names_are_features_and_the_others_metadata():
    arm = as_asked(WantedArm(id="a", metadata={**TEXTS, "title": "Tea", "size": "3"}), SCHEMA)
    assert arm.features == DECLARED.arms[0].features
    assert arm.metadata == {"title": "Tea", "size": "3"}


def test_what_is_told_as_features_leaves_metadata_alone():
    arm = as_asked(WantedArm(id="a", metadata={"price": "9"}, features={"price": "1"}), SCHEMA)
    assert (arm.metadata, arm.features) == ({"price": "9"}, {"price": 1})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("price", "dear"),
        ("price", ""),
        ("new", "perhaps"),
        ("shelf", "9"),
        ("tags", "[1"),
        ("x", "1"),
    ],
)
def test_what_does_not_read_stays_and_is_refused_later(name, text):
    assert as_asked(WantedArm(id="a", features={name: text}), SCHEMA).features == {name: text}


def test_without_a_schema_everything_stays_as_it_is():
    arm = WantedArm(id="a", metadata=TEXTS)
    assert as_asked(arm, {}) is arm


def test_arms_that_tell_the_same_are_not_changed():
    standing = Standing(3, {"a": {}}, frozenset(), {"a": DECLARED.arms[0].features}, SCHEMA)
    same = WantedArm(id="a", metadata=TEXTS)
    other = WantedArm(id="a", metadata={**TEXTS, "price": "3"})
    assert Difference.of(standing, [same]).is_empty
    (changed,) = Difference.of(standing, [other]).changed
    assert changed.features["price"] == 3
    assert Difference.of(standing, [WantedArm(id="a")]).is_empty
