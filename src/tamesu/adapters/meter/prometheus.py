"""A meter that Prometheus scrapes.

Values are kept here, under one lock and in plain lists, and turned into the driver's form when a
scrape asks: a count costs about a microsecond. Refuses the driver's global registry, so that two
meters in one process are two.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from tamesu.adapters.meter.metrics import METRICS, Metric, MetricKind, known_histogram, metric
from tamesu.adapters.meter.series import Histogram

PREFIX = "tamesu_"

_Key = tuple[str, ...]


class PrometheusMeter:
    """Counters, gauges and histograms of the table `tamesu.adapters.meter.metrics`.

    Safe from many threads. Limits: one process; as many series as there are bandits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[_Key, float] = {}
        self._histograms: dict[_Key, Histogram] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Families(self))
        ProcessCollector(registry=self._registry)

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Adds `amount` (≥ 0) to a counter."""
        key = _key(metric(name, MetricKind.COUNTER, labels), labels)
        if not 0 <= amount < math.inf:
            self._ignore(name)
            return
        with self._lock:
            self._numbers[key] = self._numbers.get(key, 0.0) + amount

    def level(self, name: str, value: float, **labels: str) -> None:
        """Sets a gauge."""
        key = _key(metric(name, MetricKind.GAUGE, labels), labels)
        with self._lock:
            self._numbers[key] = value

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Adds one value (≥ 0) to a histogram."""
        row = metric(name, MetricKind.HISTOGRAM, labels)
        key = _key(row, labels)
        if not 0 <= value < math.inf:
            self._ignore(name)
            return
        with self._lock:
            found = self._histograms.get(key)
            if found is None:
                found = self._histograms[key] = Histogram(row.buckets)
            found.add(value)

    def quantile(self, name: str, share: float, **labels: str) -> float | None:
        """A quantile of a histogram; see `tamesu.ports.Meter.quantile`."""
        row = known_histogram(name, labels)
        wanted = [(1 + row.labels.index(label), value) for label, value in labels.items()]
        with self._lock:
            whole = Histogram.merged(
                histogram
                for key, histogram in self._histograms.items()
                if key[0] == name and all(key[place] == value for place, value in wanted)
            )
        return None if whole is None else whole.quantile(share)

    def expose(self) -> tuple[str, bytes]:
        """Media type and bytes of everything measured, for a scrape."""
        return CONTENT_TYPE_LATEST, generate_latest(self._registry)

    def families(self) -> Iterator[Family]:
        """Everything measured, in the driver's form; every metric of the table is there."""
        with self._lock:
            numbers = dict(self._numbers)
            histograms = {
                key: ([*_running(found)], found.total) for key, found in self._histograms.items()
            }
        for row in METRICS.values():
            name = PREFIX + row.name
            if row.kind is MetricKind.HISTOGRAM:
                family = HistogramMetricFamily(name, row.help, labels=row.labels)
                for key, (buckets, total) in histograms.items():
                    if key[0] == row.name:
                        family.add_metric(key[1:], buckets, total)
                yield family
                continue
            counter = row.kind is MetricKind.COUNTER
            kind = CounterMetricFamily if counter else GaugeMetricFamily
            plain = kind(name, row.help, labels=row.labels)
            for key, number in numbers.items():
                if key[0] == row.name:
                    plain.add_metric(key[1:], number)
            yield plain

    def _ignore(self, name: str) -> None:
        """Sets a value aside that is no measure, and counts that it was."""
        self.count("ignored_values_total", metric=name)


class _Families(Collector):
    """What the driver's registry asks at a scrape."""

    def __init__(self, meter: PrometheusMeter) -> None:
        self._meter = meter

    def collect(self) -> Iterator[Family]:
        return self._meter.families()


def _key(row: Metric, labels: dict[str, str]) -> _Key:
    return (row.name, *(labels[label] for label in row.labels))


def _running(histogram: Histogram) -> Iterator[tuple[str, float]]:
    """Upper bound and number of values up to it, for each bucket."""
    below = 0
    for bound, inside in zip((*histogram.bounds, math.inf), histogram.counts, strict=True):
        below += inside
        yield ("+Inf" if bound == math.inf else repr(bound), below)
