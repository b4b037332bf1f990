"""A declaration means the same for ever: short forms, defaults and refusals."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import Aggregate, Anchor, Batch, Declaration, Duration, InvalidDeclaration, Part

SHORT = {"name": "home-units", "arms": ["a", "b", "c"]}

arm_ids = st.lists(
    st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=20),
    min_size=1,
    max_size=8,
    unique=True,
)
durations = st.integers(10_000, 3_600_000_000).map(lambda us: Duration(us).text())
terms = st.one_of(
    st.floats(-100, 100),
    st.fixed_dictionaries(
        {"weight": st.floats(-100, 100)},
        optional={
            "aggregate": st.sampled_from([a.value for a in Aggregate]),
            "cap": st.none() | st.floats(0.1, 100),
        },
    ),
)
rewards = st.fixed_dictionaries(
    {},
    optional={
        "anchor": st.sampled_from(["decision", "impression"]),
        "window": durations,
        "lateness": durations,
        "late": durations,
        "events": st.dictionaries(st.sampled_from(["click", "buy"]), terms, min_size=1),
        "default": st.floats(-10, 10),
    },
)
declarations = st.fixed_dictionaries(
    {"name": st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True), "arms": arm_ids},
    optional={
        "description": st.text(max_size=50),
        "layout": st.sampled_from(["single", {"kind": "slate", "size": 3}]),
        "policy": st.fixed_dictionaries(
            {},
            optional={
                "belief": st.sampled_from(["beta", {"kind": "beta", "prior": [1, 99]}]),
                "explorer": st.sampled_from(["uniform", {"kind": "thompson", "explore": 0.01}]),
            },
        ),
        "reward": rewards,
        "batch": st.fixed_dictionaries(
            {}, optional={"size": st.integers(1, 10**6), "every": durations}
        ),
        "seed": st.integers(0, 2**63 - 1),
    },
)


@given(declarations)
def test_a_declaration_survives_being_written_out(data):
    declaration = Declaration.parse(data)
    written = declaration.plain()
    assert Declaration.parse(written) == declaration
    assert Declaration.parse(json.loads(json.dumps(written))) == declaration
    assert Declaration.parse(written).plain() == written


@given(declarations)
def test_parsing_leaves_what_it_was_given_as_it_was(data):
    before = json.dumps(data, sort_keys=True)
    Declaration.parse(data)
    assert json.dumps(data, sort_keys=True) == before


def test_a_name_and_arms_are_enough():
    found = Declaration.parse(SHORT)
    assert found.arm_ids == ("a", "b", "c")
    assert found.layout == Part(kind="single")
    assert (found.belief, found.explorer) == (Part(kind="beta"), Part(kind="thompson"))
    assert found.batch == Batch(size=500, every=Duration(500_000))
    assert found.reward.anchor is Anchor.DECISION
    assert found.reward.window == 15 * 60 * 10**6
    assert found.reward.settle == 60 * 10**6
    assert found.seed is None


def test_short_forms_mean_their_long_ones():
    short = {
        **SHORT,
        "arms": ["a", 7],
        "layout": "slate",
        "policy": {"belief": "beta", "explorer": "uniform"},
        "reward": {"events": {"click": 2}},
    }
    long = {
        **SHORT,
        "arms": [{"id": "a"}, {"id": "7"}],
        "layout": {"kind": "slate"},
        "policy": {"belief": {"kind": "beta"}, "explorer": {"kind": "uniform"}},
        "reward": {"events": {"click": {"weight": 2.0}}},
    }
    assert Declaration.parse(short) == Declaration.parse(long)


def test_a_seed_is_given_once():
    drawn = Declaration.parse(SHORT).with_seed(5)
    assert drawn.seed == 5
    assert drawn.with_seed(6) is drawn


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"arm": ["a"]}, r"unknown field 'arm' in the declaration\nhint: did you mean 'arms'\?"),
        ({"context": []}, r"context must be a number of features or a mapping"),
        ({"sticky": {"ttl": "8m"}}, r"sticky.ttl must lie above 0s and within half the window"),
        (
            {"sticky": {"ttl": "6m"}, "reward": {"window": {"gap": "10m", "cap": "1h"}}},
            r"of a session half its gap \(5m\), got 6m",
        ),
        ({"sticky": {"ttl": "0s"}}, r"sticky.ttl must lie above 0s"),
        ({"sticky": {"tll": "1m"}}, r"unknown field 'tll'(.|\n)*did you mean 'ttl'"),
        ({"fallback": ["a", "q"]}, "fallback must name declared arms, got 'q'"),
        ({"fallback": ["a", "a"]}, "fallback must name at least one arm, each once"),
        ({"fallback": []}, "fallback must name at least one arm"),
        ({"policy": {"beleif": "beta"}}, r"unknown field 'beleif'(.|\n)*did you mean 'belief'"),
        ({"policy": {"forgetting": {}}}, "half_life"),
        (
            {"policy": {"forgetting": {"half_life": "1s"}}},
            "half_life must lie between 1m and 3660d",
        ),
        ({"policy": {"forgetting": 3}}, "policy.forgetting must be off or a mapping"),
        ({"batch": {"sise": 5}}, r"unknown field 'sise'(.|\n)*did you mean 'size'"),
        ({"reward": {"events": {"click": {"wight": 1}}}}, r"unknown field 'wight'(.|\n)*'weight'"),
        ({"arms": [{"id": "a", "feature": {}}]}, "unknown field 'feature'"),
        ({"name": "Home"}, "name must have 1 to 63 characters"),
        ({"name": ""}, "name must have 1 to 63 characters"),
        ({"name": 5}, "str"),
        ({"arms": []}, "arms must hold 1 to 100,000 ids, got 0"),
        ({"arms": "abc"}, "arms must be a list of ids, got str"),
        ({"arms": None}, "arms must be a list of ids, got NoneType"),
        ({"arms": ["a", "b", "a"]}, "arm ids must be unique, got 'a' twice"),
        ({"arms": ["1", 1]}, "arm ids must be unique, got '1' twice"),
        ({"arms": [""]}, "1 to 200 printable characters"),
        ({"arms": ["a" * 201]}, "1 to 200 printable characters"),
        ({"arms": ["a\nb"]}, "1 to 200 printable characters"),
        ({"arms": [True]}, "bool"),
        ({"arms": [1.5]}, "float"),
        ({"arms": [{}]}, "missing required field `id`"),
        ({"layout": {"size": 3}}, "layout must be a name or a mapping with 'kind'"),
        ({"layout": 3}, "layout must be a name or a mapping with 'kind'"),
        ({"policy": "beta"}, "policy must be a mapping, got str"),
        ({"policy": {"belief": None}}, "policy.belief must be a name or a mapping"),
        ({"reward": 5}, "object"),
        ({"seed": -1}, r"seed must lie in \[0, 2\^63\), got -1"),
        ({"seed": 2**63}, "seed must lie in"),
        ({"seed": 2**70}, "seed must lie in|int"),
        ({"batch": {"size": 0}}, "batch.size must lie in"),
        ({"batch": {"every": "9ms"}}, "batch.every must lie between 10ms and 1h, got 9ms"),
        ({"batch": {"every": "2h"}}, "batch.every must lie between 10ms and 1h, got 2h"),
        (
            {"batch": {"every": "soon"}},
            r"a duration must be(.|\n)*batch.every(.|\n)*hint: write it",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(change, says):
    with pytest.raises(InvalidDeclaration, match=says):
        Declaration.parse({**SHORT, **change})


@pytest.mark.parametrize("missing", ["name", "arms"])
def test_what_must_be_said_is_asked_for(missing):
    with pytest.raises(InvalidDeclaration, match=missing):
        Declaration.parse({key: value for key, value in SHORT.items() if key != missing})


@pytest.mark.parametrize("data", [None, [], "name: a", 5])
def test_only_a_mapping_declares(data):
    with pytest.raises(InvalidDeclaration, match="a declaration must be a mapping"):
        Declaration.parse(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["kind", "events", "click", "id", "weight", "window", "a"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    ),
    st.sampled_from(["name", "description", "arms", "layout", "policy", "reward", "batch", "seed"]),
)
def test_no_plain_data_does_more_than_be_refused(value, key):
    """Whatever stands under a key: a declaration, or an error that says why not."""
    try:
        declaration = Declaration.parse({**SHORT, key: value})
    except InvalidDeclaration:
        return
    assert Declaration.parse(declaration.plain()) == declaration
