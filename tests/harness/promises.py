"""Promises: what holds of an installation's data, whatever happened to its processes.

What a client was told is in the log. What is in the log is counted once. What was learnt is what a clean
run over the same log learns: bit for bit, and to 1e-9 where it adds up in floats. Refuses to ask a server: data alone is looked at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import closing

import msgspec

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import (
    Kind,
    Time,
    decode_decision,
    decode_event,
    delivery_id,
    encode,
    parse_decision_id,
)
from tamesu.base.reward import CLOCK_SKEW_US
from tamesu.engine import InlineEngine
from tamesu.join import table
from tamesu.policy import alike, compose
from tamesu.ports import Holds
from tamesu.wiring import Settings, open_archive, open_log, open_store


def everything_final(client, bandit, told, until):
    """Waits until all that callers were told is learnt; the difference is 0 all along."""

    def final():
        counts = client.conservation(bandit)
        assert counts["difference"] == 0
        is_read = sum(counts["decisions"].values()) >= len(told.decisions) and sum(
            counts["events"].values()
        ) >= len(told.events)
        return is_read and counts["deliveries"]["open"] == counts["events"]["held"] == 0

    until(final)


def check(data, bandit, told):
    """Holds the data folder of an ended installation against what its callers were told."""
    settings = Settings(data=str(data))
    with closing(open_log(settings)) as log, closing(open_store(settings)) as store:
        archive = open_archive(settings)
        entries = log.read(0, log.start(0), 1 << 30)
        in_the_log(entries, bandit, told)
        once(entries, store, archive, bandit)
        as_by_a_clean_run(log, store, archive, bandit)


def check_retired(data, bandit, told):
    """As `check`, where beginnings of the log are gone: what callers remember stands in for them."""
    settings = Settings(data=str(data))
    with closing(open_log(settings)) as log, closing(open_store(settings)) as store:
        assert log.start(0) > 0, "nothing was retired"
        seen, arms = Counter(), Counter()
        for batch in open_archive(settings).read(store.files(Holds.OBSERVATIONS)):
            for row in batch.rows():
                seen[row.decision_id] += 1
                arms[delivery_id(row.decision_id, row.position)] += 1
        assert set(seen) == set(told.decisions.values()), (
            "each decision that was told, and no other"
        )
        assert set(arms.values()) == {1}, "a delivery was counted twice"
        counts = store.progress().counts[bandit]
        assert table(counts)["difference"] == 0
        assert counts["decisions_accepted"] == len(told.decisions)
        # A late event that is sent again is late again, and no duplicate.
        counted = counts["events_impression"] + counts["events_joined"]
        assert counted <= len(told.events) <= counts["events_read"] - counts["events_duplicate"]
        assert store.snapshot(bandit).observations == counts["deliveries_observed"]


def one_roster_each(data, bandit):
    """Active arms of each decision in the log are those of the roster that its snapshot names."""
    settings = Settings(data=str(data))
    with closing(open_log(settings)) as log, closing(open_store(settings)) as store:
        newest = store.snapshot(bandit)
        declared = store.declarations()[bandit].declaration
        rosters = [{arm.id for arm in declared.arms}]
        rosters += [set(store.roster(bandit, n).ids) for n in range(1, newest.roster + 1)]
        named = [0, *(store.snapshot(bandit, n).roster for n in range(1, newest.version + 1))]
        assert named == sorted(named)
        for entry in log.read(0, log.start(0), 1 << 30):
            if entry.kind == Kind.DECISION and entry.key.startswith(f"{bandit}."):
                decision = decode_decision(entry.body)
                # A combination is called by its options, which are the arms.
                arms = {arm for each in decision.deliveries for arm in each.arm.split(",")}
                assert arms <= rosters[named[decision.snapshot]], "a decision saw half a change"


def in_the_log(entries, bandit, told):
    """Whatever was acknowledged, and of each request one decision."""
    decided = defaultdict(set)
    tracked = set()
    for entry in entries:
        if entry.kind == Kind.DECISION and entry.key.startswith(f"{bandit}."):
            decision = decode_decision(entry.body)
            decided[decision.request_id].add(decision.decision_id)
        elif entry.kind == Kind.EVENT:
            tracked.add(decode_event(entry.body).event_id)
    assert told.events <= tracked, "an acknowledged event is not in the log"
    assert len(set(told.decisions.values())) == len(told.decisions), "two requests, one decision"
    for request, decision in told.decisions.items():
        assert decided[request] == {decision}, "one request, one decision, and it is in the log"


def once(entries, store, archive, bandit):
    """Every delivery in the log is one observation, each correction there once; every record is in one class.

    Decisions by a clock that was off are poison, and counted as that.
    """
    told = [e for e in entries if e.kind == Kind.DECISION and e.key.startswith(f"{bandit}.")]
    records = [entry for entry in told if is_in_time(entry)]
    decisions = {entry.key: decode_decision(entry.body) for entry in records}
    seen = Counter(
        (delivery_id(row.decision_id, row.position), row.correction)
        for batch in archive.read(store.files(Holds.OBSERVATIONS))
        for row in batch.rows()
        if row.decision_id in decisions
    )
    assert set(seen.values()) == {1}, "a delivery was counted twice"
    assert {delivery for delivery, correction in seen if not correction} == {
        delivery_id(key, delivery.position)
        for key, decision in decisions.items()
        for delivery in decision.deliveries
    }
    counts = store.progress().counts[bandit]
    assert table(counts)["difference"] == 0
    assert counts["decisions_accepted"] == len(decisions)
    assert counts.get("decisions_duplicate", 0) == len(records) - len(decisions)
    assert counts.get("decisions_poison", 0) == len(told) - len(records)


def is_in_time(entry):
    """Whether a decision's own time is near the moment at which the log received it."""
    decided_us = parse_decision_id(entry.key).decided
    return abs(decided_us - entry.received * 1_000) <= CLOCK_SKEW_US


def as_by_a_clean_run(log, store, archive, bandit):
    """State, counts and observations are those of an engine that was never killed."""
    clean_store, clean_archive = MemoryStore(), MemoryArchive()
    for declared in store.declarations().values():
        clean_store.declare(declared.declaration, Time(0))
    InlineEngine(log, clean_store, clean_archive, ManualClock()).catch_up()
    served, clean = store.snapshot(bandit), clean_store.snapshot(bandit)
    policy = compose(store.declarations()[bandit].declaration)
    assert alike(policy.decode(served.state), policy.decode(clean.state))
    assert policy.contextual or served.state == clean.state
    assert served.observations == clean.observations > 0
    assert store.progress().counts[bandit] == clean_store.progress().counts[bandit]
    assert rows(store, archive) == rows(clean_store, clean_archive)


def rows(store, archive):
    """Every row but for which snapshot learnt it: how many there are is how often it was committed."""
    return sorted(
        encode(msgspec.structs.replace(row, absorbed=0))
        for batch in archive.read(store.files(Holds.OBSERVATIONS))
        for row in batch.rows()
    )
