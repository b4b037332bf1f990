"""Plain data meets structs: unknown keys by name, wrong types by place, nothing guessed."""

from __future__ import annotations

import cProfile

import msgspec
import pytest

from tamesu.base import Duration, InvalidInput, Time, convert, plain


class Inner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    size: int = 1
    every: Duration = Duration(0)


class Outer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    one: Inner = Inner()
    maybe: Inner | None = None
    many: tuple[Inner, ...] = ()
    named: dict[str, Inner] = {}
    at: Time | None = None


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"ome": {}}, "in it"),
        ({"one": {"sice": 1}}, "in it.one"),
        ({"maybe": {"sice": 1}}, "in it.maybe"),
        ({"many": [{}, {"sice": 1}]}, r"in it.many\[1\]"),
        ({"named": {"a": {"sice": 1}}}, "in it.named.a"),
    ],
)
def test_an_unknown_key_is_named_with_its_place_and_its_match(data, place):
    with pytest.raises(InvalidInput, match=rf"unknown field '\w+' {place}\nhint: did you mean"):
        convert(data, Outer, "it", InvalidInput)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"one": {"size": "1"}}, "expected `int`, got `str` - at `it.one.size`"),
        ({"one": {"size": 1.5}}, "expected `int`, got `float`"),
        ({"one": []}, "expected `object`, got `array` - at `it.one`"),
        ({"at": "noon"}, "a time must be RFC 3339 with an offset, got 'noon' - at `it.at`"),
        ({"one": {"every": "noon"}}, "a duration must be .* - at `it.one.every`"),
        ([], "expected `object`, got `array`"),
    ],
)
def test_a_wrong_type_is_refused_with_its_place(data, says):
    with pytest.raises(InvalidInput, match=says):
        convert(data, Outer, "it", InvalidInput)


@pytest.mark.parametrize("data", [{"many": "\ud800"}, {"one": {"size": "\ud800"}}])
def test_half_of_a_surrogate_pair_is_refused_and_no_error_of_another_kind(data):
    """YAML and Python can say it, and msgspec cannot say what is wrong with it."""
    with pytest.raises(InvalidInput, match="it must hold texts that UTF-8 can write"):
        convert(data, Outer, "it", InvalidInput)


def test_the_hint_of_a_misread_time_is_kept():
    with pytest.raises(InvalidInput, match="hint: write it as 2026"):
        convert({"at": "noon"}, Outer, "it", InvalidInput)


def test_plain_and_convert_are_inverse():
    value = Outer(
        one=Inner(size=3, every=Duration(1_500_000)),
        maybe=Inner(),
        many=(Inner(), Inner(size=2)),
        named={"a": Inner()},
        at=Time(5),
    )
    written = plain(value)
    assert written["one"] == {"size": 3, "every": "1500ms"}
    assert written["at"] == "1970-01-01T00:00:00.000005Z"
    assert convert(written, Outer, "it") == value


def test_typed_values_are_taken_as_they_are():
    found = convert({"one": {"every": Duration(7)}, "at": Time(9)}, Outer, "it")
    assert (found.one.every, found.at) == (7, 9)


def test_members_of_one_kind_are_checked_at_little_cost():
    """What a struct's fields are is worked out once, not for every member: 100,000 arms are one request."""
    many = {"many": [{"size": size} for size in range(500)]}
    convert(many, Outer, "it")
    profile = cProfile.Profile()
    profile.runcall(convert, many, Outer, "it")
    assert sum(entry.callcount for entry in profile.getstats()) < 60 * len(many["many"])
