"""The records of one decision, written down in seconds after it, and the story they come to."""

from __future__ import annotations

from tamesu.base import (
    GRID,
    IMPRESSION,
    Anchor,
    Decision,
    Delivery,
    Duration,
    Entry,
    Event,
    EventTerm,
    Reward,
    Time,
    decision_id,
    encode,
    uuid7,
)
from tamesu.join import Row, Story, tell

MS, S = 1_000, 1_000_000
T0_MS = 1_795_000_000_000
T0 = T0_MS * MS
KEY = decision_id("home", 1, uuid7(T0_MS, b"0123456789"))
FAR_S = 10**7
CLICK, BUY = EventTerm(weight=1.0), EventTerm(weight=10.0)


SHORT_LONG = {
    "click": EventTerm(weight=1.0, within=Duration(5 * S)),
    "buy": EventTerm(weight=10.0, within=Duration(100 * S)),
    "view": EventTerm(weight=0.25),
}
"""Types with windows of their own: shorter than the others', and longer."""


def rules(anchor: Anchor = Anchor.IMPRESSION, **clauses) -> Reward:
    """Windows of 60 s, impressions within 30 s, 10 s lateness, 1,000 s late; lengths in seconds."""
    written = {"window": 60, "impression_within": 30, "lateness": 10, "late": 1000, **clauses}
    if anchor is Anchor.DECISION:
        del written["impression_within"]
    lengths = ("window", "gap", "impression_within", "lateness", "late", "settle")
    given = {
        name: Duration(round(value * S)) if name in lengths else value
        for name, value in written.items()
    }
    given.setdefault("settle", Duration(60 * S))
    given.setdefault("events", {"click": CLICK, "buy": BUY})
    return Reward(anchor=anchor, **given)


class Told:
    """The records of one decision, with times in seconds after it, and what they come to."""

    def __init__(self, reward: Reward, decided: float | None = 0.0) -> None:
        self.reward = reward
        self.entries: list[Entry] = []
        self._ids = 0
        if decided is not None:
            self.decision(decided)

    def decision(self, received: float, positions: tuple[int, ...] = (0,)) -> Told:
        deliveries = tuple(Delivery(place, f"arm{place}", 0.5, 0.25) for place in positions)
        return self.put(
            received,
            "decision",
            encode(Decision(decision_id=KEY, snapshot=4, deliveries=deliveries)),
        )

    def event(self, kind: str, at: float, received: float | None = None, **facts) -> Told:
        """An event that happened `at`, received then if not said otherwise."""
        self._ids += 1
        position = facts.pop("position", 0)
        record = Event(
            event_id=facts.pop("event_id", f"e{self._ids}"),
            delivery_id=f"{KEY}-{position}",
            type=kind,
            time=Time(T0 + round(at * S)),
            **facts,
        )
        return self.put(at if received is None else received, "event", encode(record))

    def shown(self, at: float, received: float | None = None) -> Told:
        return self.event(IMPRESSION, at, received)

    def put(self, received: float, kind: str, body: bytes) -> Told:
        place = len(self.entries)
        self.entries.append(Entry(0, place, T0_MS + round(received * 1000), KEY, kind, body))
        return self

    def story(self, watermark: float = FAR_S, *, late: bool = False) -> Story:
        return tell(KEY, self.reward, self.entries, Time(T0 + round(watermark * S)), late=late)

    def rows(self, watermark: float = FAR_S, *, late: bool = False) -> list[Row]:
        return self.story(watermark, late=late).rows

    def worth(self, watermark: float = FAR_S, *, late: bool = False) -> list[tuple]:
        """Per row: reward, previous reward, and when it closed in seconds after the decision."""
        return [
            (
                row.observation.reward / GRID,
                None
                if row.observation.previous_reward is None
                else row.observation.previous_reward / GRID,
                (row.observation.closed - T0) / S,
            )
            for row in self.rows(watermark, late=late)
        ]

    def classes(self, watermark: float = FAR_S, *, late: bool = False) -> list[str]:
        return [one.verdict.value for one in self.story(watermark, late=late).events]


def session(**clauses) -> Reward:
    """A session with a gap of 10 s, that is observed when its cap of 60 s is over."""
    return rules(**{"gap": 10, "settle": 60, **clauses})
