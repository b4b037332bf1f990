"""A rehearsal is the loop itself: what stands in its log and archive is what people would have done."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import Declaration, InvalidInput, decode_event, parse_delivery_id
from tamesu.base.times import MILLISECOND_US, MINUTE_US, SECOND_US
from tamesu.sim import DelayedWorld
from tamesu.testing.journal import entries_of
from tamesu.testing.rehearsal import Rehearsal


def declaration_of(**fields):
    return Declaration.parse({"name": "try", "arms": ["a", "b"], "seed": 3, **fields})


def played(rounds=600, rates=(0.2, 0.6), **fields):
    rng = np.random.default_rng(5)
    rehearsal = Rehearsal(declaration_of(**fields), DelayedWorld(rates, MINUTE_US))
    steps = list(
        rehearsal.play(rounds, every=50, pace_us=SECOND_US, uniforms=lambda m: rng.random((m, 2)))
    )
    return rehearsal, steps


def test_the_same_calls_are_the_same_log_bit_for_bit():
    first, again = played()[0], played()[0]
    assert entries_of(first.log) == entries_of(again.log)
    assert first.summary() == again.summary()


def test_events_enter_the_log_in_the_millisecond_in_which_they_happened():
    rehearsal, _ = played()
    rehearsal.rest(60 * MINUTE_US)
    events = [
        (entry, decode_event(entry.body))
        for entry in entries_of(rehearsal.log)
        if entry.kind == "event"
    ]
    assert len(events) > 100
    for entry, event in events:
        assert event.time is not None
        assert 0 <= entry.received * MILLISECOND_US - event.time < MILLISECOND_US
        assert event.time >= parse_delivery_id(event.delivery_id).decided


def test_what_came_of_it_is_in_the_archive_and_every_record_is_accounted_for():
    rehearsal, steps = played(reward={"window": "15m", "settle": "30s"})
    rehearsal.rest(20 * MINUTE_US, steps=4)
    rows = [
        row for batch in rehearsal.archive.read(rehearsal.store.files()) for row in batch.rows()
    ]
    final = {}
    for row in sorted(rows, key=lambda row: row.correction):
        final[row.decision_id] = row
    assert len(final) == 600
    assert any(row.correction for row in rows)
    earned = sum(step.earned.sum() for step in steps)
    assert sum(row.reward for row in final.values()) == earned * (1 << 20)
    assert any(row.snapshot for row in rows)
    counts = rehearsal.store.progress().counts["try"]
    assert counts["deliveries_observed"] == counts["decisions_accepted"] == 600
    assert counts["events_joined"] == earned
    assert counts["deliveries_open"] == 0


def test_it_learns_who_is_better():
    rehearsal, steps = played()
    assert steps[0].lost.mean() == pytest.approx(0.2, abs=0.1)
    assert rehearsal.prepared().propensities()[1] > 0.99
    assert steps[-1].lost.mean() < 0.02


def test_a_command_is_answered_and_a_refusal_too():
    rehearsal, _ = played(rounds=50)
    effect = rehearsal.ask("arms", {"retire": ["a"]}).effect
    assert effect is not None
    assert effect.told["retired"] == 1
    assert rehearsal.prepared().arms == ("b",)
    refused = rehearsal.ask("arms", {"retire": ["b"]}).effect
    assert refused is not None
    assert refused.refusal is not None
    assert refused.refusal.code == "conflict"


@pytest.mark.parametrize(
    "fields",
    [
        {"layout": {"kind": "slate", "size": 2}},
        {"reward": {"events": {"click": 1, "buy": 0}}},
        {"reward": {"anchor": "impression"}},
    ],
)
def test_what_it_cannot_play_is_refused(fields):
    with pytest.raises(InvalidInput, match="one event type"):
        Rehearsal(declaration_of(**fields), DelayedWorld([0.1, 0.2], 1.0))
