"""The fold equals the oracle: on any log, batching, interleaving of partitions and crash."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tamesu.base import (
    Aggregate,
    Anchor,
    Decision,
    Delivery,
    Duration,
    Entry,
    Event,
    EventTerm,
    Observation,
    Reward,
    Time,
    decision_id,
    encode,
    uuid7,
)
from tamesu.base.counts import merge
from tamesu.join import Checkpoint, Fold, oracle, table

MS, S, MINUTE = 1_000, 1_000_000, 60_000_000
T0_MS = 1_795_000_000_000
TERMS = {
    "click": EventTerm(weight=0.1),
    "view": EventTerm(weight=-0.5, aggregate=Aggregate.COUNT, cap=2),
    "buy": EventTerm(weight=3.0, aggregate=Aggregate.SUM, cap=1e9),
    "rate": EventTerm(weight=0.3, aggregate=Aggregate.FIRST),
}


def clauses(
    anchor: Anchor,
    window_us: int,
    within_us: int | None = None,
    lateness_us: int = 2 * S,
    late_us: int = 30 * S,
    default: float = 0.0,
) -> Reward:
    return Reward(
        anchor=anchor,
        window=Duration(window_us),
        impression_within=None if within_us is None else Duration(within_us),
        lateness=Duration(lateness_us),
        late=Duration(late_us),
        events=TERMS,
        default=default,
    )


REWARDS = {
    ("home", 1): clauses(Anchor.DECISION, 10 * S, default=0.25),
    ("home", 2): clauses(Anchor.IMPRESSION, 10 * S, 10 * S, default=-1.5),
    ("side", 1): clauses(Anchor.IMPRESSION, 4 * S, 12 * S),
    ("side", 2): clauses(Anchor.IMPRESSION, 12 * S, 6 * S, lateness_us=0),
    ("tiny", 1): clauses(Anchor.IMPRESSION, 1 * MS, 1 * MS, lateness_us=0),
    ("tiny", 2): clauses(Anchor.DECISION, 1, lateness_us=0),
    ("long", 1): clauses(Anchor.IMPRESSION, 70 * S, 20 * S, late_us=5 * S),
}


def lookup(bandit: str, declaration: int) -> Reward | None:
    return REWARDS.get((bandit, declaration))


@dataclass
class Log:
    """A log as it stands, and a way to read it."""

    partitions: list[list[Entry]] = field(default_factory=list)

    def whole(self) -> list[Entry]:
        return [entry for entries in self.partitions for entry in entries]


def make_log(rng: random.Random, records: int, partitions: int) -> Log:
    """A log whose times lie on and beside every bound there is."""
    drafts: list[list[tuple[int, str, str, bytes]]] = [[] for _ in range(partitions)]
    decisions: list[tuple[str, int, Reward, int, int]] = []
    for number in range(max(1, records // 6)):
        bandit, declaration = rng.choice(
            [name for name in REWARDS for _ in range(1 if name[0] == "tiny" else 3)]
        )
        at_ms = T0_MS + rng.choice([0, 0, 1, 1_000, 4_000, 20_000, 61_000])
        key = decision_id(bandit, declaration, uuid7(at_ms, bytes([number] * 10)))
        reward = REWARDS[bandit, declaration]
        start = rng.choice([0, 0, 1, 2 * S, 6 * S, reward.within_us - 1])
        decisions.append((key, at_ms, reward, number % partitions, start))
    for key, at_ms, reward, partition, _ in decisions:
        for _ in range(rng.choice([1] * 7 + [2, 2, 0])):
            span_ms = (reward.last_moment(Time(0))) // MS
            received = at_ms + rng.choice(
                [0] * 24 + [1, 3_000, 60_000, 60_001, -60_000, -60_001, span_ms - 1, span_ms]
            )
            drafts[partition].append((received, key, "decision", _decision(rng, key)))
    for _ in range(records):
        key, at_ms, reward, partition, start = rng.choice(decisions)
        drafts[partition].append(_event(rng, key, at_ms * MS, reward, start))
    for _ in range(records // 8):
        key, at_ms, _, partition, _ = rng.choice(decisions)
        drafts[partition].append(_poison(rng, key, at_ms))
    for partition in range(partitions):
        for _ in range(rng.choice([0, 2, 5])):
            received = T0_MS + rng.choice(
                [0, 500, 6_000, 14_000, 15_000, 30_000, 60_000, 121_000, 160_000]
            )
            drafts[partition].append((received, "", "tick", b'{"v":1}'))
    log = Log()
    for partition, rows in enumerate(drafts):
        rng.shuffle(rows)
        rows.sort(key=lambda row: row[0])
        offset, entries = rng.choice([0, 5]), []
        for received, key, kind, body in rows:
            entries.append(Entry(partition, offset, received, key, kind, body))
            offset += rng.choice([1, 1, 1, 3])
        log.partitions.append(entries)
    return log


def _decision(rng: random.Random, key: str) -> bytes:
    positions = rng.choice([[0]] * 4 + [[0, 1]] * 3 + [[0, 1, 2], [1, 0], [0, 3], []])
    deliveries = tuple(Delivery(place, f"arm{place}", 0.5, 0.125) for place in positions)
    return encode(
        Decision(
            decision_id=key,
            snapshot=rng.randrange(3),
            deliveries=deliveries,
            unit=rng.choice([None, "u"]),
            context=rng.choice([None, {"a": 1}]),
            eligible=rng.choice([None, ("arm0", "arm1")]),
            draws=rng.choice([None, 64]),
            fallback=rng.random() < 0.1,
        )
    )


def _event(
    rng: random.Random, key: str, at: int, reward: Reward, start: int
) -> tuple[int, str, str, bytes]:
    """An event of a decision that is mostly shown `start` after it was made."""
    within, window, lateness = reward.within_us, reward.window, reward.lateness
    kind = rng.choice(["impression"] * 4 + ["click", "click", "view", "buy", "buy", "rate", "rate"])
    if kind == "impression":
        time = at + rng.choice(
            [start] * 6 + [within - 1, within, 0, -1, -5 * S, -5 * S - 1, window - 1, window]
        )
    else:
        time = (
            at
            + start
            + rng.choice(
                [
                    0,
                    1,
                    window // 2,
                    window // 2,
                    window // 2,
                    window - 1,
                    window,
                    -1,
                    -5 * S,
                    -5 * S - 1,
                    -9 * S,
                    -11 * S,
                ]
            )
        )
    ends = [within + lateness, start + window + lateness, within + window + lateness]
    received = rng.choice(
        [time] * 6
        + [time + 1 * S, time + 4 * S]
        + [at + end for end in ends]
        + [at - 10 * S, at - MINUTE - MS, at - MINUTE]
        if rng.random() < 0.5
        else [max(time, at)]
    )
    received_ms = received // MS + rng.choice([0, 0, 1, -1])
    said = rng.choice(
        [time] * 12
        + [None]
        + [received_ms * MS + edge for edge in (5 * MINUTE, 5 * MINUTE + 1)]
        + [received_ms * MS - reward.late - edge for edge in (0, 1)]
    )
    body = Event(
        event_id=f"e{rng.randrange(8) if rng.random() < 0.25 else rng.randrange(10**6)}",
        delivery_id=f"{key}-{rng.choice([0] * 12 + [1, 1, 2, 3, 7])}",
        type="other" if rng.random() < 0.04 else kind,
        value=rng.choice([None, None, 1.0, 0.3, -2.5, 2.0**31, -(2.0**31), 1e-9]),
        time=None if said is None else Time(said),
    )
    return received_ms, key, "event", encode(body)


def _poison(rng: random.Random, key: str, at_ms: int) -> tuple[int, str, str, bytes]:
    good = encode(Event(event_id="p", delivery_id=f"{key}-0", type="click"))
    decision = encode(
        Decision(decision_id=key, snapshot=0, deliveries=(Delivery(0, "a", 1.0, 0.0),))
    )
    future = decision_id("home", 1, uuid7(at_ms + 10**7, b"f" * 10))
    received = at_ms + rng.choice([0, 100, 30_000])
    bad = [
        (key, "event", b""),
        (key, "event", b"[" * 3000),
        (key, "event", good.replace(b'"click"', b"7")),
        (key, "event", good.replace(b"null", b"1e999")),
        (key, "event", good.replace(b'"value":null', b'"value":2147483648.5')),
        (key, "event", good.replace(b'"time":null', b'"time":"yesterday"')),
        (key, "event", good.replace(b'"time":null', b'"time":"2026-02-30T10:00:00.000000Z"')),
        (key, "event", good.replace(b"-0", b"-00")),
        (key, "event", good.replace(b"-0", b"")),
        (key[:-1] + "0", "event", good),
        (key, "decision", decision.replace(b'"position":0', b'"position":-1')),
        (key, "decision", decision.replace(b'"position":0', b'"position":10000')),
        (key, "decision", decision.replace(b'"snapshot":0', b'"snapshot":99999999999999999999')),
        (key, "decision", b'{"decision_id":"' + key.encode() + b'"}'),
        ("nonsense", "decision", decision),
        (key, "no-such-kind", good),
        ("", "event", b"{}"),
        (future, "event", encode(Event(event_id="p", delivery_id=f"{future}-0", type="click"))),
        (key.replace("home", "nobody"), "event", good.replace(b"home", b"nobody")),
        (key.replace(".1.", ".9."), "event", good.replace(b".1.", b".9.")),
    ]
    return received, *rng.choice(bad)


@dataclass
class Committed:
    """What an engine has kept of a fold, and how it reads, crashes and goes on."""

    log: Log
    checkpoint: bytes = b""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)
    read: list[int] = field(default_factory=list)

    def start(self) -> Fold:
        checkpoint = Checkpoint.from_bytes(self.checkpoint)
        offsets = checkpoint.offsets or (0,) * len(self.log.partitions)
        self.read = [
            sum(entry.offset < offset for entry in entries)
            for offset, entries in zip(offsets, self.log.partitions, strict=True)
        ]
        return Fold(lookup, checkpoint, partitions=len(self.log.partitions))

    def seen(self) -> list[Entry]:
        """Every entry from before the committed read offsets."""
        marks = Checkpoint.from_bytes(self.checkpoint).marks
        return [
            entry
            for mark, entries in zip(marks, self.log.partitions, strict=bool(marks))
            for entry in entries
            if entry.offset < mark.read
        ]

    def commit(self, fold: Fold) -> None:
        emitted = fold.advance()
        self.checkpoint = fold.checkpoint().to_bytes()
        self.counts = merge(self.counts, emitted.counts)
        self.observations += [row for batch in emitted.observations for row in batch.rows()]
        if not fold.rebuilding:
            self.check(fold)

    def check(self, fold: Fold) -> None:
        """At every moment: conservation, and the oracle of what was read."""
        watermark = Time(-1) if fold.watermark is None else fold.watermark
        expected = oracle(self.seen(), lookup, watermark)
        assert nonzero(self.counts) == nonzero(expected.counts)
        assert by_delivery(self.observations) == by_delivery(expected.observations)
        for counts in self.counts.values():
            assert table(counts)["difference"] == 0


def nonzero(counts: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    kept = {name: {key: n for key, n in mine.items() if n} for name, mine in counts.items()}
    return {name: mine for name, mine in kept.items() if mine}


def by_delivery(rows: list[Observation]) -> list[Observation]:
    return sorted(rows, key=lambda row: (row.decision_id, row.position))


def run(log: Log, rng: random.Random, crashes: bool) -> Committed:
    """Reads `log` to its end in pieces, from any partition, crashing anywhere."""
    kept = Committed(log)
    fold = kept.start()
    while any(read < len(rows) for read, rows in zip(kept.read, log.partitions, strict=True)):
        pushed: list[Entry] = []
        for _ in range(rng.choice([1, 1, 2])):
            partition = rng.randrange(len(log.partitions))
            start = kept.read[partition]
            piece = log.partitions[partition][start : start + rng.choice([0, 1, 2, 7, 40])]
            kept.read[partition] += len(piece)
            pushed += piece
        fold.push(pushed)
        fate = rng.random()
        if fate < 0.6:
            kept.commit(fold)
        if crashes and fate > 0.85:
            if fate > 0.95:
                fold.advance()  # and the commit is lost
            fold = kept.start()
    kept.commit(fold)
    return kept


@pytest.mark.timeout(600)
@settings(max_examples=4 * settings().max_examples)
@given(
    seed=st.integers(0, 2**32),
    records=st.sampled_from([3, 10, 30, 60, 60]),
    partitions=st.integers(1, 3),
    crashes=st.booleans(),
)
def test_any_reading_of_a_log_gives_what_the_oracle_gives(seed, records, partitions, crashes):
    """Laws 1 to 4 and 6: at every commit the fold has given and counted what the oracle says."""
    rng = random.Random(seed)
    log = make_log(rng, records, partitions)
    kept = run(log, rng, crashes)
    assert kept.seen() == log.whole()
    for name in {name for counts in kept.counts.values() for name, n in counts.items() if n}:
        event(name)
