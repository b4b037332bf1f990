"""Units kept as keyed hashes: the same name in log, features and claims, and no way back."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import InvalidInput, decode_decision
from tamesu.serve import UnitNames

KEY = bytes(range(32))
PATH = "/v1/bandits/colours/decisions"
UNIT = "user-4711@example.org"
FEATURES = f"/v1/features/unit/{UNIT}"


@pytest.fixture
def hashing(serving, declaration):
    """A server that hashes units, with a sticky bandit."""
    server = serving({"unit_names": UnitNames(KEY)})
    assert server.post("/v1/bandits", {**declaration, "sticky": {"ttl": "1s"}})[0] == 201
    return server


def recorded(server):
    return [decode_decision(entry.body) for entry in server.entries("decision")]


def test_the_log_knows_a_unit_by_its_name_alone(hashing):
    assert hashing.post(PATH, {"unit": UNIT})[0] == 200
    assert hashing.post(f"{PATH}/batch", {"requests": [{"unit": UNIT}, {"unit": "b"}]})[0] == 200
    names = [decision.unit for decision in recorded(hashing)]
    assert names[0] == UnitNames(KEY).of(UNIT)
    assert UnitNames(KEY).of("b") in names
    kept = b"".join(entry.body for entry in hashing.log.read(0, 0, 10_000))
    assert UNIT.encode() not in kept


def test_a_sticky_unit_is_known_again(hashing):
    first = hashing.post(PATH, {"unit": UNIT})[1]
    again = hashing.post(PATH, {"unit": UNIT})[1]
    assert (again["decision_id"], again["sticky"]) == (first["decision_id"], True)
    assert hashing.post(PATH, {"unit": "another"})[1]["decision_id"] != first["decision_id"]


def test_features_are_found_by_the_unit_and_used_for_it(hashing):
    status, told = hashing.call("PUT", FEATURES, {"plan": "pro"})[:2]
    assert (status, told["key"]) == (200, UNIT)
    assert hashing.get(FEATURES)[1]["features"] == {"plan": "pro"}
    hashing.post(PATH, {"unit": UNIT})
    assert recorded(hashing)[-1].context == {"plan": "pro"}
    store = hashing.ports["features"]
    assert store.find("unit", [UNIT]) == [None]
    assert store.find("unit", [UnitNames(KEY).of(UNIT)]) == [{"plan": "pro"}]
    assert hashing.call("DELETE", FEATURES)[1]["deleted"] is True
    assert hashing.get(FEATURES)[0] == 404


@pytest.mark.parametrize("unit", ["", "a" * 201, "a\nb"])
def test_a_unit_that_is_no_id_is_refused_as_before(hashing, unit):
    status, told = hashing.post(PATH, {"unit": unit})
    assert (status, told["code"]) == (400, "invalid-input")
    status, told = hashing.post(f"{PATH}/batch", {"requests": [{"unit": "a"}, {"unit": unit}]})
    assert (status, told["errors"][0]["index"]) == (400, 1)
    assert recorded(hashing) == []


@given(st.text(min_size=1), st.text(min_size=1), st.binary(min_size=32, max_size=64))
def test_a_name_is_the_units_own_and_the_keys(one, other, key):
    names = UnitNames(key)
    assert names.of(one) == UnitNames(key).of(one)
    assert len(names.of(one)) == 32
    assert set(names.of(one)) <= set(string.hexdigits)
    assert (names.of(one) == names.of(other)) == (one == other)
    assert names.of(one) != UnitNames(bytes(reversed(key)) + b"x" if len(key) < 64 else key[1:]).of(
        one
    )
    assert UnitNames().of(one) == one


def test_a_name_does_not_change_between_versions():
    """Whatever was kept under it could not be found any more."""
    assert UnitNames(KEY).of("user-7") == "7a1ce8ee1bc140f7dde8795b4cd347d4"


@pytest.mark.parametrize("length", [0, 31, 65])
def test_a_key_that_is_too_short_or_long_is_refused(length):
    with pytest.raises(InvalidInput):
        UnitNames(bytes(length))
