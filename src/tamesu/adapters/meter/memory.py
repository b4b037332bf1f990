"""A meter in memory: for tests.

Keeps every value it was given, so that quantiles are exact. Refuses to forget: it is no meter for a
server that runs on.
"""

from __future__ import annotations

import math
import threading
from collections import defaultdict

from tamesu.adapters.meter.metrics import MetricKind, known_histogram, metric

_Key = tuple[str, frozenset[tuple[str, str]]]


class MemoryMeter:
    """Numbers and lists of values, by name and labels. Safe from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[_Key, float] = defaultdict(float)
        self._values: dict[_Key, list[float]] = defaultdict(list)

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Adds `amount` (≥ 0) to a counter."""
        metric(name, MetricKind.COUNTER, labels)
        if not 0 <= amount < math.inf:
            self.count("ignored_values_total", metric=name)
            return
        with self._lock:
            self._numbers[name, frozenset(labels.items())] += amount

    def level(self, name: str, value: float, **labels: str) -> None:
        """Sets a gauge."""
        metric(name, MetricKind.GAUGE, labels)
        with self._lock:
            self._numbers[name, frozenset(labels.items())] = value

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Adds one value (≥ 0) to a histogram."""
        metric(name, MetricKind.HISTOGRAM, labels)
        if not 0 <= value < math.inf:
            self.count("ignored_values_total", metric=name)
            return
        with self._lock:
            self._values[name, frozenset(labels.items())].append(value)

    def quantile(self, name: str, share: float, **labels: str) -> float | None:
        """A quantile of a histogram; see `tamesu.ports.Meter.quantile`."""
        known_histogram(name, labels)
        values = sorted(self.values(name, **labels))
        return values[min(int(share * len(values)), len(values) - 1)] if values else None

    def value(self, name: str, **labels: str) -> float:
        """A counter or a gauge as it stands, over all label sets that hold `labels`; 0 before."""
        wanted = set(labels.items())
        with self._lock:
            return sum(
                number
                for key, number in self._numbers.items()
                if key[0] == name and wanted <= key[1]
            )

    def values(self, name: str, **labels: str) -> list[float]:
        """All values of a histogram, over all label sets that hold `labels`."""
        wanted = set(labels.items())
        with self._lock:
            return [
                value
                for key, values in self._values.items()
                if key[0] == name and wanted <= key[1]
                for value in values
            ]

    def expose(self) -> tuple[str, bytes]:
        """Names, labels and numbers, as in a scrape; of a histogram its count alone."""
        with self._lock:
            counts = {(f"{name}_count", k): len(v) for (name, k), v in self._values.items()}
            numbers = {**self._numbers, **counts}
        lines = []
        for (name, labels), number in numbers.items():
            pairs = ",".join(f'{label}="{value}"' for label, value in sorted(labels))
            lines.append(
                f"tamesu_{name}{{{pairs}}} {number}" if pairs else f"tamesu_{name} {number}"
            )
        return "text/plain; charset=utf-8", "\n".join(sorted(lines)).encode()
