"""Counts of records: sums and levels."""

from __future__ import annotations

from tamesu.base.counts import merge


def test_merging_adds_counts_and_replaces_levels():
    counts = {"home": {"events_read": 2, "events_held": 2}}
    delta = {"home": {"events_read": 1, "events_held": 1}, "": {"events_poison": 1}}
    assert merge(counts, delta) == {
        "home": {"events_read": 3, "events_held": 1},
        "": {"events_poison": 1},
    }
    assert counts == {"home": {"events_read": 2, "events_held": 2}}
