"""`Hindsight`: of each delivery that is long past, what came early and what it came to later.

The log is joined by the clauses of one declaration, whichever it was decided under: once for the early
events, and once for events of one type up to a later age. Which deliveries are told is a matter of time
alone: all that were decided before a moment, never those that happen to be done. Refuses to fit anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import (
    GRID,
    Aggregate,
    Anchor,
    Duration,
    EventTerm,
    Observations,
    Outcome,
    Reward,
    Time,
)
from tamesu.engine.walk import Source, Walk

_NEVER = Time(0)


class LaterEvents(msgspec.Struct, frozen=True, kw_only=True):
    """A later value out of the log: events of one type that the reward names, brought together."""

    type: str
    aggregate: Aggregate = Aggregate.SUM


@dataclass(frozen=True, eq=False)
class Seen:
    """n deliveries that were seen, joined to their end, by (decided, decision id, position).

    Attributes:
        decision_id, arm, unit: (n,) texts; a unit may be none.
        position, decided: (n,).
        started: (n,) microseconds, when their windows began.
        propensity: (n,).
        early: by event type (n,) what the events of its window came to.
        later: (n,) by the log; none where another place knows it.
    """

    decision_id: NDArray[np.object_]
    position: NDArray[np.int64]
    arm: NDArray[np.object_]
    unit: NDArray[np.object_]
    propensity: NDArray[np.float64]
    decided: NDArray[np.int64]
    started: NDArray[np.int64]
    early: Mapping[str, NDArray[np.float64]]
    later: NDArray[np.float64] | None


@dataclass
class Hindsight:
    """A look back at one bandit.

    Args:
        source: its log, as far back as there is one.
        bandit: its name.
        reward: the clauses that say what is early, and when a delivery's window starts.
        declared: the numbers of its declarations, and which of them took events of all types.
        within: how long after that start the later value grows.
        later: events of the log that it is made of; none where another place knows it.

    Attributes:
        records: entries read so far, of `total`.
        left_out: deliveries that are not told, by why: `open` (something may still come of them),
            `unshown`, `fallback`, `undeclared` (decided when not all types were taken).
        watermark: the log's time, as far as it was read.
    """

    source: Source
    bandit: str
    reward: Reward
    declared: Mapping[int, bool]
    within: Duration
    later: LaterEvents | None = None
    records: int = field(default=0, init=False)
    left_out: Counter[str] = field(default_factory=Counter, init=False)
    watermark: Time = field(default=_NEVER, init=False)
    _early: list[dict[str, NDArray[Any]]] = field(default_factory=list, init=False)
    _later: list[dict[str, NDArray[Any]]] = field(default_factory=list, init=False)
    _open: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        partitions = range(self.source.partitions)
        self._start = [self.source.start(one) for one in partitions]
        self._end = [self.source.end(one) for one in partitions]

    @property
    def total(self) -> int:
        """Entries to be read in all."""
        walks = 1 if self.later is None else 2
        return walks * (sum(self._end) - sum(self._start))

    @property
    def known_until(self) -> Time:
        """Nothing in time can come any more of what was decided before this moment."""
        both = self.early_clauses, self.later_clauses
        spans = [clauses.last_moment(Time(0)) for clauses in both if clauses is not None]
        return Time(self.watermark - max(spans))

    def run(self) -> Iterator[int]:
        """Reads the log; says `records` as it goes.

        Raises:
            Corrupt: a part of it is gone.
        """
        clauses = self.later_clauses
        if self.later is not None and clauses is not None:
            yield from self._walk(clauses, [self.later.type], self._later)
        yield from self._walk(self.early_clauses, list(self.reward.events), self._early)

    def seen(self) -> Seen | None:
        """What was found once all was read; none where nothing was."""
        rows = self._closed()
        if not len(rows.get("decided", ())):
            return None
        order = np.lexsort((rows["position"], rows["decision_id"].astype(str), rows["decided"]))
        rows = {name: column[order] for name, column in rows.items()}
        by_decision = self.reward.anchor is Anchor.DECISION
        return Seen(
            decision_id=rows["decision_id"],
            position=rows["position"],
            arm=rows["arm"],
            unit=rows["unit"],
            propensity=rows["propensity"],
            decided=rows["decided"],
            started=rows["decided"] if by_decision else rows["shown"],
            early={name: rows[_term(name)] for name in self.reward.events},
            later=None if self.later is None else self._worth(rows, _term(self.later.type)),
        )

    @property
    def early_clauses(self) -> Reward:
        """The reward whose terms are what came early.

        What corrections would have taken in counts, as far as it costs no delivery.
        """
        asked = self._asking(
            {
                name: msgspec.structs.replace(term, weight=1.0, cap=None)
                for name, term in self.reward.events.items()
            }
        )
        grace = min(asked.late, self.within) - asked.longest_us
        return msgspec.structs.replace(asked, lateness=Duration(max(asked.lateness, grace)))

    @property
    def later_clauses(self) -> Reward | None:
        """The reward that is the later value; none where another place knows it."""
        if self.later is None:
            return None
        events = {
            name: msgspec.structs.replace(term, weight=0.0, cap=None)
            for name, term in self.reward.events.items()
        }
        events[self.later.type] = msgspec.structs.replace(
            events[self.later.type],
            weight=1.0,
            aggregate=self.later.aggregate,
            within=self.within,
        )
        return self._asking(events)

    def _asking(self, events: dict[str, EventTerm]) -> Reward:
        """The reward of these terms, told once each is final; anchors and windows stay."""
        asked = msgspec.structs.replace(self.reward, events=events, default=0.0, range=None)
        return msgspec.structs.replace(asked, settle=Duration(asked.longest_us))

    def _walk(
        self, clauses: Reward, types: Collection[str], into: list[dict[str, NDArray[Any]]]
    ) -> Iterator[int]:
        def lookup(bandit: str, number: int) -> Reward | None:
            return clauses if bandit == self.bandit and number in self.declared else None

        walk, before = Walk(self.source, lookup, self.bandit, self._start), self.records
        into.clear()
        self._open = 0
        for emitted in walk.to(self._end):
            into += [_columns(rows, types) for rows in emitted.observations]
            counts = emitted.counts.get(self.bandit, {})
            self._open = counts.get("deliveries_open", self._open)
            self.records = before + walk.records
            yield self.records
        self.watermark = walk.watermark or _NEVER

    def _closed(self) -> dict[str, NDArray[Any]]:
        """Columns of the deliveries that are told; counts those that are not."""
        self.left_out = Counter({"open": self._open})  # those of which there is no row yet
        if not self._early:
            return {}
        rows = _stacked(self._early)
        took = np.array([self.declared[number] for number in rows["number"].tolist()], np.bool_)
        kept = np.ones(len(took), dtype=np.bool_)
        for why, out in (
            ("open", rows["decided"] >= self.known_until),
            ("undeclared", ~took),
            ("unshown", rows["outcome"] != Outcome.OBSERVED),
            ("fallback", rows["fallback"]),
        ):
            self.left_out[why] += int(np.count_nonzero(kept & out))
            kept &= ~out
        return {name: column[kept] for name, column in rows.items()}

    def _worth(self, rows: dict[str, NDArray[Any]], term: str) -> NDArray[np.float64]:
        told = _stacked(self._later)
        keys = zip(told["decision_id"].tolist(), told["position"].tolist(), strict=True)
        worth = dict(zip(keys, told[term].tolist(), strict=True))
        asked = zip(rows["decision_id"].tolist(), rows["position"].tolist(), strict=True)
        return np.array([worth[key] for key in asked], dtype=np.float64)


def _columns(rows: Observations, types: Collection[str]) -> dict[str, NDArray[Any]]:
    """What is kept of `rows`: not their contexts, which are most of them."""
    names = ("decision_id", "position", "arm", "unit", "propensity", "fallback", "outcome")
    kept = {name: getattr(rows, name) for name in (*names, "decided", "shown")}
    kept["number"] = np.full(len(rows), rows.declaration, dtype=np.int64)
    return kept | {_term(name): rows.terms[name] / GRID for name in types}


def _term(name: str) -> str:
    """The column of an event type, which may have any name."""
    return f"term {name}"


def _stacked(parts: list[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
