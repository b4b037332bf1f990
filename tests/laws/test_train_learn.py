"""What a bandit learns from a log does not depend on how the log was read."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import (
    Decision,
    Declaration,
    Delivery,
    Entry,
    Event,
    Reward,
    Time,
    decision_id,
    encode,
    uuid7,
)
from tamesu.join import Checkpoint, Fold, oracle
from tamesu.policy import compose
from tamesu.train import Learnt, Pending, prior, teach

T0_MS = 1_795_000_000_000
DECLARATION = Declaration.parse(
    {
        "name": "home",
        "arms": ["a", "b", "c"],
        "seed": 1,
        "layout": {"kind": "slate", "size": 2},
        "reward": {"window": "3s", "lateness": "1s"},
    }
)
POLICY = compose(DECLARATION)


def lookup(bandit: str, declaration: int) -> Reward | None:
    return DECLARATION.reward if (bandit, declaration) == ("home", 1) else None


def a_log(rng: random.Random, decisions: int) -> list[Entry]:
    """Slates of which some were seen, some clicked, some of it late, some of it twice."""
    drafts: list[tuple[int, str, str, bytes]] = []
    for number in range(decisions):
        at_ms = T0_MS + rng.randrange(20_000)
        key = decision_id("home", 1, uuid7(at_ms, number.to_bytes(10, "big")))
        arms = rng.sample(["a", "b", "c", "retired"], 2)
        record = Decision(
            decision_id=key,
            snapshot=0,
            deliveries=tuple(Delivery(i, arm, 0.5, 0.5) for i, arm in enumerate(arms)),
            fallback=rng.random() < 0.1,
        )
        drafts.append((at_ms, key, "decision", encode(record)))
        for place in range(2):
            for kind in ("impression", "click"):
                event = Event(event_id=f"{place}{kind}", delivery_id=f"{key}-{place}", type=kind)
                for _ in range(rng.choice([0, 1, 1, 2])):
                    received = at_ms + rng.choice([0, 10, 2_999, 3_000, 6_999, 7_000])
                    drafts.append((received, key, "event", encode(event)))
    drafts.sort(key=lambda draft: draft[0])
    drafts.append((T0_MS + 100_000, "", "tick", b"{}"))
    return [Entry(0, offset, *draft) for offset, draft in enumerate(drafts)]


def learnt_from(log: list[Entry], rng: random.Random) -> Learnt:
    """Reads the log in pieces, commits when a micro-batch closes, starts anew from commits."""
    kept, checkpoint = prior("home", 1, POLICY, Time(0)), Checkpoint()
    fold, pending, read = Fold(lookup, checkpoint), Pending(), 0
    now = 0
    while read < len(log):
        piece = log[read : read + rng.choice([1, 5, 30])]
        read += len(piece)
        now += rng.choice([1_000, 200_000])
        fold.push(piece)
        pending.add(fold.advance().observations, Time(now))
        if pending.is_due(Time(now), lambda _bandit: DECLARATION.batch) and not fold.rebuilding:
            lesson = teach(POLICY, kept, pending.groups(), Time(now), fold.watermark)
            kept = kept if lesson is None else lesson
            checkpoint, pending = fold.checkpoint(), Pending()
        if rng.random() < 0.2:
            kept = Learnt(POLICY.decode(kept.snapshot.state), kept.snapshot)
            fold = Fold(lookup, Checkpoint.from_bytes(checkpoint.to_bytes()))
            pending, read = Pending(), (checkpoint.offsets or (0,))[0]
    lesson = (
        teach(POLICY, kept, pending.groups(), Time(now), fold.watermark) if len(pending) else None
    )
    return kept if lesson is None else lesson


@given(seed=st.integers(0, 2**32), decisions=st.integers(1, 12))
def test_a_log_teaches_the_same_bits_however_it_is_read(seed, decisions):
    """Exactly once across restarts: state, count of observations and nothing else."""
    rng = random.Random(seed)
    log = a_log(rng, decisions)
    whole = Fold(lookup)
    whole.push(log)
    start = prior("home", 1, POLICY, Time(0))
    batches = whole.advance().observations
    at_once = teach(POLICY, start, batches, Time(1), Time(1)) or start
    in_pieces = learnt_from(log, rng)
    assert in_pieces.snapshot.state == at_once.snapshot.state
    taught = [
        row for row in oracle(log, lookup).observations if not row.outcome and not row.fallback
    ]
    assert in_pieces.snapshot.observations == at_once.snapshot.observations == len(taught)
