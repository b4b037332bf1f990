"""`Fold`: the join as a fold that takes the log piece by piece (thin version)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tamesu.base import Entry, InvalidInput, Kind, Observation, Observations, Time, parse_decision_id
from tamesu.base.observations import EXACT, NO_TIME
from tamesu.base.reward import CLOCK_SKEW_US
from tamesu.base.times import MILLISECOND_US
from tamesu.join.checkpoint import Checkpoint, Mark
from tamesu.join.emitted import Emitted, SetAside
from tamesu.join.oracle import oracle
from tamesu.join.record import Lookup, Poison, read_decision, read_event

_LEVELS = ("deliveries_open", "events_held")


class _Funnel:
    def __init__(self, partition: int, offset: int, releases: int) -> None:
        self.partition, self.offset, self.releases = partition, offset, releases
        self.entries: list[Entry] = []
        self.counts: dict[str, dict[str, int]] = {}
        self.emitted: set[int] = set()


class Fold:
    """The join of decisions and events, as a fold of the log."""

    def __init__(
        self, lookup: Lookup, checkpoint: Checkpoint | None = None, partitions: int = 1
    ) -> None:
        checkpoint = checkpoint or Checkpoint()
        self._lookup = lookup
        self._marks = list(checkpoint.marks) or [Mark() for _ in range(partitions)]
        self._start = tuple(mark.read for mark in self._marks)
        self._next = [mark.low for mark in self._marks]
        self._watermark = checkpoint.watermark
        self._waiting: list[Entry] | None = [] if checkpoint.marks else None
        self._funnels: dict[str, _Funnel] = {}
        self._counts: dict[str, dict[str, int]] = {}
        self._reported: dict[str, tuple[int, int]] = {}
        self._poison: list[SetAside] = []
        self._checkpoint = checkpoint
        self._settle_rebuilt()

    @property
    def watermark(self) -> Time | None:
        """Everything due up to here is emitted by `advance`."""
        return None if self._watermark is None else Time(self._watermark)

    @property
    def low_water(self) -> tuple[int, ...]:
        """Per partition the first offset that is still needed."""
        return self._checkpoint.offsets

    @property
    def open_decisions(self) -> int:
        """How many decision ids are held."""
        return len(self._funnels)

    def push(self, entries: Sequence[Entry]) -> None:
        """Takes `entries`, in log order per partition."""
        for entry in entries:
            if self._waiting is not None:
                if entry.offset >= self._start[entry.partition]:
                    self._waiting.append(entry)
                else:
                    self._take(entry)
                self._next[entry.partition] = entry.offset + 1
                self._settle_rebuilt()
            else:
                self._new(entry)

    def _settle_rebuilt(self) -> None:
        if self._waiting is None or any(
            n < s for n, s in zip(self._next, self._start, strict=True)
        ):
            return
        waiting, self._waiting = self._waiting, None
        self._judge()
        self._counts.clear()
        self._poison.clear()
        for entry in waiting:
            self._new(entry)

    def _new(self, entry: Entry) -> None:
        mark = self._marks[entry.partition]
        newest = max(entry.received, mark.newest or 0)
        self._marks[entry.partition] = Mark(low=mark.low, read=entry.offset + 1, newest=newest)
        self._take(entry)

    def _take(self, entry: Entry) -> None:
        if entry.kind == Kind.TICK:
            return
        try:
            (read_decision if entry.kind == Kind.DECISION else read_event)(entry, self._lookup)
            place = parse_decision_id(entry.key)
        except (Poison, InvalidInput) as error:
            self._poison.append(SetAside(entry.partition, entry.offset, str(error)))
            self._add(oracle([entry], self._lookup).counts)
            return
        reward = self._lookup(place.bandit, place.declaration)
        assert reward is not None  # noqa: S101 - read above
        last_moment = reward.last_moment(place.decided)
        if entry.kind == Kind.EVENT and entry.received * MILLISECOND_US >= last_moment:
            self._add(oracle([entry], self._lookup).counts)
            return
        funnel = self._funnels.get(entry.key)
        if funnel is None:
            releases = max(last_moment, place.decided + CLOCK_SKEW_US)
            funnel = self._funnels[entry.key] = _Funnel(entry.partition, entry.offset, releases)
        funnel.entries.append(entry)

    def _add(self, counts: dict[str, dict[str, int]], sign: int = 1) -> None:
        for bandit, count in counts.items():
            mine = self._counts.setdefault(bandit, {})
            for name, number in count.items():
                if name not in _LEVELS:
                    mine[name] = mine.get(name, 0) + sign * number

    def _judge(self) -> list[Observation]:
        found = []
        watermark = Time(-1 if self._watermark is None else self._watermark)
        for key, funnel in list(self._funnels.items()):
            result = oracle(funnel.entries, self._lookup, watermark)
            self._add(funnel.counts, -1)
            self._add(result.counts)
            funnel.counts = result.counts
            for row in result.observations:
                if row.position not in funnel.emitted:
                    funnel.emitted.add(row.position)
                    found.append(row)
            if watermark > funnel.releases:
                del self._funnels[key]
        return found

    def advance(self) -> Emitted:
        """Moves the watermark and gives everything that is due by it."""
        if self._waiting is not None:
            return Emitted([], {}, [])
        newest = [mark.newest for mark in self._marks]
        if all(one is not None for one in newest):
            reached = min(one for one in newest if one is not None) * MILLISECOND_US
            self._watermark = max(reached, self._watermark or 0)
        rows = self._judge()
        low = {
            partition: min(
                (f.offset for f in self._funnels.values() if f.partition == partition),
                default=mark.read,
            )
            for partition, mark in enumerate(self._marks)
        }
        self._marks = [
            Mark(low=low[partition], read=mark.read, newest=mark.newest)
            for partition, mark in enumerate(self._marks)
        ]
        self._checkpoint = Checkpoint(marks=tuple(self._marks), watermark=self._watermark)
        counts, self._counts = self._counts, {}
        levels: dict[str, list[int]] = {bandit: [0, 0] for bandit in (*counts, *self._reported)}
        for funnel in self._funnels.values():
            for bandit, count in funnel.counts.items():
                mine = levels.setdefault(bandit, [0, 0])
                for place, name in enumerate(_LEVELS):
                    mine[place] += count.get(name, 0)
        for bandit, mine in levels.items():
            if counts.get(bandit) or self._reported.get(bandit, (0, 0)) != tuple(mine):
                counts.setdefault(bandit, {}).update(zip(_LEVELS, mine, strict=True))
            self._reported[bandit] = (mine[0], mine[1])
        counts = {b: {k: v for k, v in c.items() if v or k in _LEVELS} for b, c in counts.items()}
        poison, self._poison = self._poison[-100:], []
        return Emitted(_batches(rows), {b: c for b, c in counts.items() if c}, poison)

    def checkpoint(self) -> Checkpoint:
        """Progress as of the last `advance`."""
        return self._checkpoint


def _batches(rows: list[Observation]) -> list[Observations]:
    groups: dict[tuple[str, int], list[Observation]] = {}
    for row in sorted(rows, key=lambda row: (row.closed, row.decision_id, row.position)):
        place = parse_decision_id(row.decision_id)
        groups.setdefault((place.bandit, place.declaration), []).append(row)
    return [
        _columns(bandit, number, group) for (bandit, number), group in sorted(groups.items())
    ]


def _objects(values: list[Any]) -> Any:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _columns(bandit: str, number: int, rows: list[Observation]) -> Observations:
    def objects(name: str) -> Any:
        return _objects([getattr(row, name) for row in rows])

    def integers(name: str) -> Any:
        return np.array([getattr(row, name) for row in rows], dtype=np.int64)

    return Observations(
        bandit=bandit,
        declaration=number,
        **{
            name: objects(name)
            for name in (
                "decision_id", "experiment", "variant", "unit", "arm", "context", "eligible"
            )
        },
        **{
            name: integers(name)
            for name in (
                "position", "correction", "outcome", "reward", "decided", "closed", "snapshot"
            )
        },
        propensity=np.array([row.propensity for row in rows]),
        score=np.array([row.score for row in rows]),
        draws=np.array([EXACT if row.draws is None else row.draws for row in rows], dtype=np.int64),
        fallback=np.array([row.fallback for row in rows], dtype=bool),
        previous_reward=np.zeros(len(rows), dtype=np.int64),
        terms={
            name: np.array([row.terms[name] for row in rows], dtype=np.int64)
            for name in rows[0].terms
        },
        shown=np.array(
            [NO_TIME if row.shown is None else row.shown for row in rows], dtype=np.int64
        ),
        accepted=np.array(
            [NO_TIME for _ in rows], dtype=np.int64
        ),
    )
