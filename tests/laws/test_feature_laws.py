"""Laws of an encoder: many are one by one, joint columns are mixed ones, and nothing is ever infinite."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import Declaration, InvalidInput
from tamesu.policy.features import encoder_of

WIDE = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers(-(10**30), 10**30)

FEATURES = {
    "categorical": (
        {"type": "categorical", "values": ["a", "b", 7], "missing": "b"},
        st.sampled_from(["a", "b", 7]),
    ),
    "numeric": (
        {"type": "numeric", "range": [-3, 1e9], "clip": True, "missing": 0.1},
        WIDE | WHOLE,
    ),
    "cyclic": ({"type": "cyclic", "period": 0.7, "missing": 1}, WIDE | WHOLE),
    "vector": (
        {"type": "vector", "size": 2, "missing": [1, 2]},
        st.lists(st.floats(-1e75, 1e75) | st.integers(-(10**30), 10**30), min_size=2, max_size=2),
    ),
    "hashed": ({"type": "hashed", "buckets": 5, "missing": "x"}, st.text(max_size=9) | WHOLE),
    "boolean": ({"type": "boolean", "missing": True}, st.booleans()),
}


@st.composite
def schemas(draw):
    """A declaration's context and arm features with interactions among all, and values by name."""
    kinds = draw(st.lists(st.sampled_from([*FEATURES]), min_size=1, max_size=5))
    names = [f"{kind}{i}" for i, kind in enumerate(kinds)]
    ours = draw(st.integers(0, len(names)))
    clauses = {name: FEATURES[name[:-1]][0] for name in names}
    pairs = [[one, other] for i, one in enumerate(names) for other in names[:i]]
    chosen = draw(st.lists(st.sampled_from(pairs), unique_by=tuple, max_size=4)) if pairs else []
    declared = {
        "name": "law",
        "arms": ["a"],
        "context": {name: clauses[name] for name in names[:ours]},
        "arm_features": {name: clauses[name] for name in names[ours:]},
        "interactions": chosen,
    }
    values = [
        st.fixed_dictionaries(
            {}, optional={name: st.none() | FEATURES[name[:-1]][1] for name in some}
        )
        for some in (names[:ours], names[ours:])
    ]
    return declared, *(draw(st.lists(one, min_size=1, max_size=4)) for one in values)


def obvious(schema, pairs, values):
    """Columns by name, as docs/math/features.md has them: slow and plain."""
    by_feature = {}
    for name, one in schema.items():
        value = values.get(name)
        value = one["missing"] if value is None else value
        if one["type"] == "categorical":
            found = {f"{name}={v}": float(v == value) for v in one["values"]}
        elif one["type"] == "numeric":
            low, high = one["range"]
            inside = min(max(float(value), low), high)
            found = {name: (inside - (low / 2 + high / 2)) / (high / 2 - low / 2)}
        elif one["type"] == "cyclic":
            angle = 2 * math.pi * math.fmod(value, one["period"]) / one["period"]
            found = {f"{name}.cos": math.cos(angle), f"{name}.sin": math.sin(angle)}
        elif one["type"] == "vector":
            found = {f"{name}[{i}]": float(number) for i, number in enumerate(value)}
        elif one["type"] == "hashed":
            key = hashlib.blake2b(name.encode(), digest_size=16).digest()
            text = str(value).encode()
            place = hashlib.blake2b(text, digest_size=8, key=key).digest()
            bucket = int.from_bytes(place, "little") % one["buckets"]
            found = {f"{name}#{i}": float(i == bucket) for i in range(one["buckets"])}
        else:
            found = {name: float(value)}
        by_feature[name] = found
    columns = {column: number for found in by_feature.values() for column, number in found.items()}
    for one, other in pairs:
        for a, x in by_feature[one].items():
            for b, y in by_feature[other].items():
                columns[f"{a} × {b}"] = x * y
    return columns


@given(schemas())
def test_many_are_one_by_one_bit_for_bit(case):
    declared, contexts, arms = case
    encoder = encoder_of(Declaration.parse(declared))
    many = encoder.contexts(contexts)
    assert many.shape == (len(contexts), encoder.width) == (len(contexts), len(encoder.names))
    for row, context in zip(many, contexts, strict=True):
        assert row.tobytes() == encoder.context(context).tobytes()
    ours = encoder.arms(arms)
    assert ours.tobytes() == b"".join(encoder.arms([arm]).tobytes() for arm in arms)
    assert ours.shape == (len(arms), encoder.arm_width)


@given(schemas())
def test_columns_are_what_the_page_says(case):
    declared, contexts, arms = case
    encoder = encoder_of(Declaration.parse(declared))
    for names, schema, values, encode in (
        (encoder.names, declared["context"], contexts, encoder.context),
        (encoder.arm_names, declared["arm_features"], arms, lambda arm: encoder.arms([arm])[0]),
    ):
        pairs = [pair for pair in declared["interactions"] if {*pair} <= {*schema}]
        for one in values:
            said = obvious(schema, pairs, one)
            assert tuple(said) == names
            assert encode(one).tolist() == pytest.approx([*said.values()], rel=1e-12, abs=1e-12)


@given(schemas())
def test_no_column_can_make_a_sum_of_squares_infinite(case):
    declared, contexts, arms = case
    encoder = encoder_of(Declaration.parse(declared))
    n = min(len(contexts), len(arms))
    joint = encoder.joint(encoder.contexts(contexts[:n]), encoder.arms(arms[:n]))
    assert joint.shape == (n, encoder.joint_width) == (n, len(encoder.joint_names))
    assert np.isfinite(1e8 * joint * joint).all()


@given(schemas())
def test_joint_columns_are_the_mixing_of_an_arm(case):
    declared, contexts, arms = case
    encoder = encoder_of(Declaration.parse(declared))
    context, told = encoder.context(contexts[0]), encoder.arms(arms)
    joint = encoder.joint(np.tile(context, (len(arms), 1)), told)
    with_one = np.concatenate([np.ones((len(arms), 1)), told], axis=1)
    # Each column is a single product: nothing is rounded twice.
    assert np.array_equal(with_one @ encoder.mixing(context).T, joint)


@given(schemas())
def test_what_is_not_said_is_what_is_declared_to_be_missing(case):
    declared, contexts, _ = case
    encoder = encoder_of(Declaration.parse(declared))
    missing = {name: one["missing"] for name, one in declared["context"].items()}
    for context in contexts:
        told = {name: value for name, value in context.items() if value is not None}
        assert np.array_equal(encoder.context({**missing, **told}), encoder.context(context))


@given(
    schemas(), st.integers(0, 3), st.sampled_from([{"other": 1}, [1, 2, 3, 4, 5, 6, 7], "text", 3])
)
def test_among_many_the_first_that_is_refused_is_refused_with_its_own_words(case, place, wrong):
    declared, contexts, _ = case
    encoder = encoder_of(Declaration.parse(declared))
    given_ = [*contexts[:place], wrong, *contexts[place:], {"more": 2}]
    with pytest.raises(InvalidInput) as alone:
        encoder.context(wrong)
    with pytest.raises(InvalidInput) as among:
        encoder.contexts(given_)
    assert str(among.value) == str(alone.value)
