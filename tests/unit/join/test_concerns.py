"""What people must be told loudly: no impressions, lost events, records that are not accounted for."""

import pytest

from tamesu.join import concerns


def codes(**counts):
    made = {"deliveries_made": sum(v for k, v in counts.items() if k.startswith("deliveries_"))}
    read = {"events_read": sum(v for k, v in counts.items() if k.startswith("events_"))}
    return [one["code"] for one in concerns({**counts, **made, **read})]


def test_no_counts_concern_nobody():
    assert concerns({}) == []


@pytest.mark.parametrize(
    ("observed", "unshown", "told"),
    [(50, 50, []), (49, 51, ["unshown"]), (0, 99, []), (0, 100, ["unshown"])],
)
def test_more_than_half_of_many_deliveries_unshown(observed, unshown, told):
    assert codes(deliveries_observed=observed, deliveries_unshown=unshown) == told


@pytest.mark.parametrize(
    ("joined", "unseen", "told"),
    [(990, 10, []), (989, 11, ["unseen"]), (98, 1, []), (0, 100, ["unseen"])],
)
def test_more_than_one_of_a_hundred_rewarding_events_unseen(joined, unseen, told):
    assert codes(events_joined=joined, events_unseen=unseen) == told


def test_records_that_are_not_accounted_for_come_first():
    """However few they are."""
    found = concerns({"events_read": 3, "events_joined": 2, "deliveries_unshown": 200})
    assert [one["code"] for one in found] == ["unaccounted", "unshown"]
    assert "201 records" in found[0]["detail"]
    assert "reward.anchor: decision" in found[1]["hint"]


def test_a_reward_that_is_too_large_is_told_however_few_there_are():
    (found,) = concerns({"deliveries_saturated": 1})
    assert found["code"] == "saturated"
    assert found["detail"] == "1 rewards were beyond ±4.4e+12, and count as that"
