"""The records of the log: what is written is read, by old and by new versions."""

from __future__ import annotations

import json
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import (
    TICK,
    Decision,
    Delivery,
    Event,
    InvalidInput,
    Kind,
    Time,
    decode_decision,
    decode_event,
    encode,
)

texts = st.text(max_size=20)
maybe = st.none() | texts
numbers = st.floats(allow_nan=False, allow_infinity=False)
contexts = st.dictionaries(texts, st.none() | st.booleans() | numbers | texts, max_size=3)
times = st.integers(0, 253_402_300_799_999_999).map(Time)

decisions = st.builds(
    Decision,
    decision_id=texts,
    snapshot=st.integers(0, 2**53),
    deliveries=st.lists(
        st.builds(Delivery, st.integers(0, 9_999), texts, numbers, numbers), max_size=4
    ).map(tuple),
    experiment=maybe,
    variant=maybe,
    unit=maybe,
    request_id=maybe,
    context=st.none() | contexts,
    eligible=st.none() | st.lists(texts, max_size=3).map(tuple),
    draws=st.none() | st.integers(1, 1000),
    fallback=st.booleans(),
)
events = st.builds(
    Event,
    event_id=texts,
    delivery_id=texts,
    type=texts,
    value=st.none() | numbers,
    time=st.none() | times,
)


@given(decisions)
def test_a_decision_survives_its_bytes(decision):
    assert decode_decision(encode(decision)) == decision


@given(events)
def test_an_event_survives_its_bytes(event):
    assert decode_event(encode(event)) == event


@given(events, st.dictionaries(texts.map("later_{}".format), numbers, max_size=3))
def test_what_a_later_version_adds_is_ignored(event, later):
    assert decode_event(json.dumps({**json.loads(encode(event)), **later})) == event


def test_times_are_text_on_the_wire():
    body = json.loads(encode(_event(Time(1))))
    assert body["time"] == "1970-01-01T00:00:00.000001Z"


def _event(time):
    return Event(event_id="e", delivery_id="d", type="click", time=time)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"event_id": "e"}',
        b'{"event_id": 5, "delivery_id": "d", "type": "t"}',
        b'{"event_id": "e", "delivery_id": "d", "type": "t", "value": "1"}',
        b'{"event_id": "e", "delivery_id": "d", "type": "t", "value": NaN}',
        b'{"event_id": "e", "delivery_id": "d", "type": "t", "time": "yesterday"}',
        b'{"event_id": "e", "delivery_id": "d", "type": "t", "time": 5}',
    ],
)
def test_bytes_that_are_no_event_are_told_apart(body):
    with pytest.raises((msgspec.MsgspecError, InvalidInput)):
        decode_event(body)


def test_a_record_says_its_version():
    assert json.loads(encode(_event(None)))["v"] == 1
    assert json.loads(TICK.body) == {"v": 1}
    assert (TICK.key, TICK.kind) == ("", Kind.TICK)


def test_a_value_that_json_cannot_hold_does_not_become_another():
    """JSON has no NaN: it is written as null, so the tracker must refuse it first."""
    found = decode_event(encode(Event(event_id="e", delivery_id="d", type="t", value=math.nan)))
    assert found.value is None
