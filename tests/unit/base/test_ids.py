"""Ids carry the bandit, its declaration and the moment of the decision; the text alone tells."""

from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import (
    RANDOM_BYTES,
    InvalidInput,
    Time,
    decision_id,
    delivery_id,
    is_bandit_name,
    parse_decision_id,
    parse_delivery_id,
    uuid7,
)

names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)
numbers = st.integers(1, 999_999_999)
moments_ms = st.integers(0, (1 << 48) - 1)
random_bytes = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)
positions = st.integers(0, 9_999)

UUID = "0193b2c4d5e67abc8def0123456789ab"
GOOD = f"home-units.3.{UUID}"


@given(names, numbers, moments_ms, random_bytes)
def test_a_decision_id_says_what_was_put_in(bandit, number, unix_ms, random):
    text = decision_id(bandit, number, uuid7(unix_ms, random))
    assert parse_decision_id(text) == (bandit, number, Time(unix_ms * 1000))


@given(names, numbers, moments_ms, random_bytes, positions)
def test_a_delivery_id_says_what_was_put_in(bandit, number, unix_ms, random, position):
    decision = decision_id(bandit, number, uuid7(unix_ms, random))
    found = parse_delivery_id(delivery_id(decision, position))
    assert found == (decision, bandit, number, Time(unix_ms * 1000), position)


@given(moments_ms, random_bytes)
def test_a_uuid7_is_one(unix_ms, random):
    value = uuid.UUID(uuid7(unix_ms, random))
    assert value.version == 7
    assert value.variant == uuid.RFC_4122
    assert value.int >> 80 == unix_ms


@given(moments_ms, moments_ms, random_bytes, random_bytes)
def test_uuids_sort_by_their_millisecond(first, second, one, other):
    if first < second:
        assert uuid7(first, one) < uuid7(second, other)


@given(moments_ms, random_bytes, st.integers(0, RANDOM_BYTES * 8 - 1))
def test_every_random_bit_but_six_changes_the_id(unix_ms, random, bit):
    flipped = (int.from_bytes(random, "big") ^ 1 << bit).to_bytes(RANDOM_BYTES, "big")
    assert (uuid7(unix_ms, random) != uuid7(unix_ms, flipped)) == (bit < 74)


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD + "\n",
        " " + GOOD,
        GOOD.upper(),
        GOOD.replace(".3.", ".0."),
        GOOD.replace(".3.", ".03."),
        GOOD.replace(".3.", ".1234567890."),
        GOOD.replace("home", "-home"),
        "a" * 64 + f".1.{UUID}",
        GOOD[:-1],
        GOOD + "0",
        GOOD.replace("7abc", "4abc"),
        GOOD.replace("8def", "7def"),
        f"home_units.3.{UUID}",
        f".3.{UUID}",
        GOOD + "-0",
    ],
)
def test_a_text_that_is_no_decision_id_is_refused_with_its_form(text):
    with pytest.raises(InvalidInput, match=re.escape("<bandit>.<declaration>.<uuid7>")):
        parse_decision_id(text)


@pytest.mark.parametrize("end", ["", "-", "--1", "-01", "-10000", "-0\n", "-x", "-\u0661"])
def test_a_text_that_is_no_delivery_id_is_refused(end):
    with pytest.raises(InvalidInput, match="a delivery id must look like"):
        parse_delivery_id(GOOD + end)


def test_a_hostile_id_is_not_repeated_whole():
    with pytest.raises(InvalidInput) as caught:
        parse_decision_id("x" * 100_000)
    assert len(str(caught.value)) < 1_000
    assert len(caught.value.facts["id"]) <= 300


@pytest.mark.parametrize("name", ["a", "0", "a-b", "a" * 63, "a-", "0-9"])
def test_a_bandit_may_be_named(name):
    assert is_bandit_name(name)


@pytest.mark.parametrize("name", ["", "-a", "A", "a_b", "a.b", "a" * 64, "ä", "a\n", "a/b", "a b"])
def test_a_bandit_may_not_be_named(name):
    assert not is_bandit_name(name)
