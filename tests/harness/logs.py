"""Logs for the laws of the join: every kind of clause, and times on and beside every bound there is.

A log is made from a seeded `random.Random`: Hypothesis draws the seed. What it holds on purpose:
impressions that come never, late, twice or from a clock that is ahead; events before their decision,
after their window, received at the last moment and beyond; repeats of event ids; decisions that come
twice, late or never; poison of every sort; several partitions, bandits and declarations.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from tamesu.base import (
    Aggregate,
    Anchor,
    Decision,
    Delivery,
    Duration,
    Entry,
    Event,
    EventTerm,
    Examined,
    Reward,
    Time,
    Unseen,
    decision_id,
    encode,
    uuid7,
)

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
    *,
    settle_us: int | None = None,
    gap_us: int | None = None,
    withins: dict[str, int] | None = None,
    lateness_us: int = 2 * S,
    late_us: int = 30 * S,
    default: float = 0.0,
    unseen: Unseen = Unseen.DROP,
    examined: Examined | None = None,
) -> Reward:
    """The clauses of a reward; it settles when its window is over if not said otherwise."""
    events = {
        name: EventTerm(
            weight=term.weight,
            aggregate=term.aggregate,
            cap=term.cap,
            within=Duration(withins[name]) if withins and name in withins else None,
        )
        for name, term in TERMS.items()
    }
    longest = max(window_us if term.within is None else term.within for term in events.values())
    return Reward(
        anchor=anchor,
        window=Duration(window_us),
        gap=None if gap_us is None else Duration(gap_us),
        impression_within=None if within_us is None else Duration(within_us),
        lateness=Duration(lateness_us),
        late=Duration(late_us),
        settle=Duration(longest if settle_us is None else settle_us),
        events=events,
        default=default,
        unseen=unseen,
        examined=examined,
    )


DECIDED, SHOWN, IMPLY = Anchor.DECISION, Anchor.IMPRESSION, Unseen.IMPLY
_MIXED = {"click": 1 * S, "buy": 12 * S}

FINAL = {
    ("home", 1): clauses(DECIDED, 10 * S, default=0.25),
    ("home", 2): clauses(SHOWN, 10 * S, 10 * S, default=-1.5),
    ("side", 1): clauses(SHOWN, 4 * S, 12 * S),
    ("side", 2): clauses(SHOWN, 12 * S, 6 * S, lateness_us=0),
    ("tiny", 1): clauses(SHOWN, 1 * MS, 1 * MS, lateness_us=0),
    ("tiny", 2): clauses(DECIDED, 1, lateness_us=0),
    ("long", 1): clauses(SHOWN, 70 * S, 20 * S, late_us=5 * S),
    ("visit", 1): clauses(SHOWN, 10 * S, 8 * S, gap_us=3 * S),
    ("visit", 2): clauses(DECIDED, 9 * S, gap_us=4 * S, default=1.0, late_us=90 * S),
    ("mixed", 1): clauses(DECIDED, 5 * S, withins=_MIXED, late_us=90 * S),
    ("mixed", 2): clauses(SHOWN, 5 * S, 5 * S, withins=_MIXED, late_us=90 * S),
    ("imply", 1): clauses(SHOWN, 8 * S, 8 * S, unseen=IMPLY, default=0.5),
}
"""Clauses under which observation 0 is final."""

EARLY = {
    ("early", 1): clauses(DECIDED, 10 * S, settle_us=3 * S, default=0.25),
    ("early", 2): clauses(SHOWN, 10 * S, 10 * S, settle_us=3 * S, default=-1.5),
    ("early", 3): clauses(SHOWN, 4 * S, 12 * S, settle_us=0),
    ("early", 4): clauses(
        SHOWN, 12 * S, 6 * S, settle_us=12 * S - 1, lateness_us=0, late_us=90 * S
    ),
    ("early", 5): clauses(SHOWN, 1 * MS, 1 * MS, settle_us=0, lateness_us=0),
    ("early", 6): clauses(SHOWN, 70 * S, 20 * S, settle_us=MINUTE, late_us=5 * S),
    ("early", 7): clauses(DECIDED, 10 * S, settle_us=0, lateness_us=0, late_us=90 * S),
    ("stay", 1): clauses(SHOWN, 10 * S, 8 * S, gap_us=3 * S, settle_us=2 * S),
    ("stay", 2): clauses(DECIDED, 9 * S, gap_us=4 * S, settle_us=6 * S, late_us=90 * S),
    ("stay", 3): clauses(
        SHOWN, 8 * S, 6 * S, gap_us=2 * S, withins=_MIXED, settle_us=5 * S, late_us=90 * S
    ),
    ("stay", 4): clauses(
        SHOWN, 12 * S, 6 * S, gap_us=6 * S, settle_us=1 * S, withins=dict.fromkeys(TERMS, 4 * S)
    ),
    ("blend", 1): clauses(DECIDED, 5 * S, withins=_MIXED, settle_us=4 * S, late_us=90 * S),
    ("blend", 2): clauses(SHOWN, 5 * S, 5 * S, withins=_MIXED, settle_us=1 * S, late_us=90 * S),
    ("imply", 2): clauses(SHOWN, 8 * S, 8 * S, unseen=IMPLY, settle_us=1 * S, late_us=90 * S),
    ("imply", 3): clauses(SHOWN, 9 * S, 3 * S, unseen=IMPLY, settle_us=7 * S, default=-0.5),
    ("imply", 4): clauses(
        SHOWN, 9 * S, 6 * S, unseen=IMPLY, gap_us=3 * S, settle_us=2 * S, withins={"buy": 11 * S}
    ),
}
"""Clauses under which observation 0 comes early, and corrections follow."""

_CLICK = Examined.UNTIL_CLICK
CASCADE = {
    ("fall", 1): clauses(SHOWN, 10 * S, 8 * S, examined=_CLICK, late_us=90 * S),
    ("fall", 2): clauses(DECIDED, 10 * S, settle_us=3 * S, default=0.25, examined=_CLICK),
    ("fall", 3): clauses(SHOWN, 4 * S, 12 * S, settle_us=0, examined=_CLICK, late_us=90 * S),
    ("fall", 4): clauses(
        SHOWN, 8 * S, 6 * S, gap_us=2 * S, withins=_MIXED, settle_us=2 * S, examined=_CLICK
    ),
    ("fall", 5): clauses(
        SHOWN, 8 * S, 8 * S, unseen=IMPLY, settle_us=1 * S, late_us=90 * S, examined=_CLICK
    ),
    ("fall", 6): clauses(
        DECIDED, 9 * S, gap_us=4 * S, settle_us=0, late_us=90 * S, examined=_CLICK
    ),
}
"""Clauses of cascades: all deliveries of a decision at once, and those below a click unexamined."""

BY_TERM = {
    (f"{name}-told", number): msgspec.structs.replace(reward, by_term=True)
    for (name, number), reward in {**EARLY, **CASCADE}.items()
    if number % 2
}
"""The same of bandits that want several things: corrections tell the terms that they replace."""

REWARDS = {**FINAL, **EARLY, **CASCADE, **BY_TERM}


def lookup(bandit: str, declaration: int) -> Reward | None:
    """The clauses of the bandits in these logs."""
    return REWARDS.get((bandit, declaration))


@dataclass
class Log:
    """A log as it stands: the entries of each partition."""

    partitions: list[list[Entry]] = field(default_factory=list)

    def whole(self) -> list[Entry]:
        """All entries, partition after partition."""
        return [entry for entries in self.partitions for entry in entries]


class _Made(NamedTuple):
    """A decision, and when its first delivery is mostly shown, in microseconds after it."""

    key: str
    at_ms: int
    reward: Reward
    partition: int
    start: int


def make_log(
    rng: random.Random,
    records: int,
    partitions: int,
    names: Sequence[tuple[str, int]] = tuple(REWARDS),
) -> Log:
    """A log of some `records` events, of bandits and declarations among `names`."""
    drafts: list[list[tuple[int, str, str, bytes]]] = [[] for _ in range(partitions)]
    decisions: list[_Made] = []
    chosen = rng.sample(list(names), min(len(names), rng.choice([1, 2, 4, 8])))
    for number in range(max(1, records // rng.choice([6, 6, 12]))):
        bandit, declaration = rng.choice(chosen)
        at_ms = T0_MS + rng.choice([0, 0, 1, 1_000, 4_000, 20_000, 61_000])
        key = decision_id(bandit, declaration, uuid7(at_ms, bytes([number % 256] * 10)))
        reward = REWARDS[bandit, declaration]
        start = rng.choice([0, 0, 1, 2 * S, 6 * S, max(0, reward.within_us - 1)])
        decisions.append(_Made(key, at_ms, reward, number % partitions, start))
    for made in decisions:
        for _ in range(rng.choice([1] * 7 + [2, 2, 0])):
            span_ms = made.reward.last_moment(Time(0)) // MS
            received = made.at_ms + rng.choice(
                [0] * 24 + [1, 3_000, 60_000, 60_001, -60_000, -60_001, span_ms - 1, span_ms]
            )
            drafts[made.partition].append(
                (received, made.key, "decision", _decision(rng, made.key))
            )
    for _ in range(records):
        made = rng.choice(decisions)
        drafts[made.partition].append(_event(rng, made))
    for _ in range(records // 8):
        made = rng.choice(decisions)
        drafts[made.partition].append(_poison(rng, made.key, made.at_ms))
    for partition in range(partitions):
        for _ in range(rng.choice([0, 2, 5])):
            received = T0_MS + rng.choice(
                [0, 500, 3_000, 6_000, 14_000, 15_000, 30_000, 60_000, 121_000, 160_000, 260_000]
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
    several = [[0, 1, 2], [1, 0], [0, 3], []]
    if key.startswith("fall"):
        positions = rng.choice([[0, 1], [0, 1, 2], [0, 1, 2, 3], [2, 7, 0], *several])
    else:
        positions = rng.choice([[0]] * 4 + [[0, 1]] * 3 + several)
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


def _event(rng: random.Random, made: _Made) -> tuple[int, str, str, bytes]:
    """An event of a decision, its time and its receipt near one of the bounds that bear on it."""
    reward, at = made.reward, made.at_ms * MS
    kind = rng.choice(["impression"] * 4 + ["click", "click", "view", "buy", "buy", "rate", "rate"])
    time = at + (
        _shown_after(rng, made) if kind == "impression" else _happens_after(rng, made, kind)
    )
    received = rng.choice(
        [max(time, at)] * 6
        + [time] * 3
        + [time + 1 * S, time + 4 * S]
        + [at + end for end in _ends(made, kind)]
        + [at - 10 * S, at - MINUTE - MS, at - MINUTE]
    )
    received_ms = received // MS + rng.choice([0, 0, 1, -1])
    said = rng.choice(
        [time] * 12
        + [None]
        + [received_ms * MS + edge for edge in (5 * MINUTE, 5 * MINUTE + 1)]
        + [received_ms * MS - reward.late - edge for edge in (0, 1)]
    )
    deeper = 12 if made.reward.until_click else 1
    position = rng.choice([0] * 12 + [1, 1, 2, 3, 7] * deeper)
    body = Event(
        event_id=f"e{rng.randrange(8) if rng.random() < 0.25 else rng.randrange(10**6)}",
        delivery_id=f"{made.key}-{position}",
        type="other" if rng.random() < 0.04 else kind,
        value=rng.choice([None, None, 1.0, 0.3, -2.5, 2.0**31, -(2.0**31), 1e-9]),
        time=None if said is None else Time(said),
    )
    return received_ms, made.key, "event", encode(body)


def _shown_after(rng: random.Random, made: _Made) -> int:
    """When an impression happens, in microseconds after the decision."""
    within, window = made.reward.within_us, made.reward.window
    edges = [within - 1, within, 0, -1, -5 * S, -5 * S - 1, window - 1, window]
    return rng.choice([made.start] * 6 + edges)


def _happens_after(rng: random.Random, made: _Made, kind: str) -> int:
    """When a rewarding event happens, in microseconds after the decision."""
    reward = made.reward
    own = reward.events[kind].within
    end = reward.window if own is None else own
    inside = [0, 1, end // 2, end // 2, end // 2, end - 1]
    outside = [end, -1, -5 * S, -5 * S - 1, -9 * S, -11 * S]
    gap = reward.gap
    visits = (
        [] if gap is None else [gap - 1, gap - 1, gap, gap // 2, 2 * gap - 2, 2 * gap, 3 * gap - 3]
    )
    return made.start + rng.choice(inside + outside + visits + visits)


def _ends(made: _Made, kind: str) -> list[int]:
    """Moments after the decision from which on something is received too late, or settled."""
    reward, start = made.reward, made.start
    lateness, within = reward.lateness, reward.within_us
    last = within + reward.longest_us + lateness
    ends = [
        within + lateness,
        start + reward.settle_us,
        start + reward.settle_us // 2,
        start + reward.longest_us + lateness,
        start + reward.window + lateness,
        last,
        last + 5 * S,
        reward.late,
    ]
    own = reward.events[kind].within if kind in reward.events else None
    if own is not None:
        ends.append(start + own + lateness)
    if reward.gap is not None:
        ends += [start + reward.gap + lateness, start + 2 * reward.gap - 1 + lateness]
    return ends


def _poison(rng: random.Random, key: str, at_ms: int) -> tuple[int, str, str, bytes]:
    good = encode(Event(event_id="p", delivery_id=f"{key}-0", type="click"))
    decision = encode(
        Decision(decision_id=key, snapshot=0, deliveries=(Delivery(0, "a", 1.0, 0.0),))
    )
    future = decision_id("home", 1, uuid7(at_ms + 10**7, b"f" * 10))
    received = at_ms + rng.choice([0, 100, 30_000])
    bandit = key.split(".", maxsplit=1)[0]
    number = f".{key.split('.')[1]}.".encode()
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
        (key.replace(bandit, "nobody"), "event", good.replace(bandit.encode(), b"nobody")),
        (key.replace(number.decode(), ".9."), "event", good.replace(number, b".9.")),
    ]
    return received, *rng.choice(bad)
