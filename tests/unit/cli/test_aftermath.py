"""What came of a decision is told in ages that one can compare."""

import pytest

from tamesu.base import Time
from tamesu.cli import aftermath

DECIDED = Time.parse("2026-11-22T10:00:00.000000Z")


@pytest.mark.parametrize(
    ("moment", "age"),
    [
        ("2026-11-22T10:00:00.000000Z", "+0.000 s"),
        ("2026-11-22T10:00:31.402999Z", "+31.402 s"),
        ("2026-11-22T09:59:57.500000Z", "-2.500 s"),
        ("2026-11-22T10:15:09.998000Z", "+15:09.998"),
        ("2026-11-22T11:00:00.000000Z", "+01:00:00.000"),
        ("2026-11-24T13:00:00.000000Z", "+2 d 03:00:00.000"),
    ],
)
def test_a_moment_is_told_by_its_age(moment, age):
    story = {
        "decided": DECIDED.text(),
        "events": [
            {
                "received": moment,
                "time": None,
                "position": 0,
                "type": "click",
                "value": None,
                "class": "out_of_window",
                "why": "",
            }
        ],
        "events_omitted": 0,
        "deliveries": [],
        "learnt_until": None,
        "recorded_again": 0,
        "set_aside": [],
        "not_looked_at": [],
    }
    events, *_ = aftermath.aftermath(story)
    (received,) = events.columns[0].cells
    assert str(received) == age
    assert [column.header for column in events.columns] == ["received", "event", "class"]
    assert [str(cell) for cell in events.columns[2].cells] == ["out of window"]
