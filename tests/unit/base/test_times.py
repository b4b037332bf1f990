"""Times and durations: integer microseconds in, the same integer out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import Duration, InvalidInput, Time

YEAR_1 = -62_135_596_800_000_000
YEAR_9999 = 253_402_300_799_999_999


@given(st.integers(YEAR_1, YEAR_9999))
def test_a_time_survives_its_text(us):
    text = Time(us).text()
    assert Time.parse(text) == us
    assert isinstance(Time.parse(text), Time)
    assert len(text) == len("2026-11-22T10:00:00.000000Z")


@given(st.lists(st.integers(YEAR_1, YEAR_9999), min_size=2, max_size=5))
def test_texts_sort_as_their_times(moments):
    assert sorted(Time(us).text() for us in moments) == [Time(us).text() for us in sorted(moments)]


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01t00:00:00.5Z", 500_000),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2026-11-22 10:00:00.25-05:30", 1_795_361_400_250_000),
    ],
)
def test_any_offset_and_any_number_of_decimals_is_read(text, us):
    assert Time.parse(text) == us


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-22",
        "2026-11-22T10:00:00",
        "20261122T100000Z",
        "2026-11-22X10:00:00Z",
        "2026-W47-7T10:00:00Z",
        "2026-11-22T10:00Z",
        "2026-11-22T10Z",
        "2026-11-22T24:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-11-22T10:00:00+01",
        "2026-11-22T10:00:00+01:00:30",
        "2026-11-22T10:00:00,5Z",
        " 2026-11-22T10:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        5,
        None,
    ],
)
def test_what_is_not_rfc_3339_with_an_offset_is_refused(text):
    with pytest.raises(InvalidInput, match="RFC 3339") as caught:
        Time.parse(text)
    assert "hint: write it as 2026" in str(caught.value)


@given(st.datetimes(timezones=st.just(UTC)))
def test_parse_agrees_with_the_calendar(moment):
    assert (
        Time.parse(moment.isoformat()).text()
        == moment.isoformat(timespec="microseconds")[:26] + "Z"
    )


def test_decimals_beyond_the_microsecond_are_cut_off():
    assert Time.parse("1970-01-01T00:00:00.0000019Z") == 1


@given(st.integers(0, 10**18 - 1))
def test_a_duration_survives_its_text(us):
    text = Duration(us).text()
    assert Duration.parse(text) == us
    assert isinstance(Duration.parse(text), Duration)


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("0s", 0),
        ("1us", 1),
        ("500ms", 500_000),
        ("1.5h", 5_400_000_000),
        ("0.1s", 100_000),
        ("0.000001s", 1),
        ("15m", 900_000_000),
        ("30d", 2_592_000_000_000),
        ("90m", 5_400_000_000),
    ],
)
def test_a_number_and_a_unit_make_a_duration(text, us):
    assert Duration.parse(text) == us


@pytest.mark.parametrize(
    ("us", "text"),
    [(0, "0s"), (1, "1us"), (1_000, "1ms"), (60_000_000, "1m"), (61_000_000, "61s")],
)
def test_the_shortest_text_is_written(us, text):
    assert Duration(us).text() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "1",
        "1 s",
        "-1s",
        "1S",
        "1e3s",
        ".5s",
        "1.s",
        "0.5us",
        "0.0001ms",
        "\u0661s",
        "1w",
        "1s ",
        5,
        1.5,
        None,
    ],
)
def test_what_is_not_a_number_and_a_unit_is_refused(text):
    with pytest.raises(InvalidInput, match="a number and a unit") as caught:
        Duration.parse(text)
    assert "15m" in str(caught.value)


def test_arithmetic_on_times_gives_plain_integers_that_compare():
    start = Time.parse(datetime(2026, 11, 22, tzinfo=UTC).isoformat())
    assert start + Duration.parse("1m") - start == 60_000_000
