"""The oracle: the join as a slow, obvious fold of a whole log, to be checked against the rules by eye.

`semantics.md` §4 in the order of its sentences, on plain Python values, with no state kept and
nothing clever. Every engine must equal it on any log. Refuses to be fast.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from tamesu.base import (
    IMPRESSION,
    Aggregate,
    Anchor,
    Decision,
    Delivery,
    Entry,
    Event,
    EventTerm,
    Kind,
    Observation,
    Outcome,
    Reward,
    Time,
)
from tamesu.base.observations import to_grid
from tamesu.base.reward import AHEAD_US, GRID, SKEW_US
from tamesu.base.times import MILLISECOND_US
from tamesu.join.record import Lookup, Poison, named_bandit, read_decision, read_event


class OracleResult(NamedTuple):
    """What a log comes to: every final observation, by (closed, id, position), and all counts."""

    observations: list[Observation]
    counts: dict[str, dict[str, int]]


class _Accepted(NamedTuple):
    decision: Decision
    received: Time


class _Heard(NamedTuple):
    event: Event
    position: int
    received: Time


def oracle(  # noqa: C901, PLR0912 - every class of record once, in one place, to be read from top to bottom
    entries: Sequence[Entry], lookup: Lookup, watermark: Time | None = None
) -> OracleResult:
    """The final observations of `entries`, and what became of every record.

    Args:
        entries: a whole log, in any interleaving of its partitions.
        lookup: the clauses of a bandit's declaration, by name and number.
        watermark: up to which moment the log is known; the log's own if not given.
    """
    log = sorted(entries, key=lambda entry: (entry.partition, entry.offset))
    if watermark is None:
        newest = {entry.partition: entry.received for entry in log}
        watermark = Time(min(newest.values(), default=0) * MILLISECOND_US)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    accepted: dict[str, _Accepted] = {}
    heard: dict[str, list[_Heard]] = defaultdict(list)
    rewards: dict[str, Reward] = {}

    # Each record by itself.
    for entry in log:
        if entry.kind == Kind.TICK:
            continue
        received = Time(entry.received * MILLISECOND_US)
        count = counts[named_bandit(entry.key, lookup)]
        if entry.kind == Kind.DECISION:
            count["decisions_read"] += 1
            try:
                decision, _, rewards[entry.key] = read_decision(entry, lookup)
            except Poison:
                count["decisions_poison"] += 1
                continue
            if entry.key in accepted:
                count["decisions_duplicate"] += 1
                continue
            count["decisions_accepted"] += 1
            count["deliveries_made"] += len(decision.deliveries)
            accepted[entry.key] = _Accepted(decision, received)
        else:
            count["events_read"] += 1
            try:
                event, place, reward = read_event(entry, lookup)
            except Poison:
                count["events_poison"] += 1
                continue
            rewards[entry.key] = reward
            if received < reward.last_moment(place.decided):
                heard[entry.key].append(_Heard(event, place.position, received))
            elif _too_old(event, received, reward):
                count["events_too_old"] += 1
            elif event.type not in reward.types:
                count["events_ignored_type"] += 1
            else:
                count["events_late"] += 1

    # Each decision id with the events that came before its last moment.
    observations: list[Observation] = []
    for key in accepted.keys() | heard.keys():
        observations += _judge(
            key, rewards[key], accepted.get(key), heard[key], watermark, counts[key.split(".")[0]]
        )
    observations.sort(key=lambda row: (row.closed, row.decision_id, row.position))
    return OracleResult(observations, {name: dict(count) for name, count in counts.items()})


def _judge(  # noqa: PLR0913, PLR0917 - all that bears on one id
    key: str,
    reward: Reward,
    accepted: _Accepted | None,
    heard: list[_Heard],
    watermark: Time,
    count: Counter[str],
) -> list[Observation]:
    decided = _decided(key)
    last_moment = reward.last_moment(decided)
    seen: set[str] = set()
    placed: dict[int, list[_Heard]] = defaultdict(list)
    for one in heard:
        if one.event.event_id in seen:
            count["events_duplicate"] += 1
        elif _too_old(one.event, one.received, reward):
            count["events_too_old"] += 1
        elif one.event.type not in reward.types:
            count["events_ignored_type"] += 1
        else:
            placed[one.position].append(one)
        seen.add(one.event.event_id)
    if accepted is None or accepted.received >= last_moment:
        waiting = sum(map(len, placed.values()))
        count["events_orphan" if watermark >= last_moment else "events_held"] += waiting
        placed.clear()
    if accepted is None:
        return []
    found: list[Observation] = []
    for delivery in accepted.decision.deliveries:
        events = placed.pop(delivery.position, [])
        row = _deliver(accepted.decision, delivery, decided, reward, events, watermark, count)
        if row is None:
            count["deliveries_open"] += 1
        else:
            count[f"deliveries_{row.outcome.name.lower()}"] += 1
            found.append(row)
    count["events_orphan"] += sum(map(len, placed.values()))
    return found


def _deliver(  # noqa: C901, PLR0912, PLR0913, PLR0917 - the rules of one delivery, read from top to bottom
    decision: Decision,
    delivery: Delivery,
    decided: Time,
    reward: Reward,
    events: list[_Heard],
    watermark: Time,
    count: Counter[str],
) -> Observation | None:
    window, lateness = reward.window, reward.lateness
    by_decision = reward.anchor is Anchor.DECISION
    within = window if by_decision else reward.within_us

    # The anchor: the first impression in log order that is in time, or the decision.
    shown = None
    for one in events:
        if one.event.type != IMPRESSION:
            continue
        time = _time(one, decided)
        if not decided <= time < decided + within:
            count["events_out_of_window"] += 1
        elif one.received >= decided + within + lateness:
            count["events_late"] += 1
        elif shown is None:
            count["events_impression"] += 1
            shown = time
        else:
            count["events_repeat_impression"] += 1
    start = decided if by_decision else shown
    due = decided + within + lateness if start is None else start + window + lateness

    # The events that count.
    joined: list[_Heard] = []
    for one in events:
        if one.event.type == IMPRESSION:
            continue
        if start is None:
            count["events_unseen" if watermark >= due else "events_held"] += 1
            continue
        time = _time(one, decided)
        time = start if start - SKEW_US <= time < start else time
        if not start <= time < start + window:
            count["events_out_of_window"] += 1
        elif one.received >= start + window + lateness:
            count["events_late"] += 1
        else:
            count["events_joined"] += 1
            joined.append(one)
    if watermark < due:
        return None

    terms = {
        name: _term(term, [one.event.value for one in joined if one.event.type == name])
        for name, term in reward.events.items()
    }
    total = sum(terms.values()) if joined else to_grid(reward.default)
    return Observation(
        decision_id=decision.decision_id,
        position=delivery.position,
        correction=0,
        experiment=decision.experiment,
        variant=decision.variant,
        unit=decision.unit,
        arm=delivery.arm,
        context=decision.context,
        eligible=decision.eligible,
        propensity=delivery.propensity,
        score=delivery.score,
        draws=decision.draws,
        fallback=decision.fallback,
        outcome=Outcome.UNSHOWN if start is None else Outcome.OBSERVED,
        reward=0 if start is None else max(-(1 << 62), min(total, 1 << 62)),
        previous_reward=None,
        terms=terms,
        decided=decided,
        shown=shown,
        closed=Time(due),
        snapshot=decision.snapshot,
    )


def _decided(key: str) -> Time:
    """The moment in a decision id: its UUID's first 48 bits are milliseconds."""
    return Time(int(key.rsplit(".", 1)[1][:12], 16) * MILLISECOND_US)


def _too_old(event: Event, received: Time, reward: Reward) -> bool:
    return event.time is not None and event.time < received - reward.late


def _time(one: _Heard, decided: Time) -> Time:
    """When an event happened: by the client if believable, and never just before its decision."""
    time = one.event.time
    if time is None or time > one.received + AHEAD_US:
        time = one.received
    return decided if decided - SKEW_US <= time < decided else time


def _term(term: EventTerm, values: list[float | None]) -> int:
    """The weight times min(cap, aggregate) in 1 / GRID; an event without a value has 1."""
    filled = [1.0 if value is None else value for value in values]
    if term.aggregate is Aggregate.ANY:
        aggregate = 1.0 if filled else 0.0
    elif term.aggregate is Aggregate.COUNT:
        aggregate = float(len(filled))
    elif term.aggregate is Aggregate.SUM:
        aggregate = sum(map(to_grid, filled)) / GRID
    else:
        aggregate = filled[0] if filled else 0.0
    return to_grid(term.weight * (aggregate if term.cap is None else min(term.cap, aggregate)))
