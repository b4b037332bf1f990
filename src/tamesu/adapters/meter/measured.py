"""What processes measured: counters, levels and histograms, by metric and label values.

It goes through bytes and adds up over processes. Refuses to know where it is kept and who measured it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from tamesu.adapters.meter.metrics import METRICS, LevelOf, MetricKind
from tamesu.adapters.meter.series import Histogram
from tamesu.base import Corrupt

Key = tuple[str, ...]
"""Name of a metric, then the values of its labels in the order of the table."""


class Level(NamedTuple):
    """A gauge as one process set it.

    Attributes:
        value: as given.
        moment: when, in seconds of the machine's monotonic clock, which all its processes share.
    """

    value: float
    moment: float


class _Written(msgspec.Struct, array_like=True):
    counters: list[tuple[Key, float]]
    levels: list[tuple[Key, Level]]
    histograms: list[tuple[Key, list[int], float, float, float]]


@dataclass
class Measured:
    """Numbers of one process or of many. Not safe from threads."""

    counters: dict[Key, float] = field(default_factory=dict)
    levels: dict[Key, Level] = field(default_factory=dict)
    histograms: dict[Key, Histogram] = field(default_factory=dict)

    @classmethod
    def total(cls, parts: Iterable[Measured]) -> Measured:
        """All of `parts` together: counters and histograms add up, levels as their metric says."""
        whole = cls()
        for part in parts:
            whole.add(part)
        return whole

    def add(self, other: Measured) -> None:
        """Takes in what another process measured; nothing of `other` is shared afterwards."""
        for key, number in other.counters.items():
            self.counters[key] = self.counters.get(key, 0.0) + number
        for key, histogram in other.histograms.items():
            self.histograms.setdefault(key, Histogram(histogram.bounds)).merge(histogram)
        for key, level in other.levels.items():
            mine = self.levels.get(key)
            self.levels[key] = level if mine is None else _TOGETHER[METRICS[key[0]].of](mine, level)

    def copy(self) -> Measured:
        """The same numbers, to be kept while these go on."""
        histograms = {key: found.copy() for key, found in self.histograms.items()}
        return Measured(dict(self.counters), dict(self.levels), histograms)

    def to_bytes(self) -> bytes:
        """Everything, as bytes."""
        histograms = [
            (key, found.counts, found.total, found.least, found.greatest)
            for key, found in self.histograms.items()
        ]
        written = _Written([*self.counters.items()], [*self.levels.items()], histograms)
        return msgspec.msgpack.encode(written)

    @classmethod
    def from_bytes(cls, data: bytes) -> Measured:
        """What `to_bytes` was given, without what this version's table does not hold.

        Raises:
            Corrupt: these are no such bytes.
        """
        try:
            written = _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Corrupt(f"bytes of a meter must be readable, they are not: {error}") from error
        whole = cls()
        whole.counters.update(entry for entry in written.counters if _fits(entry[0], _COUNTER))
        whole.levels.update(entry for entry in written.levels if _fits(entry[0], _GAUGE))
        for key, counts, *sums in written.histograms:
            if _fits(key, _HISTOGRAM):
                bounds = METRICS[key[0]].buckets
                if len(counts) == len(bounds) + 1:
                    whole.histograms[key] = Histogram.of(bounds, counts, *sums)
        return whole


_COUNTER, _GAUGE, _HISTOGRAM = MetricKind.COUNTER, MetricKind.GAUGE, MetricKind.HISTOGRAM
_decode = msgspec.msgpack.Decoder(_Written).decode


def _fits(key: Key, kind: MetricKind) -> bool:
    """Whether the table has such a metric; a page may be another version's."""
    row = METRICS.get(key[0]) if key else None
    return row is not None and row.kind is kind and len(key) == len(row.labels) + 1


def _added(one: Level, other: Level) -> Level:
    return Level(one.value + other.value, max(one.moment, other.moment))


_TOGETHER: Mapping[LevelOf, Callable[[Level, Level], Level]] = {
    LevelOf.ALL: _added,
    LevelOf.GREATEST: lambda one, other: max(one, other, key=lambda level: level.value),
    LevelOf.LEAST: lambda one, other: min(one, other, key=lambda level: level.value),
    LevelOf.NEWEST: lambda one, other: max(one, other, key=lambda level: level.moment),
}
